"""Add models: one folder per model, with its card, its ONNX files and its tokenizer.

Takes a file, a card or an http address; returns the path of the card. A model appears whole or not
at all: a download is checked against its SHA-256 first.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import platformdirs

from sokkuri.core.errors import ModelError, UsageError
from sokkuri.models.builtin import known_cards
from sokkuri.models.cache import file_sha256
from sokkuri.models.card import ModelCard, TextCard, card_text, read_card
from sokkuri.models.card_rules import is_folder_name, is_web_address

OnProgress = Callable[[int, int], None]
"""Called with the bytes fetched so far and the total, which is 0 while it is unknown."""

CARD_NAME = "card.toml"
_TIMEOUT_SECONDS = 60.0
_CHUNK = 2**20


def models_folder() -> Path:
    """Return the folder of added models: in the user's data folder, or `SOKKURI_MODELS`."""
    override = os.environ.get("SOKKURI_MODELS")
    if override:
        return Path(override)
    return platformdirs.user_data_path("sokkuri", appauthor=False) / "models"


def added_names() -> list[str]:
    """Return the names of the added models."""
    return sorted(path.parent.name for path in models_folder().glob(f"*/{CARD_NAME}"))


def added_card(name: str) -> Path | None:
    """Return the card file of the added model of this name, or None."""
    return models_folder() / name / CARD_NAME if name in added_names() else None


def add_model(
    source: str, sha256: str = "", name: str = "", on_progress: OnProgress | None = None
) -> Path:
    """Add FILE.onnx, CARD.toml, a folder with a model, or the file at an http address. Return the
    path of its card.

    sha256 : of the ONNX file; required for an address. Raises UsageError for any other source.
    Raises ModelError when the file cannot be read or fetched, does not have this SHA-256, or its
    name is taken. On an error nothing is left behind.
    """
    if (card_file := Path(source).expanduser() / CARD_NAME).is_file():
        source = str(card_file)
    given = _card_given(source)
    address = _address(source, given)
    wanted = (sha256 or (given.sha256 if given else "")).lower()
    if address and not wanted:
        raise UsageError(f"say what {address} must be: --sha256 and its 64 digits")
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name_of_made:
            made = Path(name_of_made)
            file = made / _file_name(address or source, given)
            file.parent.mkdir(parents=True, exist_ok=True)
            if address:
                _fetch(address, file, on_progress)
            else:
                _copy(Path(source).expanduser(), given, file)
            if given is not None and given.text is not None:
                _copy_text_side(_folder_of(source), given.text, made)
            digest = _checked_digest(file, wanted, address or source)
            card = _card(given, file, address or source, digest)
            relative = file.relative_to(made).as_posix()
            card = replace(card, file=relative, files=_digests(made, relative))
            return _finish(made, replace(card, name=name or card.name))
    except OSError as error:
        raise _unwritable(folder, error) from error


