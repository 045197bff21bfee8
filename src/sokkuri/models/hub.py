"""Fetch models from the hub of Hugging Face, or a mirror of it, with `huggingface_hub`.

Takes `hf:OWNER/NAME@REVISION`; returns a folder with the files of the model and its card. The
revision is pinned to its commit, and each file is checked against the digest that the hub tells.
Files stay in a folder of their own until all are there, so an interrupted download goes on where
it was. The mirror is named by `HF_ENDPOINT`, a token by `HF_TOKEN` or `hf auth login`.
"""

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from sokkuri.core.errors import MissingExtraError, ModelError, UsageError
from sokkuri.core.paths import is_path_below
from sokkuri.models.cache import file_sha256
from sokkuri.models.card import ModelCard
from sokkuri.models.layouts import VARIANTS, card_of_folder

PREFIX = "hf:"
OnProgress = Callable[[int, int], None]
"""Called with the bytes fetched so far and the total."""

_SOURCE = re.compile(r"hf:(?P<repo>[\w.-]{1,96}/[\w.-]{1,96})(@(?P<revision>[\w./-]{1,200}))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SETTINGS = ("config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json")
_MAX_FILES = 200


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a repository. sha256 : "" for small files, whose Git blob is known instead."""

    name: str
    size: int
    sha256: str
    blob: str


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model of the hub at one commit. licence : as its authors name it, "" if they do not.
    files : that belong to it by their names. others : of the repository, some of which the networks
    may name as the files of their weights."""

    repo: str
    commit: str
    licence: str
    files: tuple[_File, ...]
    others: tuple[_File, ...] = ()

    @property
    def source(self) -> str:
        """The text that finds exactly this model again."""
        return f"{PREFIX}{self.repo}@{self.commit}"

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(file.size for file in self.files)


def find_model(source: str, variant: str | None = None) -> HubModel:
    """Return what the hub knows of a model, without its files.

    Raises UsageError for another source than `hf:OWNER/NAME[@REVISION]` or a repository without a
    model, MissingExtraError without the extra `hub`, ModelError if the hub refuses or fails.
    """
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise UsageError(f"{source} must be hf:OWNER/NAME or hf:OWNER/NAME@REVISION")
    if variant is not None and variant not in VARIANTS:
        raise UsageError(f"--variant is {variant!r}: it must be {', '.join(VARIANTS[1:])}")
    hub = _library()
    repo, revision = match["repo"], match["revision"]
    with _as_model_errors(repo):
        info = hub.HfApi().model_info(repo, revision=revision, files_metadata=True)
    if not _COMMIT.fullmatch(str(info.sha)):
        raise ModelError(f"{repo}: the hub names no commit")
    told = [_file(sibling) for sibling in info.siblings or []]
    there = {file.name: file for file in told if is_path_below(file.name)}
    wanted = _wanted(list(there), variant, repo)
    files = tuple(there[name] for name in wanted)
    others = tuple(file for name, file in there.items() if name not in wanted)
    return HubModel(repo, str(info.sha), _licence(info), files, others)


def _file(sibling: Any) -> _File:
    lfs = sibling.lfs
    sha256 = str(lfs.sha256) if lfs is not None else ""
    return _File(str(sibling.rfilename), sibling.size or 0, sha256, str(sibling.blob_id or ""))


def _licence(info: Any) -> str:
    """Return the licence in a repository's card or tags, in one printable line."""
    told = getattr(info.card_data, "license", None) if info.card_data is not None else None
    tags = [tag.partition(":")[2] for tag in info.tags or [] if tag.startswith("license:")]
    text = str(told or (tags[0] if tags else ""))
    return "".join(char for char in text if char.isprintable())[:100]


def _wanted(names: Sequence[str], variant: str | None, repo: str) -> list[str]:
    """Return the files that make a model: the networks of one variant, the files with their
    weights, the tokenizer and the settings."""
    there = set(names)
    if "visual/model.onnx" in there:
        if variant:
            raise UsageError(f"{repo} has one form only: leave --variant out")
        parts = re.compile(r"(visual|textual)/(model\.onnx[\w.]*|[\w.-]+\.json)")
        chosen = {name for name in there if parts.fullmatch(name)}
    else:
        chosen = set(_networks(there, variant))
        if not chosen:
            which = f" of the variant {variant!r}" if variant else ""
            raise UsageError(
                f"{repo} has no network{which} in a layout that sokkuri knows: it needs "
                "visual/model.onnx, onnx/vision_model.onnx or onnx/model.onnx"
            )
        chosen |= {name for name in there for one in chosen if _is_weights_of(name, one)}
    chosen |= there & set(_SETTINGS)
    if len(chosen) > _MAX_FILES:
        raise ModelError(f"{repo} has {len(chosen)} files that could belong to the model")
    return sorted(chosen)


def _is_weights_of(name: str, network: str) -> bool:
    return re.fullmatch(re.escape(network) + r"[._]data[\w.]*", name) is not None


def _networks(there: set[str], variant: str | None) -> list[str]:
    """Return the networks for pictures and words, or the one for pictures, of one variant."""
    kinds = VARIANTS if variant is None else (variant,)
    if image := _first("vision_model", kinds, there):
        text = _first("text_model", kinds, there) or _first("text_model", VARIANTS, there)
        return [image, text] if text else [image]
    image = _first("model", kinds, there)
    return [image] if image else []


def _first(name: str, kinds: Sequence[str], there: set[str]) -> str:
    files = [f"onnx/{name}_{kind}.onnx" if kind else f"onnx/{name}.onnx" for kind in kinds]
    return next((file for file in files if file in there), "")


def fetch(
    model: HubModel, folder: Path, variant: str | None, on_progress: OnProgress | None
) -> ModelCard:
    """Fetch the files of a model into a folder, those that are not there yet; return its card.

    Raises ModelError if the hub refuses or fails, a file has not the digest that the hub told, or
    the files make no model. Files that are whole stay in the folder.
    """
    done, total = 0, model.size
    waiting, others = list(model.files), {file.name: file for file in model.others}
    while waiting:
        file = waiting.pop(0)
        _fetch_file(model, file, folder, _progress_class(done, total, on_progress))
        for name in _weights_of(folder, file) & others.keys():
            waiting.append(others.pop(name))
            total += waiting[-1].size
        done += file.size
        if on_progress is not None:
            on_progress(done, total)
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the library's own notes
    card = card_of_folder(folder, variant)
    name = model.repo.partition("/")[2]
    return replace(card, name=name, source=model.source, licence=model.licence)


def _weights_of(folder: Path, file: _File) -> set[str]:
    """Return the files of a network's weights as the repository names them; none for others."""
    if not file.name.endswith(".onnx"):
        return set()
    from sokkuri.models.onnx_inspect import external_names

    place = PurePosixPath(file.name).parent
    return {(place / name).as_posix() for name in external_names(folder / file.name)}


def _fetch_file(model: HubModel, file: _File, folder: Path, bar: type) -> None:
    """Fetch a file unless it is there, and check its digest. bar : tells the progress."""
    path = folder / file.name
    if path.is_file() and not path.is_symlink() and _is_right(path, file):
        return
    path.unlink(missing_ok=True)
    with _as_model_errors(model.repo):
        _library().hf_hub_download(
            model.repo, file.name, revision=model.commit, local_dir=folder, tqdm_class=bar
        )
    if path.is_symlink() or not _is_right(path, file):
        path.unlink(missing_ok=True)
        raise ModelError(
            f"{file.name} of {model.repo} came with another digest than the hub tells: it was not "
            "added; run the command again"
        )


def _is_right(path: Path, file: _File) -> bool:
    """Return whether a file has the digest that the hub tells: SHA-256, or Git's for small ones."""
    if file.sha256:
        return file_sha256(path) == file.sha256
    data = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return blob.hexdigest() == file.blob


def _progress_class(done: int, total: int, on_progress: OnProgress | None) -> type:
    """Return a progress bar for the library that draws nothing, and tells `on_progress`."""

    class Bar:
        def __init__(self, *_: object, initial: int = 0, **__: object) -> None:
            self.fetched = done + initial

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: float | None = 1) -> None:
            self.fetched += int(count or 0)
            if on_progress is not None:
                on_progress(self.fetched, total)

    return Bar


