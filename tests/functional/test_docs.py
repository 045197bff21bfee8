"""Run every command and example of README and docs, in the order of the pages."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import article_loop
import numpy as np
import pytest
from draw_images import save_drawing
from PIL import Image
from run_cli import as_json, start
from run_server import Server, serving, serving_folder
from s3_server import S3Server, client_environment
from tiny_model import write_tiny_model

import sokkuri

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
BINARIES = Path(sys.executable).parent
REPEATING = ("make test", "make check", "make bench")
"""Commands that run this suite or take too long. For them `make --dry-run` is run."""

SHELL = set("|&;<>()$`*?[]#'\"\\{}=")
"""A line with any of these characters is run by a shell."""


def read_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def read_commands(page: Path) -> list[str]:
    lines = "".join(read_blocks(page, "console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


@pytest.fixture(scope="module")
def drawn_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with photos, two of them near-duplicates, and a folder with a copy of one."""
    home = tmp_path_factory.mktemp("drawn")
    for seed in range(12):
        save_drawing(home / "Pictures" / f"{seed:02d}.jpg", seed)
    save_drawing(home / "Pictures" / "cat.jpg", 100)
    save_drawing(home / "Pictures" / "dog.jpg", 101)
    with Image.open(home / "Pictures" / "cat.jpg") as cat:
        cat.resize((48, 36)).save(home / "Pictures" / "cat-small.jpg")
    save_drawing(home / "card" / "dog again.jpg", 101)
    return home


@pytest.fixture(scope="module")
def indexed_home(drawn_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, after `sokkuri index ~/Pictures`."""
    home = shutil.copytree(drawn_home, tmp_path_factory.mktemp("indexed") / "home")
    run("sokkuri index ~/Pictures", home)
    return home


@pytest.fixture
def home(drawn_home: Path, tmp_path: Path) -> Path:
    """A home folder with photos. The project is the current folder."""
    return shutil.copytree(drawn_home, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def article_home(home: Path) -> Path:
    """The same with the files of a reader of the article series: media, network, features."""
    names = [f"{seed:02x}{seed + 1:02x}{seed:036x}.jpg" for seed in range(5)]
    for seed, name in enumerate(["0001d2b5c8a1f0e39b7c6d5e4f3a2b1c0d9e8f7a.jpg", *names]):
        save_drawing(home / "media" / "object" / name[:2] / name[2:4] / name, seed)
    model = write_tiny_model(
        home / "mobilenet_v3_large_100_224_feature_vector_v5.onnx",
        layout="NHWC", size=224, input="inputs:0", output="feature_vector", dimension=1280,
    )  # fmt: skip
    for path in (home / "media").rglob("*.jpg"):
        folder = home / "features" / model.stem / path.name[:2] / path.name[2:4]
        folder.mkdir(parents=True, exist_ok=True)
        vector = article_loop.extract(path, model, "inputs:0", "feature_vector")
        np.save(folder / f"{path.name}.npy", vector)
    return home


@pytest.fixture
def photos_in_a_bucket(home: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the photos in `my-bucket`, with credentials in the environment."""
    s3_server.bucket("my-bucket").put_folder(home / "Pictures", "photos")
    for name, value in client_environment(s3_server.address).items():
        monkeypatch.setenv(name, value)


def run(line: str, home: Path) -> None:
    if line in REPEATING:
        line = line.replace("make", "make --dry-run")
    if line.startswith("curl"):
        line = line.replace("curl", "curl --fail", 1)  # fail if the answer is an error
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / ".local" / "share"),  # its own trash
        "VENV": sys.prefix,
        "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
        "MAKEFLAGS": "",
    }
    words = line.removeprefix(".venv/bin/")
    if words.startswith("sokkuri ") and not SHELL & {*words} and "--executor" not in words:
        arguments = [word.replace("~/", f"{home}/") for word in words.split()[1:]]
        process = start(*arguments, cwd=PROJECT, environment=environment)
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, f"{line}\n{out}{errors}"
        return
    done = subprocess.run(
        ["bash", "-c", line.replace(".venv/bin/sokkuri", str(BINARIES / "sokkuri"))],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.full] * (page.name == "ray.md"))
        for page in PAGES
        if read_commands(page)
    ],
    ids=lambda page: page.name,
)
def test_the_commands_of_a_page_run(page: Path, request: pytest.FixtureRequest) -> None:
    """Every command of the page succeeds. A server runs for the commands after it."""
    name = "article_home" if page.name == "article.md" else "home"
    home = request.getfixturevalue(name)
    if page.name == "cloud.md":
        request.getfixturevalue("photos_in_a_bucket")
    if page.name != "README.md":
        shutil.copytree(request.getfixturevalue("indexed_home"), home, dirs_exist_ok=True)
    with ExitStack() as servers:
        for line in read_commands(page):
            if line.startswith("sokkuri serve"):
                servers.close()
                servers.enter_context(_run_server(line, home))
            else:
                run(line, home)