def add_hub_model(
    source: str,
    variant: str | None = None,
    name: str = "",
    on_progress: OnProgress | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Add a model of the hub, `hf:OWNER/NAME[@REVISION]`. Return the path of its card.

    variant : of an export with several forms. say : called with a line about commit, licence and
    size before the download. Raises what `hub.find_model` and `hub.fetch` raise, UsageError if a
    built-in model has the name, ModelError if an added one has.
    """
    from sokkuri.models.hub import fetch, find_model

    model = find_model(source, variant)
    folder = models_folder()
    place = folder / (name or model.repo.partition("/")[2])
    if (place / CARD_NAME).is_file() and read_card(place / CARD_NAME).source == model.source:
        return place / CARD_NAME
    _check_name_is_free(place)
    say(
        f"{model.repo} at {model.commit[:12]}: licence {model.licence or 'not told'}, "
        f"{len(model.files)} files, {model.size / 1e6:,.1f} MB"
    )
    staging = folder / f".hub-{model.repo.replace('/', '--')}-{model.commit[:12]}"
    try:
        staging.mkdir(parents=True, exist_ok=True)
        card = fetch(model, staging, variant, on_progress)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name_of_made:
            made = Path(name_of_made)
            _take_over(card, staging, made)
            digests = _digests(made, card.file)
            card = replace(
                card,
                name=place.name,
                sha256=file_sha256(made / card.file),
                files=digests,
            )
            added = _finish(made, card)
    except OSError as error:
        raise _unwritable(folder, error) from error
    shutil.rmtree(staging, ignore_errors=True)
    return added


def add_centred_model(
    card: ModelCard, network: Path, centre: Sequence[float], name: str, told: str
) -> Path:
    """Add a model that subtracts `centre` from the vectors of another one. Return the path of its
    card.

    card, network : of the other model; it has no centre and no text side. told : where the centre
    comes from, for `source`. Raises as `add_model`.
    """
    with _new_folder() as made:
        _copy_network(network, made / network.name)
        changed = replace(card, name=name, centre=tuple(centre))
        return _finish_derived(made, changed, network.name, told)


def add_quantized_model(
    card: ModelCard, network: Path, text: tuple[Path, Path] | None, name: str, told: str
) -> Path:
    """Add the quantized form of a model. Return the path of its card.

    card : of the model. network : the quantized network. text : files of the network and the
    tokenizer for words, if the model has them. told : how the form was made, for `source`. Raises
    as `add_model`.
    """
    if not is_folder_name(name):
        raise UsageError(f"--name is {name!r}: it must be a name that a folder can have")
    with _new_folder() as made:
        _copy_network(network, made / f"{name}.onnx")
        if text is not None and card.text is not None:
            for source, file in zip(text, (card.text.file, card.text.tokenizer), strict=True):
                (made / file).parent.mkdir(parents=True, exist_ok=True)
                copy = _copy_network if source == text[0] else shutil.copyfile
                copy(source, made / file)
        return _finish_derived(made, replace(card, name=name), f"{name}.onnx", told)


@contextmanager
def _new_folder() -> Iterator[Path]:
    """Yield a temporary folder in the folder of models, in which a model is put together.

    Raises ModelError when it cannot be written.
    """
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name_of_made:
            yield Path(name_of_made)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _finish_derived(made: Path, card: ModelCard, network: str, told: str) -> Path:
    """Finish a model that was made of another one. network : the name of its ONNX file."""
    card = replace(
        card,
        source=f"{card.source}; {told}",
        sha256=file_sha256(made / network),
        file=network,
        package="",
        url="",
        files=_digests(made, network),
    )
    return _finish(made, card)


def _take_over(card: ModelCard, staging: Path, made: Path) -> None:
    """Link or copy the files that a model needs from where they were fetched."""
    from sokkuri.models.onnx_inspect import external_files

    networks = [card.file, *([card.text.file] if card.text else [])]
    weights = [file for name in networks for file in external_files(staging / name)]
    others = [staging / card.text.tokenizer] if card.text else []
    for source in [*(staging / name for name in networks), *weights, *others]:
        target = made / source.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, target)


def _check_name_is_free(place: Path) -> None:
    if place.name in {known.name for known in known_cards()}:
        raise UsageError(f"sokkuri comes with a {place.name}: choose another --name")
    if place.exists():
        raise ModelError(
            f"another model is called {place.name} already: choose a --name, or delete {place}"
        )


def _unwritable(folder: Path, error: OSError) -> ModelError:
    return ModelError(
        f"{folder} cannot be written ({error.strerror}): set SOKKURI_MODELS to another folder"
    )


def _card_given(source: str) -> ModelCard | None:
    path = Path(source).expanduser()
    if path.is_dir():
        from sokkuri.models.layouts import card_of_folder

        return card_of_folder(path)
    if path.suffix == ".toml" and path.is_file():
        return read_card(path)
    if path.suffix == ".onnx" and path.is_file():
        for beside in (path.with_suffix(".toml"), path.with_name(CARD_NAME)):
            if beside.is_file():
                return read_card(beside)
    return None


def _address(source: str, given: ModelCard | None) -> str:
    """Return the address to fetch, or "" for a local file."""
    if is_web_address(source):
        return source
    path = Path(source).expanduser()
    is_file = path.is_file() and path.suffix in (".onnx", ".toml")
    if not is_file and not path.is_dir():
        raise UsageError(
            f"{source} is not an .onnx file, a .toml card, a folder with a model, an http address "
            "or hf:OWNER/NAME; models that `sokkuri models` lists as present need not be added"
        )
    if given is not None and path.suffix != ".onnx" and given.url:
        return given.url
    return ""


def _folder_of(source: str | Path) -> Path:
    """Return the folder with the files of a card: the source itself, or where the source is."""
    path = Path(source).expanduser()
    return path if path.is_dir() else path.parent


def _file_name(source: str, given: ModelCard | None) -> str:
    """Return the name of the ONNX file, which names the model if it has no card."""
    if given is not None and given.file:
        return given.file
    from urllib.request import url2pathname

    name = Path(url2pathname(source.partition("?")[0])).name
    return f"{Path(name).stem or 'model'}.onnx"


def _fetch(address: str, file: Path, on_progress: OnProgress | None) -> None:
    # Only downloads need these modules, which take a twentieth of the time of a cold search.
    from http.client import HTTPException
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        response = urlopen(address, timeout=_TIMEOUT_SECONDS)  # noqa: S310
        with closing(response), file.open("wb") as out:
            total = int(response.headers.get("Content-Length") or 0)
            for done in _chunks(response, out):
                if on_progress is not None:
                    on_progress(done, total)
    except (URLError, HTTPException, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", "") or error
        raise ModelError(f"{address} could not be fetched: {reason}") from error


def _chunks(response: BinaryIO, out: BinaryIO) -> Iterator[int]:
    done = 0
    while chunk := response.read(_CHUNK):
        out.write(chunk)
        done += len(chunk)
        yield done


def _copy(path: Path, given: ModelCard | None, file: Path) -> None:
    """Copy the ONNX file of a folder, a card or of its own, with its weights."""
    if path.suffix != ".onnx":
        assert given is not None
        path = _folder_of(path) / (given.file or f"{path.stem}.onnx")
    _copy_network(path, file)


def _copy_network(path: Path, target: Path) -> None:
    """Copy an ONNX file, and the files beside it that contain its weights."""
    from sokkuri.models.onnx_inspect import external_files

    if not path.is_file():
        raise ModelError(f"{path} is not there")
    for source in (path, *external_files(path)):
        copy = target.parent / source.relative_to(path.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target if source == path else copy)


def _copy_text_side(folder: Path, text: TextCard, made: Path) -> None:
    """Copy the text network and the tokenizer of a card in this folder."""
    _copy_network(folder / text.file, made / text.file)
    if not (folder / text.tokenizer).is_file():
        raise ModelError(f"{folder / text.tokenizer} is not there")
    (made / text.tokenizer).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / text.tokenizer, made / text.tokenizer)


def _checked_digest(file: Path, wanted: str, source: str) -> str:
    digest = file_sha256(file)
    if wanted and digest != wanted:
        raise ModelError(f"{source} has SHA-256 {digest}, not {wanted}: it was not added")
    return digest


def _card(given: ModelCard | None, file: Path, source: str, digest: str) -> ModelCard:
    """Return the card to store: the given one, or one derived from the graph."""
    from sokkuri.models.onnx_inspect import card_of_graph, external_files

    external_files(file)  # raises if files with weights are missing
    card = given or card_of_graph(file)
    origin = card.source if given else source
    return replace(card, sha256=digest, source=origin)


def _digests(made: Path, network: str) -> dict[str, str]:
    """Return the SHA-256 of all files but the network, by their path below `made`."""
    files = sorted(path for path in made.rglob("*") if path.is_file())
    digests = {path.relative_to(made).as_posix(): file_sha256(path) for path in files}
    return {name: digest for name, digest in digests.items() if name != network}


def _finish(made: Path, card: ModelCard) -> Path:
    """Write the card to the files of its model, and move them to their place. Return the card's
    path."""
    if card.name in {known.name for known in known_cards()}:
        raise UsageError(f"sokkuri comes with a {card.name}: choose another --name")
    (made / CARD_NAME).write_text(card_text(card), encoding="utf-8")
    read_card(made / CARD_NAME)  # raises if no folder can have this name
    return _settle(made, made.parent / card.name, card)


def _settle(made: Path, place: Path, model: ModelCard) -> Path:
    """Move a finished model to its folder, unless the same model is there already."""
    card = place / CARD_NAME
    if card.is_file():
        there = read_card(card)
        same_text = (there.text, there.files) == (model.text, model.files) or model.text is None
        same_centre = there.centre == model.centre
        if there.sha256 != model.sha256 or not (same_text and same_centre):
            raise ModelError(
                f"another model is called {place.name} already: choose a --name, or delete {place}"
            )
        return card
    finished = made / "finished"
    finished.mkdir()
    for path in [path for path in made.iterdir() if path != finished]:
        path.rename(finished / path.name)
    finished.rename(place)
    return card
