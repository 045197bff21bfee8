"""Milvus URLs resolve to the arguments of the client."""

import pytest

from sokkuri.core.errors import UsageError
from sokkuri.search.engines.milvus_client import MilvusTarget, resolve_milvus
from sokkuri.search.engines.url import parse_engine_url


def resolve(address: str) -> MilvusTarget:
    return resolve_milvus(parse_engine_url(address))


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILVUS_TOKEN", raising=False)


def test_a_url_with_all_parts() -> None:
    target = resolve("milvus://ann:ge%3Aheim@db.example:123/photos?database=mine&tls=1")
    assert target.collection == "photos"
    assert target.client_arguments == {
        "uri": "https://db.example:123", "secure": True, "token": "ann:ge:heim", "db_name": "mine",
    }  # fmt: skip
    assert target.address == "milvus://ann@db.example:123/photos?database=mine&tls=1"
    assert target.lite_file == ""


def test_a_url_with_only_the_required_parts() -> None:
    target = resolve("milvus://localhost/photos")
    assert target.client_arguments == {
        "uri": "http://localhost:19530", "secure": False, "token": "", "db_name": "",
    }  # fmt: skip
    assert target.address == "milvus://localhost:19530/photos", "one server has one address"
    assert resolve("milvus://[::1]/photos").client_arguments["uri"] == "http://[::1]:19530"


def test_the_environment_token_is_used_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address never shows it."""
    monkeypatch.setenv("MILVUS_TOKEN", "geheim")
    target = resolve("milvus://host/photos")
    assert target.client_arguments["token"] == "geheim"
    assert "geheim" not in target.address + repr(target)
    assert resolve("milvus://ann:other@host/photos").client_arguments["token"] == "ann:other"


def test_a_milvus_lite_folder() -> None:
    target = resolve("milvus:///some/where%20else/file.db/photos")
    assert target.client_arguments == {"uri": "/some/where else/file.db"}
    assert target.lite_file == "/some/where else/file.db"
    assert target.address == "milvus:///some/where%20else/file.db/photos"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("milvus://host", "name a collection"),
        ("milvus://host/", "name a collection"),
        ("milvus://host/two/names", "name a collection"),
        ("milvus://host/no-dash", "letters, digits and underscores"),
        ("milvus://host/9lives", "name a collection"),
        (f"milvus://host/{'x' * 256}", "name a collection"),
        ("milvus:///photos", "name a collection"),
        ("milvus://host/photos?sslmode=on", "takes database and tls"),
        ("milvus://host/photos?tls=yes", "tls is 1 or 0, not yes"),
        ("milvus:///some/folder/photos", "file.db/collection"),
        ("milvus:///file.db/photos?tls=1", "file.db/collection"),
    ],
)
def test_an_invalid_url_is_refused_without_its_secret(address: str, message: str) -> None:
    secret = address.replace("host", "ann:geheim@host")
    with pytest.raises(UsageError, match=message) as caught:
        resolve(secret)
    assert "geheim" not in str(caught.value)
