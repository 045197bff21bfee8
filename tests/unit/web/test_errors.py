"""Problems: every error has a status of its own, and texts of any bytes arrive."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from sokkuri.core import errors
from sokkuri.core.errors import BusyError, SlowError, TooLargeError, WithheldError
from sokkuri.web.errors import AsciiJSON, error_response


def every(kind: type[errors.SokkuriError]) -> list[type[errors.SokkuriError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in every(below))]


def made(kind: type[errors.SokkuriError]) -> errors.SokkuriError:
    return kind("it", "web") if issubclass(kind, errors.MissingExtraError) else kind("why")


def read(answer: Response) -> tuple[int, str, str]:
    document = json.loads(bytes(answer.body))
    assert document["status"] == answer.status_code
    return answer.status_code, document["type"].rpartition(":")[2], document["detail"]


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (BusyError("why"), 503, "busy"),
        (TooLargeError("why"), 413, "too-large"),
        (SlowError("why"), 408, "slow"),
        (WithheldError("why"), 403, "withheld"),
        (errors.UnknownImageError("why"), 404, "unknown-image"),
        (errors.UsageError("why"), 422, "invalid"),
        (errors.UnsupportedError("why"), 422, "unsupported"),
        (errors.ReadError("why"), 422, "unreadable-image"),
        (errors.DecodeError("why"), 422, "unreadable-image"),
        (errors.DamagedError("why"), 503, "collection"),
        (errors.StorageError("why"), 503, "collection"),
        (errors.ModelError("why"), 503, "collection"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_what_was_raised_decides(error: errors.SokkuriError, status: int, name: str) -> None:
    assert read(error_response(error)) == (status, name, "why")


def test_no_error_of_ours_is_left_without_an_answer() -> None:
    for kind in every(errors.SokkuriError):
        status, name, detail = read(error_response(made(kind)))
        assert 400 <= status < 600
        assert name
        assert detail
        assert status != 500, "that is for what nobody thought of"


def test_who_is_told_to_come_again_is_told_when() -> None:
    assert error_response(BusyError("why")).headers["retry-after"] == "1"
    assert error_response(TooLargeError("why")).headers["connection"] == "close"
    for error in (BusyError("why"), WithheldError("why")):
        answer = error_response(error)
        assert answer.media_type == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"


@given(st.binary(max_size=40))
def test_any_file_name_arrives(name: bytes) -> None:
    text = name.decode("utf-8", "surrogateescape")
    body = bytes(AsciiJSON({"id": text}).body)
    assert body.isascii()
    assert json.loads(body)["id"].encode("utf-8", "surrogateescape") == name
    assert read(error_response(errors.UnknownImageError(text)))[2] == text


def test_numbers_that_json_lacks_are_no_answer() -> None:
    with pytest.raises(ValueError, match="JSON"):
        AsciiJSON({"distance": float("nan")})
