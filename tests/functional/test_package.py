"""The built package: it installs into a fresh environment, and its main job runs there."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from draw_images import save_drawing

PROJECT = Path(__file__).parents[2]
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
UV = Path(sys.executable).with_name("uv")

pytestmark = pytest.mark.full


def run(*command: str | Path, **environment: str) -> str:
    """Run a command outside the project's folder, and return its standard output."""
    completed = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, f"{command}\n{completed.stdout}{completed.stderr}"
    return completed.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the wheel and the source archive, as `make dist` builds them."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=PROJECT, check=True
    )
    return folder


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def test_the_package_index_accepts_the_archives(packages: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", *sorted(packages.iterdir()))


def test_the_archives_hold_the_package_and_nothing_private(packages: Path) -> None:
    """The wheel has every module, page and the licence; the archives have no tests' leftovers."""
    source = PROJECT / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "sokkuri").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(only(packages, "*.whl")) as wheel:
        names = set(wheel.namelist())
    assert files <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    with tarfile.open(only(packages, "*.tar.gz")) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}
    assert tops <= {
        "src", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore",
    }  # fmt: skip


def install_by_pip(wheel: Path, folder: Path) -> Path:
    run(sys.executable, "-m", "venv", folder / "venv")
    run(folder / "venv" / SCRIPTS / "python", "-m", "pip", "install", "--quiet", wheel)
    return folder / "venv" / SCRIPTS / "sokkuri"


def install_by_uv(wheel: Path, folder: Path) -> Path:
    run(
        UV, "tool", "install", "--quiet", "--no-config", "--python", sys.executable, wheel,
        UV_TOOL_DIR=str(folder / "tools"), UV_TOOL_BIN_DIR=str(folder / "bin"),
    )  # fmt: skip
    return folder / "bin" / "sokkuri"


@pytest.mark.parametrize("install", [install_by_pip, install_by_uv])
def test_an_installed_wheel_indexes_and_searches(
    packages: Path, tmp_path: Path, install: Callable[[Path, Path], Path]
) -> None:
    """A fresh environment has only the wheel and what it requires: no extra, no checkout."""
    photos = tmp_path / "photos"
    for seed in range(6):
        save_drawing(photos / f"{seed}.jpg", seed)
    sokkuri = install(only(packages, "*.whl"), tmp_path)
    home = {"SOKKURI_CACHE": str(tmp_path / "cache"), "PYTHONPATH": ""}
    report = json.loads(run(sokkuri, "index", photos, "--json", **home))
    assert report["added"] == 6
    answer = json.loads(run(sokkuri, "search", photos / "3.jpg", "-k", "2", "--json", **home))
    assert answer["hits"][0]["id"] == "3.jpg"
    assert answer["hits"][0]["distance"] < 1e-6
    assert len(answer["hits"]) == 2
