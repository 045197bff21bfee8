"""From an address of Milvus to what its client is made with."""

import pytest

from sokkuri.core.errors import UsageError
from sokkuri.search.engines.milvus_client import Place, reached
from sokkuri.search.engines.url import taken_apart


def place(address: str) -> Place:
    return reached(taken_apart(address))


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILVUS_TOKEN", raising=False)


def test_an_address_with_everything() -> None:
    found = place("milvus://ann:ge%3Aheim@db.example:123/photos?database=mine&tls=1")
    assert found.collection == "photos"
    assert found.given == {
        "uri": "https://db.example:123", "secure": True, "token": "ann:ge:heim", "db_name": "mine",
    }  # fmt: skip
    assert found.shown == "milvus://ann@db.example:123/photos?database=mine&tls=1"
    assert found.file == ""


def test_an_address_with_the_least() -> None:
    found = place("milvus://localhost/photos")
    assert found.given == {
        "uri": "http://localhost:19530", "secure": False, "token": "", "db_name": "",
    }  # fmt: skip
    assert found.shown == "milvus://localhost:19530/photos", "one server, one name for it"
    assert place("milvus://[::1]/photos").given["uri"] == "http://[::1]:19530"


def test_a_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the address has no password; it is never shown."""
    monkeypatch.setenv("MILVUS_TOKEN", "geheim")
    found = place("milvus://host/photos")
    assert found.given["token"] == "geheim"
    assert "geheim" not in found.shown + repr(found)
    assert place("milvus://ann:other@host/photos").given["token"] == "ann:other"


def test_a_folder_of_milvus_lite() -> None:
    found = place("milvus:///some/where%20else/file.db/photos")
    assert found.given == {"uri": "/some/where else/file.db"}
    assert found.file == "/some/where else/file.db"
    assert found.shown == "milvus:///some/where%20else/file.db/photos"


@pytest.mark.parametrize(
    ("address", "said"),
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
def test_an_address_that_makes_no_sense(address: str, said: str) -> None:
    secret = address.replace("host", "ann:geheim@host")
    with pytest.raises(UsageError, match=said) as caught:
        place(secret)
    assert "geheim" not in str(caught.value)
