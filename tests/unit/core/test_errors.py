"""The tree of errors is the one that its docstring draws."""

import errno
import inspect
import re
import sys
from pathlib import Path

import pytest

from sokkuri.core import errors
from sokkuri.core.errors import SokkuriError


def tree(kind: type[SokkuriError], depth: int = 0) -> list[tuple[int, str]]:
    found = [(depth, kind.__name__)]
    for child in kind.__subclasses__():
        found += tree(child, depth + 1)
    return found


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"(    [│├└─ ]*)(\w+Error)\b", line)
        if match:
            drawn.append(((len(match[1]) - 4 + 3) // 4, match[2]))
    assert sorted(drawn) == sorted(tree(SokkuriError))


def test_every_error_says_when_it_is_raised() -> None:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        assert kind.__doc__ or not issubclass(kind, SokkuriError)


def test_an_error_of_the_system_becomes_one_line_with_the_place_and_what_to_do() -> None:
    full = errors.from_os_error(OSError(errno.ENOSPC, "No space left on device", "a/b"))
    assert str(full) == "a/b: no space left on device: free some space and run again"
    assert str(errors.from_os_error(OSError(errno.EIO, "Input/output error"), "the disk")) == (
        "the disk: input/output error"
    )
    two = OSError(errno.EXDEV, "Invalid cross-device link", "a", None, "b")
    assert str(errors.from_os_error(two)) == "a and b: invalid cross-device link"
    assert str(errors.from_os_error(TimeoutError())) == "TimeoutError".lower()
    expected = "x: permission denied: look at the permissions of this file"
    with pytest.raises(errors.StorageError, match=expected), errors.as_storage_errors():
        raise PermissionError(errno.EACCES, "Permission denied", b"x")


def test_exit_codes() -> None:
    codes = {name: getattr(errors, name).exit_code for _, name in tree(SokkuriError)}
    assert {name for name, code in codes.items() if code != 1} == {"UsageError", "UnsupportedError"}
    assert codes["UsageError"] == codes["UnsupportedError"] == 2


def test_a_missing_extra_is_installed_the_way_sokkuri_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment of `uv tool install` has no pip."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert "run pip install 'sokkuri[ann]'" in str(errors.MissingExtraError("it", "ann"))
    (tmp_path / "uv-receipt.toml").touch()
    assert "run uv tool install '.[ann]'" in str(errors.MissingExtraError("it", "ann"))