def _library() -> Any:
    """Return the library. It fetches by HTTP alone, which mirrors speak too."""
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    try:
        import huggingface_hub
    except ImportError:
        raise MissingExtraError("a model of the hub", "hub") from None
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return huggingface_hub


@contextmanager
def _as_model_errors(repo: str) -> Iterator[None]:
    """Raise what the library raises as one line, without what the server sent."""
    from huggingface_hub import constants
    from huggingface_hub import errors as named

    errors: Any = named
    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelError(
            f"{repo} asks for consent to its terms: give it at {constants.ENDPOINT}/{repo}, and "
            "log in with `hf auth login` or set HF_TOKEN"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{repo} has no such revision") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"{constants.ENDPOINT} has no repository {repo}, or it is private: then set HF_TOKEN"
        ) from error
    except (errors.HTTPError, OSError, ValueError) as error:
        reason = _reason(error)
        raise ModelError(
            f"{repo} could not be fetched from {constants.ENDPOINT} ({reason}): run the command "
            "again, and it goes on with the files that are missing"
        ) from error


def _reason(error: BaseException) -> str:
    """Return the root of an error of the library in a few words."""
    while error.__cause__ is not None:
        error = error.__cause__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"status {status}"
    first = (str(error).splitlines() or [""])[0]
    return first[:120] or type(error).__name__
