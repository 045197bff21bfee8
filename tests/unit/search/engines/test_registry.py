"""URLs of engines: which class each opens, and that messages never show a secret."""

import pytest

from sokkuri.core.errors import UsageError
from sokkuri.search.engines import as_utf8
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.engines.url import parse_engine_url


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("pgvector://me:geheim@host/db/t", "pgvector://me@host:5432/db/t"),
        ("pgvector://host:99/db/schema.t", "pgvector://host:99/db/schema.t"),
        ("pgvector://me@/db/t?host=/run/pg", "pgvector://me@/db/t?host=/run/pg"),
        ("pgvector://m%40x:geheim@[::1]/a%2Fb/t", "pgvector://m%40x@[::1]:5432/a%2Fb/t"),
        ("milvus://root:geheim@host/photos", "milvus://root@host:19530/photos"),
    ],
)
def test_the_address_of_an_engine_has_no_secret(url: str, address: str) -> None:
    """Also, URLs with and without the default port have the same address."""
    assert open_engine(url).address == open_engine(address).address == address


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("elastic://u:geheim@host/x", "begins with milvus:// or pgvector://, not elastic"),
        ("photos", "begins with milvus:// or pgvector://, not nothing"),
        ("pgvector://u:geheim@host/database", "name a database and a table"),
        ("pgvector://u:geheim@host/database/a/b", "name a database and a table"),
        ("pgvector://u:geheim@host/database/a..b", "name a database and a table"),
        ("pgvector://u:geheim@host:port/a/b", "an engine's address is SCHEME://USER@HOST:PORT"),
        ("pgvector://u:geheim@host:99999/a/b", "an engine's address is SCHEME://USER@HOST:PORT"),
        ("pgvector://u:geheim@h/a/b?password=geheim", "after its question mark, not password"),
        ("pgvector://u:geheim@h/a/b?geheim", "an engine's address is SCHEME://USER@HOST:PORT"),
        ("milvus://u:geheim@host/", "name a collection"),
    ],
)
def test_an_invalid_url_is_refused_in_one_line_without_secrets(address: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_engine(address)
    assert message in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_parsed_parts_are_unquoted_and_their_repr_has_no_secret() -> None:
    url = parse_engine_url("milvus://m%3Ae:ge%2Fheim@HOST:1/%C3%A9/b?tls=1")
    assert (url.user, url.secret, url.host, url.port) == ("m:e", "ge/heim", "host", 1)
    assert (url.path, url.options) == (("é", "b"), {"tls": "1"})
    assert "heim" not in repr(url) + url.without_secret(5432)


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("2024/そ r'\".jpg", "2024/そ r'\".jpg"),
        ("a\\b", "a\\\\b"),
        ("x\udcff\udc80", "x\\xff\\x80"),
        ("nul\0", "nul\\x00"),
        ("\ud800", "\\ud800"),
    ],
)
def test_names_are_escaped_to_utf8_and_stay_distinct(name: str, escaped: str) -> None:
    assert as_utf8(name) == escaped
    escaped.encode()
