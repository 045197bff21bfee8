"""What a person names: a path, an address, or something that is neither."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Address, is_within, location_from_str, parse_location, redact

keys = st.lists(
    st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1),
    min_size=1,
    max_size=4,
).map("/".join)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/photos/", "s3://bucket/photos"),
        ("S3://bucket/Photos//", "s3://bucket/Photos"),
        ("gs://bucket/写真/a b", "gs://bucket/写真/a b"),
        ("s3://bucket/what?/a#1", "s3://bucket/what?/a#1"),
        ("s3://bucket/keys?/x=1", "s3://bucket/keys?/x=1"),
        ("s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/mine/x",
         "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/mine/x"),
        ("sftp://me@host:22/photos", "sftp://me@host:22/photos"),
        ("hdfs://host:9000/a:b", "hdfs://host:9000/a:b"),
        ("abfs://box@account.dfs.core.windows.net/x", "abfs://box@account.dfs.core.windows.net/x"),
        ("memory://photos", "memory://photos"),
    ],
)  # fmt: skip
def test_addresses(text: str, url: str) -> None:
    assert parse_location(text) == Address(url)
    assert parse_location(Address(url)) == Address(url)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("photos", "photos"),
        ("/photos/s3:/x", "/photos/s3:/x"),
        ("c://x", "c://x"),
        ("a b://x", "a b://x"),
        ("file:///photos/x", "/photos/x"),
        ("caf\udce9", "caf\udce9"),
    ],
)
def test_paths(text: str, path: str) -> None:
    assert parse_location(text) == Path(path)
    assert parse_location(Path(path)) == Path(path)


@pytest.mark.parametrize(
    "text",
    [
        "s3://AKIAXYZ:hush@bucket/x",
        "s3://AKIAXYZ:hush/hush@bucket/x",
        "s3://hush@bucket/x",
        "s3://bucket:hush/x",
        "sftp://me:hush@host/x",
        "https://host/x?anything=hush",
        "s3://bucket/x?X-Amz-Signature=hush",
        "s3://bucket/x?a=1&X-Amz-Security-Token=hush",
        "gs://bucket/x?X-Goog-Credential=hush",
        "abfs://box@account.dfs.core.windows.net/x?sv=1&sig=hush",
        "az://box/x?access_key=hush",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match="credentials come from the environment") as refused:
        parse_location(text)
    assert "hush" not in str(refused.value)
    assert "AKIAXYZ" not in str(refused.value)
    assert "hush" not in redact(text)


def test_text_without_a_secret_is_not_redacted() -> None:
    for text in ("a?token=b.jpg", "s3://bucket/a.jpg", "some words"):
        assert redact(text) == text


@pytest.mark.parametrize("text", ["s3://", "s3:///", "s3:///x", "gs:///x", "memory://"])
def test_an_incomplete_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is incomplete"):
        parse_location(text)


def test_an_address_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(UsageError, match="is not UTF-8"):
        parse_location("s3://bucket/caf\udce9")


@given(key=keys)
def test_a_joined_address_is_split_into_the_same_parts(key: str) -> None:
    """As for paths, whatever a key looks like."""
    root = Address("s3://bucket/photos")
    one = root / key
    assert str(one) == f"s3://bucket/photos/{key}"
    assert root.relative_path(one.url) == key
    assert one.parent / one.name == one
    assert one.name == key.rpartition("/")[2]
    assert (one.scheme, one.host) == ("s3", "bucket")
    assert pickle.loads(pickle.dumps(one)) == one
    assert location_from_str(str(one)) == one
    assert is_within(one, root)
    assert not is_within(root, one)


def test_parent_and_relative_path_at_the_bucket() -> None:
    bucket = Address("s3://bucket")
    assert bucket.parent == bucket
    assert bucket.name == "bucket"
    assert bucket / "" == bucket
    assert bucket.relative_path("s3://bucket2/x") is None
    assert bucket.relative_path("s3://bucket") is None
    assert is_within(bucket, bucket)


def test_a_folder_and_an_address_are_never_within_each_other(tmp_path: Path) -> None:
    assert not is_within(tmp_path, Address("s3://bucket"))
    assert not is_within(Address("s3://bucket"), tmp_path)
    assert is_within(tmp_path / "x", tmp_path)
    assert location_from_str(str(tmp_path)) == tmp_path
