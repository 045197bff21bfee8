"""The files of the pages: their addresses, their types, and that the bundle follows its sources."""

import gzip
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from sokkuri.web.services.page_files import STATIC, read_page_files

PROJECT = Path(__file__).parents[4]
NODE = shutil.which("node")


def test_the_document_names_each_file_by_its_digest() -> None:
    """The files are few: script, style sheet, theme, icon. They load no other file."""
    files = read_page_files()
    named = re.findall(r"/static/([^\"]+)", files.document.decode())
    assert sorted(named) == sorted(files.by_path)
    assert len(named) == 4
    loading = re.compile(rb"^(import|export .* from|@import)\b|await import\(", re.MULTILINE)
    assert not [path for path, file in files.by_path.items() if loading.search(file.content)]
    for path, file in files.by_path.items():
        stem, digest, ending = path.rsplit(".", 2)
        assert sha256(file.content).hexdigest().startswith(digest)
        assert (STATIC / f"{stem}.{ending}").read_bytes() == file.content
        assert gzip.decompress(file.compressed) == file.content


def test_the_red_of_the_seal_is_for_the_name_and_red_buttons_are_for_danger() -> None:
    """So a red focus, a red selection or a red main action cannot be taken for danger."""
    style = (STATIC / "bundle/pages.css").read_text("utf-8")
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
    red = {selector.strip() for selector, body in rules if "var(--accent" in body}
    assert red == {".wordmark .filled"}
    filled = {
        selector.strip()
        for selector, body in rules
        if selector.strip().startswith(".button") and "background: var(--bad)" in body
    }
    assert filled == {".button.danger"}


def test_every_script_and_style_sheet_is_short() -> None:
    """As modules of the server: one job, which the first line says. Made files may be long."""
    written = [
        path
        for ending in ("js", "css")
        for path in STATIC.rglob(f"*.{ending}")
        if path.parent.name != "bundle"
    ]
    assert len(written) > 150
    lines = {str(path.relative_to(STATIC)): path.read_text("utf-8").count("\n") for path in written}
    assert {name: count for name, count in lines.items() if count > 400} == {}


@pytest.mark.skipif(
    NODE is None or not (PROJECT / "node_modules/esbuild").is_dir(),
    reason="needs Node, and esbuild, which tests/install_browser.sh fetches with npm",
)
def test_the_committed_bundle_is_made_of_the_sources(tmp_path: Path) -> None:
    """If this fails, run `make pages`, and commit the bundle."""
    assert NODE is not None
    subprocess.run([NODE, PROJECT / "tools/bundle_pages.mjs", tmp_path], check=True)
    built = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text("utf-8") for path in (STATIC / "bundle").iterdir()}
    assert sorted(built) == sorted(committed) == ["pages.css", "pages.js"]
    changed = [name for name, text in built.items() if text != committed[name]]
    assert not changed, f"run `make pages`: the bundle lacks changes of its sources: {changed}"


@pytest.mark.skipif(
    NODE is None or not (PROJECT / "node_modules/typescript").is_dir(),
    reason="needs Node, and TypeScript, which tests/install_browser.sh fetches with npm",
)
def test_the_types_in_the_scripts_are_right() -> None:
    """If this fails, run `npm run types`: TypeScript checks the JSDoc comments of every module."""
    assert NODE is not None
    tsc: list[str | Path] = [NODE, PROJECT / "node_modules/typescript/bin/tsc", "-p", PROJECT]
    checked = subprocess.run(tsc, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