def _run_server(line: str, home: Path) -> AbstractContextManager[Server]:
    """Run the server that a line starts, at its default port."""
    where, *others = shlex.split(line.replace("~", str(home)))[2:]
    if where == "-C":
        return serving(Path(others[0]), "--port", 8000, *others[1:])
    return serving_folder(Path(where), "--port", 8000, *others)


def test_the_pages_have_commands_to_run() -> None:
    """The tests above do find commands in the pages."""
    assert "make index PHOTOS=~/Pictures" in read_commands(PROJECT / "README.md")
    assert sum(len(read_commands(page)) for page in PAGES) > 100
    assert len([page for page in PAGES if read_commands(page)]) > 15
    assert len([page for page in PAGES if read_blocks(page, "python")]) > 3


@pytest.mark.parametrize(
    "page", [page for page in PAGES if read_blocks(page, "python")], ids=lambda page: page.name
)
def test_the_python_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in range(5):
        save_drawing(tmp_path / "photos" / f"{seed}.jpg", seed)
    save_drawing(tmp_path / "photos" / "cat.jpg", 100)
    if page.name == "store.md":
        as_json("index", tmp_path / "photos")
    for code in read_blocks(page, "python"):
        exec(compile(code, page.name, "exec"), {})
        shutil.rmtree(tmp_path / "elsewhere", ignore_errors=True)


