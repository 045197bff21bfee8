"""Tokenizer files: a broken, oversized or hostile one is one clear line, and does no harm."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from joint_model import CONTEXT, PAD, write_tokenizer

from sokkuri.core.errors import MissingExtraError, ModelError
from sokkuri.models import tokenizer as module
from sokkuri.models.tokenizer import MAX_BYTES, WordTokenizer


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_tokenizer(tmp_path / "tokenizer.json")


def refused(file: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """Check that the file is refused in one line that names it, and return the line."""
    with pytest.raises(ModelError) as raised:
        WordTokenizer(file, CONTEXT, PAD)
    line = str(raised.value)
    assert file.name in line
    assert "\n" not in line
    captured = capfd.readouterr()
    assert captured.out + captured.err == "", "nothing else is printed"
    return line


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "is not a tokenizer.json"),
        (b"\xff\xfe", "is not a tokenizer.json"),
        (b"[" * 200_000, "is not a tokenizer.json"),
        (b"[1, 2]", "of the kind ''"),
        (b'{"model": {"type": "WordLevel", "vocab": {}}}', "of the kind 'WordLevel'"),
        (b'{"model": {"type": "BPE"}}', "cannot be used"),
        (None, "cannot be read"),
    ],
    ids=["empty", "bytes", "nested", "a list", "another kind", "no vocabulary", "missing"],
)
def test_a_file_that_is_no_tokenizer_is_refused(
    content: bytes | None, hint: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "bad.json").write_bytes(content)
    assert hint in refused(tmp_path / "bad.json", capfd)


def test_a_file_that_is_too_large_is_not_read(
    file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with file.open("ab") as grown:
        grown.truncate(MAX_BYTES + 1)
    assert "64 MiB" in refused(file, capfd)


@pytest.mark.parametrize(
    "change",
    [
        {"post_processor": {"special_tokens": {}}},
        {"model": {"merges": [["r", "none"]]}},
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Removed",
                           "invert": False}},
    ],
    ids=["a panic of the library", "merges", "a regular expression"],
)  # fmt: skip
def test_a_file_that_the_library_stumbles_over_is_refused_in_a_child(
    change: dict[str, Any], file: Path, capfd: pytest.CaptureFixture[str], cache: Path
) -> None:
    document = json.loads(file.read_text())
    for key, value in change.items():
        whole = value if not isinstance(value, dict) else {**document[key], **value}
        document[key] = whole
    file.write_text(json.dumps(document))
    assert "cannot be used" in refused(file, capfd)
    assert not (cache / "tokenizers").exists(), "it is tried out again next time"


def test_a_file_that_keeps_the_library_busy_is_refused(
    file: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TRIAL_SECONDS", 0.001)
    assert "busy without an end" in refused(file, capfd)


def test_a_file_is_tried_out_once(file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WordTokenizer(file, CONTEXT, PAD)
    assert len(list((cache / "tokenizers").iterdir())) == 1
    monkeypatch.setattr(module, "_TRIAL_SECONDS", 0.001)  # no child could end in this time
    assert WordTokenizer(file, CONTEXT, PAD).encode("red")[1].sum() == 3
    (file.parent / "other.json").write_text(file.read_text() + " ")
    with pytest.raises(ModelError, match="busy"):
        WordTokenizer(file.parent / "other.json", CONTEXT, PAD)


def test_without_the_library_the_extra_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r"sokkuri\[words\]"):
        WordTokenizer(file, CONTEXT, PAD)
