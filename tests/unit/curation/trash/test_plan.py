"""Plan files: a written plan can be read, and a wrong plan is refused in one line."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import StorageError, UsageError
from sokkuri.curation.trash import plan as plans
from sokkuri.curation.trash.plan import (
    Carried,
    KeptImage,
    Move,
    TrashPlan,
    keep_old_plan,
    move_from_json,
    move_to_json,
    read_plan,
    write_plan,
)
from sokkuri.curation.types import GRADES

NAMES = st.text(string.ascii_letters + ' "\\é日\udc80\udcff\n', min_size=1, max_size=5)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
WORDS = st.text("é a'<日", min_size=1, max_size=5).map(str.strip).filter(bool)
DIGESTS = st.binary(min_size=16, max_size=16)
ROOTS = PATHS.map("/".__add__)
MOVES = st.builds(
    Move,
    id=NAMES,
    path=PATHS,
    root=st.just("/photos"),
    size=st.integers(0, 2**60),
    digest=DIGESTS,
    grade=st.sampled_from([grade for grade in GRADES if grade != "identical"]),
    keep=st.builds(KeptImage, id=NAMES, path=PATHS, root=ROOTS, digest=DIGESTS),
    belongs_to=st.just("") | PATHS,
    carried=st.builds(
        Carried,
        rating=st.none() | st.integers(-1, 5),
        keywords=st.lists(WORDS, max_size=3).map(tuple),
        label=st.just("") | WORDS,
    ),
)
PLANS = st.builds(
    TrashPlan,
    moves=st.lists(MOVES, max_size=4, unique_by=lambda move: move.path).map(tuple),
    made=st.just("2024-01-02T03:04:05+00:00"),
    store=st.none() | ROOTS,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans") / "plan.json"


@given(plan=PLANS)
def test_a_written_plan_reads_back_the_same(file: Path, plan: TrashPlan) -> None:
    write_plan(file, plan)
    assert read_plan(file) == plan
    assert file.read_bytes().isascii()


def test_an_older_plan_is_kept(tmp_path: Path) -> None:
    """Guarantee: a new plan never replaces another file."""
    file = tmp_path / "plan.json"
    assert keep_old_plan(file) is None
    for number in (1, 2):
        file.write_text(f"plan {number}")
        assert keep_old_plan(file) == tmp_path / f"plan.old-{number}.json"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "plan.old-1.json": "plan 1",
        "plan.old-2.json": "plan 2",
    }


def test_a_person_can_delete_moves_from_a_plan(file: Path) -> None:
    """Each move is one line, which a person can find and delete."""
    moves = tuple(move(path=f"{number}.jpg") for number in range(3))
    write_plan(file, TrashPlan(moves, "now"))
    lines = [line for line in file.read_text().splitlines() if "1.jpg" not in line]
    file.write_text("\n".join(lines))
    assert [one.path for one in read_plan(file).moves] == ["0.jpg", "2.jpg"]


def move(**changes: Any) -> Move:
    plain = {
        "id": "a", "path": "b/a.jpg", "root": "/photos", "size": 5, "digest": b"d" * 16,
        "grade": "same", "keep": KeptImage("c", "c.jpg", "/photos", b"k" * 16),
    }  # fmt: skip
    return Move(**{**plain, **changes})


def test_a_plan_moves_files_of_several_folders_once(file: Path) -> None:
    moves = move(), move(root="/elsewhere")
    write_plan(file, TrashPlan(moves, "now"))
    assert read_plan(file).moves == moves
    write_plan(file, TrashPlan((*moves, move()), "now"))
    with pytest.raises(UsageError, match=r"move 3: 'b/a\.jpg' is named twice"):
        read_plan(file)


def test_identical_images_have_equal_digests(file: Path) -> None:
    write_plan(file, TrashPlan((move(grade="identical"),), "now"))
    with pytest.raises(UsageError, match="move 1: it is not identical to the file to keep"):
        read_plan(file)
    equal = move(grade="identical", keep=KeptImage("c", "c.jpg", "/photos", b"d" * 16))
    write_plan(file, TrashPlan((equal,), "now"))
    assert read_plan(file).moves == (equal,)


WRONG: list[tuple[str, Any]] = [
    ("id", 5), ("id", None), ("path", ["a"]), ("root", True), ("size", "5"), ("size", 5.0),
    ("size", True), ("size", -1), ("digest", "xx" * 16), ("digest", "00"), ("digest", 0),
    ("grade", "equal"), ("grade", None), ("keep", []), ("keep", "c.jpg"),
    ("root", "photos"), ("root", ""), ("root", "/a\0b"),
    *(("carried", {"rating": None, "keywords": [], "label": "", key: wrong}) for key, wrong in [
        ("rating", 6), ("rating", "3"), ("rating", True), ("rating", -2), ("keywords", "a"),
        ("keywords", [5]), ("keywords", ["a\nb"]), ("keywords", [" a"]), ("keywords", [""]),
        ("keywords", ["a"] * 1001), ("label", 5), ("label", "a" * 201),
    ]),
    ("carried", None), ("carried", {}), ("belongs_to", 5),
    ("belongs_to", "../a"), ("belongs_to", ""),
    *(("path", path) for path in [
        "", "/etc/passwd", "../a", "a/../b", "a/..", "./a", "a//b", "a/", "a\0b", "\ud800", "..",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_value_is_refused(file: Path, key: str, value: Any) -> None:
    document = move_to_json(move())
    document[key] = value
    words = ("rating", "keywords", "label", "object") if key == "carried" else (key,)
    text = refusal(file, document)
    assert any(word in text for word in words)
    document = move_to_json(move())
    if key in document["keep"]:
        document["keep"][key] = value
        assert key in refusal(file, document)


@pytest.mark.parametrize("key", ["id", "path", "root", "size", "digest", "grade", "keep"])
def test_a_missing_key_of_a_move_is_refused(file: Path, key: str) -> None:
    document = move_to_json(move())
    del document[key]
    assert f'"{key}" is missing' in refusal(file, document)


@pytest.mark.parametrize("key", ["id", "path", "root", "digest"])
def test_a_missing_key_of_the_kept_image_is_refused(file: Path, key: str) -> None:
    document = move_to_json(move())
    del document["keep"][key]
    assert f'"{key}" is missing' in refusal(file, document)


def refusal(file: Path, document: Any) -> str:
    """Return the message about a plan whose second move is wrong: one line that names the move."""
    good = move_to_json(move(path="good.jpg"))
    file.write_text(json.dumps({"version": 1, "made": "", "moves": [good, document]}))
    with pytest.raises(UsageError) as refused:
        read_plan(file)
    text = str(refused.value)
    assert str(file) in text
    assert "move 2: " in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b"5", b"{}", b'"moves"', b"\xff\xfe{}", b"\x89PNG\r\n",
        b"[" * 200_000, b'{"version": 1, "made": ""}', b'{"version": 1, "moves": []}',
        b'{"version": 2, "made": "", "moves": []}', b'{"made": "", "moves": []}',
        b'{"version": 1, "made": "", "moves": {}}', b'{"version": 1, "made": 5, "moves": []}',
        b'{"version": 1, "made": "", "moves": [], "store": "photos"}',
        b'{"version": 1, "made": "", "moves": [], "store": 5}',
        b'{"version": 1, "made": "", "moves": [5]}', b'{"version": 1, "made": "", "moves": [null]}',
        b'{"version": ' + b"1" * 10_000 + b"}",
    ],
    ids=range(21).__iter__(),
)  # fmt: skip
def test_a_file_that_is_not_a_plan_is_refused(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(UsageError, match=r"plan|text") as refused:
        read_plan(file)
    assert "\n" not in str(refused.value)


@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from([*move_to_json(move()), "x"]), inner, max_size=7
        ),
    )
)  # fmt: skip
def test_any_json_value_is_a_move_or_a_value_error(document: Any) -> None:
    try:
        move = move_from_json(document)
    except ValueError:
        return
    assert move_to_json(move).items() <= document.items()


def test_a_plan_names_a_file_only_once(file: Path) -> None:
    assert "twice" in refusal(file, move_to_json(move(path="good.jpg", id="other")))


def test_a_plan_that_is_too_large_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plan(file, TrashPlan(()))
    monkeypatch.setattr(plans, "MAX_BYTES", file.stat().st_size)
    assert read_plan(file) == TrashPlan(())
    monkeypatch.setattr(plans, "MAX_BYTES", file.stat().st_size - 1)
    with pytest.raises(UsageError, match="too large"):
        read_plan(file)


def test_an_unreadable_plan_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"[Nn]o such file"):
        read_plan(tmp_path / "plan.json")
    with pytest.raises(StorageError, match="cannot be read"):
        read_plan(tmp_path)
    with pytest.raises(StorageError, match="cannot be written"):
        write_plan(tmp_path / "nowhere" / "plan.json", TrashPlan(()))
