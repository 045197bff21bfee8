"""Every command says in one line what is wrong with a place, and changes nothing."""

import os
import pty
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from io import StringIO
from pathlib import Path

import pytest
from draw_images import save_drawing
from permissions import check_in_child, check_without_privileges
from run_cli import sokkuri, start
from small_disk import small_disk
from tiny_model import write_tiny_model

from sokkuri import Collection, Searcher
from sokkuri.cli import run
from sokkuri.core.errors import (
    CollectionError,
    DamagedError,
    NoCollectionError,
    StorageError,
    UsageError,
)

COMMANDS: dict[str, Callable[[str, Path], Sequence[object]]] = {
    "index": lambda bad, _: ("index", bad),
    "index --store": lambda bad, home: ("index", home / "p", "--store", f"{bad}/st"),
    "index --list": lambda bad, home: ("index", home / "p", "--list", bad),
    "index --model": lambda bad, home: ("index", home / "p", "--store", home / "n", "--model", bad),
    "index --dry-run": lambda bad, _: ("index", bad, "--dry-run"),
    "search -C": lambda bad, _: ("search", "-C", bad, "a.png"),
    "search": lambda bad, home: ("search", "-C", home / "p", bad),
    "search --batch": lambda bad, home: ("search", "-C", home / "p", "--batch", bad),
    "search --html": lambda bad, home: ("search", "-C", home / "p", "a.png", "--html", f"{bad}/x"),
    "duplicates -C": lambda bad, _: ("duplicates", "-C", bad),
    "duplicates --against": lambda bad, home: ("duplicates", "-C", home / "p", "--against", bad),
    "duplicates --csv": lambda bad, home: ("duplicates", "-C", home / "p", "--csv", f"{bad}/x"),
    "duplicates --apply": lambda bad, _: ("duplicates", "--apply", bad),
    "duplicates --undo": lambda bad, _: ("duplicates", "--undo", bad),
    "suggest": lambda bad, _: ("suggest", "-C", bad),
    "outliers": lambda bad, _: ("outliers", "-C", bad),
    "label --import": lambda bad, home: ("label", "-C", home / "p", "--import", bad),
    "label --export": lambda bad, home: ("label", "-C", home / "p", "--export", f"{bad}/x"),
    "status": lambda bad, _: ("status", "-C", bad),
    "verify": lambda bad, _: ("verify", "-C", bad),
    "remove": lambda bad, _: ("remove", "-C", bad, "a.png"),
    "compact": lambda bad, _: ("compact", "-C", bad),
    "export": lambda bad, home: ("export", "-C", home / "p", f"{bad}/x"),
    "import": lambda bad, home: ("import", bad, "-C", home / "p"),
    "merge": lambda bad, _: ("merge", bad),
    "push": lambda bad, _: ("push", "-C", bad, "pgvector://localhost/db/t"),
    "watch": lambda bad, _: ("watch", bad),
    "serve": lambda bad, _: ("serve", "-C", bad, "--no-browser"),
    "models": lambda bad, _: ("models", "add", bad),
    "list": lambda bad, _: ("list", bad),
}
"""Arguments of each command, with a place that cannot be used, and a folder with a collection."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("places")
    save_drawing(home / "p" / "a.png", 1)
    (home / "file").write_text("no folder")
    sokkuri("index", home / "p", "--model", write_tiny_model(home / "tiny.onnx"))
    return home


def run_quietly(arguments: Sequence[object]) -> tuple[int, str]:
    """Run a command in this process; return its exit code and its messages."""
    messages = StringIO()
    with redirect_stderr(messages):
        code = run([*map(str, arguments)])
    return code, messages.getvalue()


def content(home: Path) -> set[tuple[str, int]]:
    """Return the files outside the store, whose helper files come and go."""
    files = [path for path in home.rglob("*") if path.is_file() and ".sokkuri" not in path.parts]
    return {(str(path), path.stat().st_size) for path in files}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", ["missing", "file/inside", "x" * 300], ids=lambda p: p[:11])
def test_a_place_that_cannot_be_used_gives_one_line(
    home: Path, command: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guarantee: no command answers a wrong path with a traceback. The last place is too long for
    the disk, which even the administrator is told."""
    bad = f"{home}/{place}"
    if (command, place) in {("index --store", "missing"), ("export", "missing")}:
        pytest.skip("makes the folder")
    before = content(home)
    code, messages = run_quietly(COMMANDS[command](bad, home))
    assert code in (1, 2), messages
    assert len(messages.strip().splitlines()) <= 4  # with the usage, for a wrong argument
    assert "Traceback" not in messages
    assert "damaged" not in messages
    assert content(home) == before
    capsys.readouterr()


