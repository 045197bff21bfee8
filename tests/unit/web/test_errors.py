"""Problem documents: the status of each error, and texts that hold any bytes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from sokkuri.core import errors
from sokkuri.core.errors import BusyError, SlowError, TooLargeError, WithheldError
from sokkuri.web.errors import AsciiJSON, error_response


def with_subclasses(kind: type[errors.SokkuriError]) -> list[type[errors.SokkuriError]]:
    return [kind, *(one for subclass in kind.__subclasses__() for one in with_subclasses(subclass))]


def create_error(kind: type[errors.SokkuriError]) -> errors.SokkuriError:
    if issubclass(kind, errors.MissingExtraError):
        return kind("it", "web")
    return kind(Path("0000"), 0) if issubclass(kind, errors.MissingShardError) else kind("reason")


def read(answer: Response) -> tuple[int, str, str]:
    document = json.loads(bytes(answer.body))
    assert document["status"] == answer.status_code
    return answer.status_code, document["type"].rpartition(":")[2], document["detail"]


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (BusyError("reason"), 503, "busy"),
        (TooLargeError("reason"), 413, "too-large"),
        (SlowError("reason"), 408, "slow"),
        (WithheldError("reason"), 403, "withheld"),
        (errors.UnknownImageError("reason"), 404, "unknown-image"),
        (errors.UsageError("reason"), 422, "invalid"),
        (errors.UnsupportedError("reason"), 422, "unsupported"),
        (errors.ReadError("reason"), 422, "unreadable-image"),
        (errors.DecodeError("reason"), 422, "unreadable-image"),
        (errors.DamagedError("reason"), 503, "collection"),
        (errors.StorageError("reason"), 503, "collection"),
        (errors.ModelError("reason"), 503, "collection"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_status_and_name(
    error: errors.SokkuriError, status: int, name: str
) -> None:
    assert read(error_response(error)) == (status, name, "reason")


def test_every_error_class_has_a_problem_document() -> None:
    for kind in with_subclasses(errors.SokkuriError):
        status, name, detail = read(error_response(create_error(kind)))
        assert 400 <= status < 600
        assert name
        assert detail
        assert status != 500, "500 is for faults"


def test_problem_documents_have_their_headers() -> None:
    assert error_response(BusyError("reason")).headers["retry-after"] == "1"
    assert error_response(TooLargeError("reason")).headers["connection"] == "close"
    for error in (BusyError("reason"), WithheldError("reason")):
        answer = error_response(error)
        assert answer.media_type == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"


@given(st.binary(max_size=40))
def test_file_names_of_any_bytes_survive_json(name: bytes) -> None:
    text = name.decode("utf-8", "surrogateescape")
    body = bytes(AsciiJSON({"id": text}).body)
    assert body.isascii()
    assert json.loads(body)["id"].encode("utf-8", "surrogateescape") == name
    assert read(error_response(errors.UnknownImageError(text)))[2] == text


def test_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        AsciiJSON({"distance": float("nan")})
