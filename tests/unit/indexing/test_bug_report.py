"""A report of a bug tells versions and counts, and nothing about where files are."""

from dataclasses import replace
from pathlib import Path

from synthetic_collection import create_empty

from sokkuri.core.types import Failure, PushedState
from sokkuri.indexing.bug_report import installed_extras, write_report
from sokkuri.store.status import read_status


def test_a_report_names_no_file_and_no_address(tmp_path: Path) -> None:
    """Guarantee: what a person pastes into a public report tells nothing about their files."""
    (tmp_path / "secret").mkdir()
    with create_empty(tmp_path / "secret" / "photos") as collection:
        status = read_status(collection)
    failures = [Failure(f"secret{n}.jpg", "decode", "the file is cut short") for n in range(3)]
    failures += [Failure("x", "read", f"{path} is locked") for path in ("/secret/1", "C:\\secret")]
    engine = PushedState("postgresql://secret@secret.example/db", 5, 0, {})
    model = replace(status.model, source="/secret/net.onnx")
    text = write_report(
        replace(status, failures=tuple(failures), pushed=(engine,), model=model,
                left_aside={"video": 2})
    )  # fmt: skip
    assert "secret" not in text
    assert str(tmp_path) not in text
    lines = text.split("\n")
    assert {"engines: postgresql", "left aside: 2 video", "searches: exact"} <= {*lines}
    assert lines[-2:] == [
        "failures: 3 x decode: the file is cut short", "failures: 2 x read: (a path)",
    ]  # fmt: skip
    assert "(a file of this machine)" in text


def test_extras_are_those_whose_packages_are_here() -> None:
    extras = installed_extras()
    assert {"ann", "duplicates", "web"} <= {*extras}
    assert not {"dev", "docs"} & {*extras}