def test_a_full_disk_gives_one_line(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command works, or says in a line that the disk is full, and the store stays sound."""
    disk = tmp_path / "disk"
    with small_disk(disk, 2):
        photos = shutil.copytree(home / "p", disk / "p")
        for seed in (2, 3):
            save_drawing(photos / f"{seed}.png", seed)
        with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        said = {}
        for name in sorted(COMMANDS.keys() - {"serve", "watch", "push", "models"}):
            code, messages = run_quietly(COMMANDS[name](str(photos), home))
            assert code in (0, 1, 2), name
            assert len(messages.strip().splitlines()) <= 4, messages
            assert "Traceback" not in messages
            assert "damaged" not in messages, (name, messages)
            said[name] = "disk is full" in messages
        for name in ("index", "index --store"):  # the others may find room
            assert said[name], name
        (disk / "ballast").unlink()
        assert run_quietly(["index", photos]) == (0, "")
        assert run_quietly(["verify", "-C", photos]) == (0, "")
    capsys.readouterr()


def test_a_place_without_permission_gives_one_line(home: Path) -> None:
    locked = home / "locked"
    (locked / "inside").mkdir(parents=True)
    for folder in (home, *home.parents):
        if folder.owner() == locked.owner() and folder != Path(folder.root):
            folder.chmod(folder.stat().st_mode | 0o055)

    def check() -> bool:
        os.environ["SOKKURI_CACHE"] = "/nowhere"
        for name, arguments in COMMANDS.items():
            for bad in (locked, locked / "inside"):
                code, messages = run_quietly(arguments(str(bad), home))
                lines = messages.strip().splitlines()
                if code not in (1, 2) or len(lines) > 4 or "damaged" in messages:
                    print(name, bad, code, messages, file=sys.__stderr__)
                    return False
        return True

    locked.chmod(0)
    try:
        assert check_without_privileges(check)
    finally:
        locked.chmod(0o755)


@contextmanager
def in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


OUTPUTS = (
    ("status",), ("status", "--json"), ("search", "a.png"), ("search", "--batch", "."),
    ("label", "--export", "-"), ("duplicates", "--csv", "-"),
    ("verify",), ("list", "."), ("models",), ("--version",),
)  # fmt: skip


@pytest.mark.skipif(
    not Path("/dev/full").is_char_device(), reason="needs a device that is always full"
)
def test_a_full_disk_behind_the_output_is_told(home: Path) -> None:
    def check() -> bool:
        full = []  # kept: closing them would fail again
        for arguments in OUTPUTS:
            full.append(os.fdopen(os.open("/dev/full", os.O_WRONLY), "w", encoding="utf-8"))
            sys.stdout = full[-1]
            code, messages = run_quietly(arguments)
            if code != 1 or messages.lower().count("no space left on device") != 1:
                print(arguments, code, messages, file=sys.__stderr__)
                return False
        return True

    with in_folder(home / "p"):
        assert check_in_child(check)


def test_a_reader_that_leaves_ends_a_command_quietly(home: Path) -> None:
    def check() -> bool:
        outputs = []
        for arguments in OUTPUTS:
            reading, writing = os.pipe()
            os.close(reading)
            outputs.append(os.fdopen(writing, "w", encoding="utf-8"))
            sys.stdout = outputs[-1]
            answer = run_quietly(arguments)
            if answer != (1, ""):
                print(arguments, answer, file=sys.__stderr__)
                return False
        return True

    with in_folder(home / "p"):
        assert check_in_child(check)


def test_more_than_a_thousand_nested_folders_are_listed(
    home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    deep = home / "deep"
    deep.mkdir()
    with in_folder(deep):
        for _ in range(1200):
            Path("d").mkdir()
            os.chdir("d")
        Path("a.png").write_bytes(b"")
        try:
            assert run(["list", str(deep)]) == 0
        finally:  # here: what deletes temporary folders enters each of them
            Path("a.png").unlink()
            for _ in range(1200):
                os.chdir("..")
                Path("d").rmdir()
    assert capsysbinary.readouterr().out == os.fsencode(f"{deep}{'/d' * 1200}/a.png\n")


def test_names_cannot_control_a_terminal(home: Path) -> None:
    """A name with an escape sequence is data for a program, and text for a person."""
    evil = home / "evil"
    save_drawing(evil / "a\x1b[2J.png", 2)
    ours, theirs = pty.openpty()
    process = start("list", evil)
    piped, _ = process.communicate(timeout=60)
    assert "\x1b[2J" in piped
    kept = sys.stdout
    sys.stdout = os.fdopen(theirs, "w", encoding="utf-8")
    try:
        assert run(["list", str(evil)]) == 0
    finally:
        sys.stdout.close()
        sys.stdout = kept
    shown = os.read(ours, 4096)
    os.close(ours)
    assert b"\x1b" not in shown
    assert b"a\\x1b[2J.png" in shown


def test_misuse_of_a_collection_is_not_called_damage(home: Path) -> None:
    with Collection.open(home / "p", "ro") as reader:
        searcher = Searcher(reader)
        for change in (lambda: reader.remove(["a.png"]), reader.compact):
            with pytest.raises(StorageError, match="opened for reading"):
                change()
        errors: list[Exception] = []

        def search() -> None:
            try:
                Searcher(reader).search(["a.png"])
            except UsageError as error:
                errors.append(error)

        thread = threading.Thread(target=search)
        thread.start()
        thread.join()
        assert "opened by another thread" in str(errors[0])
    for use in (reader.status, reader.verify, lambda: searcher.search(["a.png"])):
        with pytest.raises(UsageError, match="is closed: open the collection again"):
            use()


def test_the_folder_of_a_store_is_not_called_a_folder_of_images(tmp_path: Path) -> None:
    """Its catalog may be lost, or another program is making it anew."""
    store = tmp_path / "photos" / ".sokkuri"
    for where, advice in (
        (tmp_path, f"`sokkuri index {tmp_path}`"),
        (store, f"`sokkuri index {store.parent}`"),
        (tmp_path / "store", f"`sokkuri index FOLDER --store {tmp_path / 'store'}`"),
    ):
        (where / "features" / "model").mkdir(parents=True)
        if where != tmp_path:
            (where / "features" / "model" / "0000.features.npy").touch()
        with pytest.raises(NoCollectionError) as raised:
            Collection.open(where)
        assert advice in str(raised.value)


def test_only_proved_damage_is_called_damage(home: Path, tmp_path: Path) -> None:
    """Guarantee: nobody is told to move a store away that is sound."""
    store = tmp_path / "store"
    sokkuri("index", home / "p", "--store", store, "--model", home / "tiny.onnx")
    catalog = store / "catalog.sqlite"
    holder = sqlite3.connect(catalog, isolation_level=None)
    holder.execute("ALTER TABLE meta RENAME TO other")
    holder.close()
    with pytest.raises(CollectionError) as caught:
        Collection.open(store, "ro").status()
    assert "move the store away" not in str(caught.value)
    catalog.write_bytes(b"no database at all" * 1000)
    with pytest.raises(DamagedError, match="move the store away"):
        Collection.open(store, "ro")
