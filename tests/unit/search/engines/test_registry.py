"""Addresses of engines: what opens what, and that secrets stay where they are."""

import pytest

from sokkuri.core.errors import UsageError
from sokkuri.search.engines import as_utf8
from sokkuri.search.engines.registry import open_engine
from sokkuri.search.engines.url import taken_apart


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("pgvector://me:geheim@host/db/t", "pgvector://me@host:5432/db/t"),
        ("pgvector://host:99/db/schema.t", "pgvector://host:99/db/schema.t"),
        ("pgvector://me@/db/t?host=/run/pg", "pgvector://me@/db/t?host=/run/pg"),
        ("pgvector://m%40x:geheim@[::1]/a%2Fb/t", "pgvector://m%40x@[::1]:5432/a%2Fb/t"),
        ("milvus://root:geheim@host/photos", "milvus://root@host:19530/photos"),
    ],
)
def test_an_address_is_shown_without_its_secret(given: str, shown: str) -> None:
    """And in one way, whether or not it says what goes without saying."""
    assert open_engine(given).address == open_engine(shown).address == shown


@pytest.mark.parametrize(
    ("address", "said"),
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
def test_what_makes_no_sense_is_a_line(address: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_engine(address)
    assert said in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_parts_are_unquoted_and_secrets_not_in_their_repr() -> None:
    found = taken_apart("milvus://m%3Ae:ge%2Fheim@HOST:1/%C3%A9/b?tls=1")
    assert (found.user, found.secret, found.host, found.port) == ("m:e", "ge/heim", "host", 1)
    assert (found.parts, found.options) == (("é", "b"), {"tls": "1"})
    assert "heim" not in repr(found) + found.shown(5432)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("2024/そ r'\".jpg", "2024/そ r'\".jpg"),
        ("a\\b", "a\\\\b"),
        ("x\udcff\udc80", "x\\xff\\x80"),
        ("nul\0", "nul\\x00"),
        ("\ud800", "\\ud800"),
    ],
)
def test_names_go_into_engines_as_utf8_and_can_be_told_apart(name: str, kept: str) -> None:
    assert as_utf8(name) == kept
    kept.encode()