def find_anchors(page: Path) -> set[str]:
    """Return the names by which links reach the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "page",
    [*PROJECT.glob("*.md"), *sorted((PROJECT / "docs").rglob("*.md"))],
    ids=lambda page: page.relative_to(PROJECT).as_posix(),
)
def test_the_links_of_a_page_have_targets(page: Path) -> None:
    """Every link to a file of the project has its file, and its heading if the link names one."""
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in find_anchors(target), link


@pytest.mark.full
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """`make docs` links every page, checks every link, and writes the references."""
    done = subprocess.run(
        [sys.executable, PROJECT / "tools/build_docs.py", tmp_path / "site"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    site = tmp_path / "site"
    assert "--retry-failed" in (site / "reference/commands.html").read_text()
    assert "/api/v1/search" in (site / "reference/http.html").read_text()
    assert "sokkuri.Searcher" in (site / "reference/python.html").read_text()


def test_links_of_the_site_stay_in_the_site() -> None:
    """No page of docs links to a file outside docs, but for the changelog."""
    for page in (PROJECT / "docs").rglob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            target = (page.parent / link).resolve()
            inside = target.is_relative_to(PROJECT / "docs")
            assert inside or link.startswith("https://") or target.name == "CHANGELOG.md", link


def test_every_page_is_in_the_index() -> None:
    """docs/index.md links to every page of docs."""
    index = (PROJECT / "docs/index.md").read_text()
    pages = {path.name for path in (PROJECT / "docs").glob("*.md")} - {"index.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def test_the_model_card_in_the_docs_is_valid(tmp_path: Path) -> None:
    from sokkuri.models import read_card

    parts = read_blocks(PROJECT / "docs" / "models.md", "toml")
    (tmp_path / "card.toml").write_text("\n".join(parts), encoding="utf-8")
    card = read_card(tmp_path / "card.toml")
    assert card.size == (224, 224)
    assert card.text is not None
    assert card.text.context == 77


def test_every_public_name_is_documented() -> None:
    """Every public name is in docs/python.md, has a docstring, and there are fewer than ten."""
    text = (PROJECT / "docs" / "python.md").read_text()
    assert len(sokkuri.__all__) < 10
    assert sorted(sokkuri.__all__) == dir(sokkuri)
    for name in sokkuri.__all__:
        assert f"`{name}`" in text
        assert getattr(sokkuri, name).__doc__


def test_every_verb_and_option_is_documented() -> None:
    """Every verb is in README, every option of `index` in docs/indexing.md."""
    from typer.main import get_command

    from sokkuri.cli import app

    indexing = (PROJECT / "docs" / "indexing.md").read_text()
    readme = (PROJECT / "README.md").read_text()
    verbs = get_command(app).commands  # type: ignore[attr-defined]
    for name, verb in verbs.items():
        assert f"`sokkuri {name}" in readme
        assert verb.help
        assert not verb.get_short_help_str(62).endswith("..."), f"{name}: --help cuts its line"
        for parameter in verb.params:
            if name == "index" and parameter.param_type_name == "option":
                option = parameter.opts[-1]
                assert option in indexing or option in readme, option
            elif parameter.param_type_name == "option":
                assert parameter.help, parameter.name


def test_the_design_page_lists_every_module() -> None:
    """The tables of docs/design.md name every module with code, and no module that is gone."""
    source = PROJECT / "src/sokkuri"
    rows = re.findall(
        r"^\| `(\S+/\S+\.py)` \|", (PROJECT / "docs/design.md").read_text(), re.MULTILINE
    )
    modules = {path.relative_to(source).as_posix(): path for path in source.glob("*/**/*.py")}
    code = {name for name, path in modules.items() if path.name != "__init__.py"}
    assert code - set(rows) == set()
    assert set(rows) - set(modules) == set()


def test_the_files_that_contributing_names_exist() -> None:
    """CONTRIBUTING.md names existing files, and every package."""
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    changes = re.findall(r"^\| .* \| `(src/\S+)`", text, re.MULTILINE)
    assert len(changes) == 10
    source = PROJECT / "src/sokkuri"
    paths = {
        *re.findall(r"`((?:src|tests|docs)/[\w/.]+)`", text),
        *(
            f"src/sokkuri/{name}"
            for name in re.findall(
                r"`((?:core|images|models|store|search|indexing|curation|web|cli)/[\w/.]+)`", text
            )
        ),
    }
    assert len(paths) > 20
    assert {path for path in paths if not (PROJECT / path).exists()} == set()
    assert {path.name for path in source.iterdir() if (path / "__init__.py").exists()} <= set(
        re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    )


def test_every_kind_of_fault_is_documented() -> None:
    source = (PROJECT / "src/sokkuri/indexing/verify.py").read_text()
    kinds = set(re.findall(r'Fault\(\s*"(\w+)"', source))
    table = (PROJECT / "docs/verify.md").read_text()
    assert len(kinds) >= 11
    assert {kind for kind in kinds if f"| `{kind}` |" not in table} == set()


def test_the_page_on_files_names_the_schema_version() -> None:
    from sokkuri.store.migrations import SCHEMA_VERSION

    assert f"schema version, now {SCHEMA_VERSION}," in (PROJECT / "docs/store.md").read_text()


GUARANTEE_TESTS = {
    "A crash loses at most the batch in flight": "test_killed_at_steps_of_a_run",
    "Several processes share the work, and nothing is done twice.":
        "test_three_processes_share_the_work",
    "Parts share no image, and together they give what one run gives":
        "test_jobs_with_one_command_make_one_collection",
    "After a kill, the same command completes the merge.":
        "test_a_killed_merge_is_completed_by_the_same_command",
    "A broken image is a row, not a crash": "test_broken_files_are_rows_not_crashes",
    "A changed file replaces its row only after the new row is committed.":
        "test_a_changed_image_keeps_its_row_until_the_new_one_is_committed",
    "A damaged vector is named and never spreads.":
        "test_a_damaged_vector_is_extracted_again_and_never_copied",
    "A shard that lost its end is never written on.":
        "test_a_file_that_lost_its_end_is_never_extended",
    "Only what a crash left is deleted.": "test_a_shard_with_the_next_number_is_kept",
    "Ctrl-C and SIGTERM end a command within two seconds":
        "test_an_interrupt_is_heard_while_another_program_holds_the_lock",
    "A removal concerns an image, not its name.":
        "test_another_image_under_the_name_of_a_removed_one_is_found",
    "A repair forgets no vector.": "test_damaged_files_are_kept_until_every_vector_is_found",
    "A committed row never changes, and its place is never used again.":
        "test_the_rows_of_a_repaired_shard_are_sent_again",
    "A moved file keeps its row": "test_moved_files_keep_their_rows",
    "A collection is never emptied by accident": "test_an_empty_mount_point_stops_the_run",
    "What makes searches fast can be lost.": "test_killed_at_steps_of_build_merge_and_add",
    "Vectors of different models never mix.": "test_another_model_is_refused",
    "Another model replaces the old one at once, or not at all.":
        "test_a_killed_replacement_goes_on_and_the_old_vectors_answer_until_the_switch",
    "What you said outlives the model": "test_the_collection_gets_another_model_and_loses_nothing",
    "A server follows another model": "test_a_live_server_follows_the_switch",
    "The folder can be moved.": "test_the_folder_can_be_moved_as_a_whole",
    "Originals are only ever read": "test_the_originals_are_only_read",
    "A kill loses no file on its way to the trash":
        "test_a_kill_on_the_way_to_the_trash_and_back_loses_no_file",
    "A newer sokkuri opens every older collection.":
        "test_a_store_of_each_version_keeps_all_it_holds",
    "Only a command that writes runs migrations.": "test_only_an_open_for_writing_migrates",
    "A migration that fails leaves the collection as it was":
        "test_a_migration_that_fails_leaves_the_store_as_it_was",
    "A migration that is killed leaves the collection as it was":
        "test_a_migration_that_is_killed_leaves_the_store_as_it_was",
    "A collection of a newer version is refused":
        "test_a_store_of_a_newer_version_is_refused_in_one_line",
    "Decisions and labels outlive": "test_decisions_survive_moves_and_new_indexes",
    "A removed image stays removed": "test_what_a_person_said_outlives_any_history",
    "An imported vector is given up for no file that cannot be read.":
        "test_an_imported_vector_outlives_a_file_that_cannot_be_read",
    "A search sees catalog and shards of one moment":
        "test_a_searcher_follows_when_the_shards_are_rewritten",
    "A store that was deleted or made anew is noticed":
        "test_a_store_that_was_replaced_is_noticed",
    "Commands that run at the same time never give a wrong answer.":
        "test_random_pairs_of_verbs_run_at_the_same_time",
    "Memory stays bounded": "test_items_are_drawn_lazily_until_the_stream_is_closed",
}  # fmt: skip


def test_every_guarantee_has_a_test() -> None:
    """Each promise of docs/store.md has a test whose docstring starts with `Guarantee:`."""
    text = (PROJECT / "docs/store.md").read_text()
    assert {*re.findall(r"^- \*\*(.*?)\*\*", text, re.MULTILINE | re.DOTALL)} == {*GUARANTEE_TESTS}
    tests = {
        test.name
        for path in (PROJECT / "tests").rglob("test_*.py")
        for test in ast.parse(path.read_text()).body
        if isinstance(test, ast.FunctionDef)
        and (ast.get_docstring(test) or "").startswith("Guarantee:")
    }
    assert {*GUARANTEE_TESTS.values()} <= tests
