"""Folders of requests stay inside the collection's root, on every system."""

from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest
from pydantic import TypeAdapter, ValidationError

from sokkuri.web.schemas.fields import Folder, is_relative


@pytest.mark.parametrize(
    "path",
    [
        PurePosixPath("/etc"),
        PurePosixPath("../photos"),
        PurePosixPath("a/../../b"),
        PureWindowsPath("C:\\Windows"),
        PureWindowsPath("C:Windows"),
        PureWindowsPath("\\Windows"),
        PureWindowsPath("\\\\server\\share"),
        PureWindowsPath("a\\..\\..\\b"),
    ],
)
def test_paths_that_lead_out_of_a_folder_are_not_relative(path: PurePath) -> None:
    assert not is_relative(path)


@pytest.mark.parametrize(
    "path",
    [
        PurePosixPath("summer/..cat"),
        PurePosixPath("C:\\Windows"),
        PurePosixPath(""),
        PureWindowsPath("summer\\2024"),
        PureWindowsPath("summer/2024"),
    ],
)
def test_paths_inside_a_folder_are_relative(path: PurePath) -> None:
    assert is_relative(path)


@pytest.mark.parametrize("folder", ["/etc", "a/..", "a\0b", 1])
def test_requests_for_other_folders_are_refused(folder: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Folder).validate_python(folder)
