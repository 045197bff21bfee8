"""Turn words into tokens by a `tokenizer.json`, with the library `tokenizers` (the extra `words`).

Takes texts; returns token ids and masks. The library is compiled code and the file comes from
somebody else: a file that makes it stop with an internal error, crash or hang is tried out in a
child process first. The cache remembers which files passed.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import MissingExtraError, ModelError
from sokkuri.core.paths import cache_folder
from sokkuri.models.cache import file_sha256, replace_cached

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_BYTES = 64 * 2**20  # of a file; the largest of known models, of Gemma's 256,000 tokens, has 34
_KINDS = ("BPE", "Unigram")
_TRIAL_SECONDS = 60.0
_TRIAL_TEXTS = ("a red bicycle", "Fahrräder, 2024!", "夜の自転車", "\U0001f6b2" * 40, "a" * 400)
_CHECK_VERSION = 1  # files are tried out again by another version

ResultT = TypeVar("ResultT")
Tokens = NDArray[np.int64]


class WordTokenizer:
    """A loaded tokenizer. Texts become exactly `context` tokens. Safe to call from many threads."""

    def __init__(self, path: Path, context: int, pad: str) -> None:
        """pad : the token that fills short texts up, "" for the one with id 0.

        Raises MissingExtraError without the library, ModelError for a file that cannot be used.
        """
        self._path = path
        self._context = context
        data = _read(path)
        _library()
        _try_out(path, context, pad)
        self._tokenizer = _load(data, path, context, pad)

    def encode(self, text: str) -> tuple[Tokens, Tokens]:
        """Return the ids of a text, and 1 for each token that is not padding : (context,) each.

        Raises ModelError when the tokenizer cannot do it.
        """
        encoding = _guarded(self._path, partial(self._tokenizer.encode, text))
        ids = np.array(encoding.ids, np.int64)
        if ids.shape != (self._context,):
            raise ModelError(f"{self._path} gives {len(ids)} tokens, not {self._context}")
        return ids, np.array(encoding.attention_mask, np.int64)


def _read(path: Path) -> str:
    """Return the text of a file that can be a tokenizer. Raises ModelError."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ModelError(
                f"{path} has {size / 2**20:.0f} MiB, more than the {MAX_BYTES >> 20} MiB of the "
                "largest tokenizers: it is not a tokenizer.json"
            )
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not a tokenizer.json: {error}") from error
    kind = _kind(document)
    if kind not in _KINDS:
        raise ModelError(
            f"{path} is a tokenizer of the kind {kind!r}, and sokkuri reads {' and '.join(_KINDS)}"
        )
    return text


def _kind(document: Any) -> str:
    """Return the kind of a tokenizer, "" if the document is none. Older files do not tell it."""
    model = document.get("model") if isinstance(document, dict) else None
    if not isinstance(model, dict):
        return ""
    if "type" in model:
        return str(model["type"])[:40]
    return "BPE" if "merges" in model else "Unigram" if "unk_id" in model else ""


def _try_out(path: Path, context: int, pad: str) -> None:
    """Load the tokenizer and encode a few texts in a child process, once for each file.

    Raises ModelError if that process fails, crashes or hangs.
    """
    name = f"{file_sha256(path)[:32]}-{context}-{_CHECK_VERSION}"
    passed = cache_folder() / "tokenizers" / name
    if passed.is_file():
        return
    command = [sys.executable, "-m", "sokkuri.models.tokenizer", str(path), str(context), pad]
    try:
        child = subprocess.run(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TRIAL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{path} keeps the tokenizer busy without an end") from None
    if child.returncode:
        why = child.stdout.decode(errors="replace").strip() or "the tokenizer crashes on it"
        raise ModelError(f"{path} cannot be used: {why}")
    try:
        replace_cached(passed, b"")
    except OSError:
        return  # it will be tried out again


def _load(text: str, path: Path, context: int, pad: str) -> "Tokenizer":
    """Return the tokenizer, set to cut and pad texts. Raises MissingExtraError, ModelError."""
    kind = _library()

    def load() -> "Tokenizer":
        tokenizer = kind.from_str(text)
        pad_id = tokenizer.token_to_id(pad) if pad else 0
        if pad_id is None:
            raise ModelError(f"{path} has no token {pad!r}, which the card pads with")
        tokenizer.enable_truncation(context)
        tokenizer.enable_padding(length=context, pad_id=pad_id, pad_token=pad)
        return tokenizer

    return _guarded(path, load)


def _library() -> "type[Tokenizer]":
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtraError("searching by words", "words") from None
    kind: type[Tokenizer] = Tokenizer
    return kind


def _guarded(path: Path, function: Callable[[], ResultT]) -> ResultT:
    """Return the function's result. The library raises plain Exceptions; for an internal error a
    PanicException, which is no Exception. Raises ModelError for both."""
    try:
        return function()
    except ModelError:
        raise
    except BaseException as error:
        if not (type(error) is Exception or type(error).__name__ == "PanicException"):
            raise
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path} is not a usable tokenizer.json: {reason}") from None


def _main() -> int:
    """Try a tokenizer out. Print what is wrong with it, in one line."""
    path, context, pad = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    try:
        tokenizer = _load(path.read_text(encoding="utf-8"), path, context, pad)
        for text in _TRIAL_TEXTS:
            _guarded(path, partial(tokenizer.encode, text))
    except ModelError as error:
        print(str(error).removeprefix(f"{path} "))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
