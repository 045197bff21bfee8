"""Find a model by its name, its ONNX file or its card.

Returns a Model: the card, the path of the ONNX file, and the fingerprint of its vectors.
"""

import hashlib
import mmap
from dataclasses import dataclass, replace
from pathlib import Path

from sokkuri.core.errors import ModelError, UsageError
from sokkuri.core.types import Decoding
from sokkuri.models.build import build_network, package_file
from sokkuri.models.builtin import DEFAULT, known_cards
from sokkuri.models.cache import cached, file_sha256
from sokkuri.models.card import ModelCard, read_card
from sokkuri.models.installed import CARD_NAME, added_card, added_names


@dataclass(frozen=True, slots=True)
class TextFiles:
    """The files of a joint network's text side. sha256 : of all of them together."""

    network: Path
    tokenizer: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Model:
    """A network that can be loaded. sha256 : of its ONNX file and of the files beside it that
    contain its weights. assumed : one line about assumptions made without a card, or "". ready :
    load the file as it is, without looking for a faster form. text : the files of its text side,
    None if it knows no words."""

    card: ModelCard
    path: Path
    sha256: str
    assumed: str = ""
    ready: bool = False
    text: TextFiles | None = None

    @property
    def fingerprint(self) -> str:
        """The fingerprint that a collection stores with vectors of this model."""
        return self.card.fingerprint(self.sha256, self.text.sha256 if self.text else "")

    def decoding(self, how: Decoding) -> "Model":
        """Return the same network for images that are decoded in this way."""
        if how == self.card.decode:
            return self
        if how != "exact" and "colour" in (how, self.card.decode):
            return replace(self, card=replace(self.card, decode=how))
        # Like the article: no rotation, Pillow's default filter.
        exact = replace(self.card, decode=how, orientation=False, resample="bicubic")
        return replace(self, card=exact)


def added_cards() -> list[ModelCard]:
    """Return the cards of the models that the user added."""
    return [read_card(path) for path in map(added_card, added_names()) if path is not None]


def resolve_model(spec: str | None = None) -> Model:
    """Return the model for a built-in or added name, FILE.onnx, CARD.toml or a folder with a model;
    the default for None.

    Raises UsageError for an unknown name, ModelError when a file cannot be used.
    """
    name = spec or DEFAULT
    for card in known_cards():
        if card.name == name:
            return _known_model(card)
    path = added_card(name)
    if path is not None:
        return _model_of_card(path)
    path = Path(name).expanduser()
    if path.suffix == ".onnx" and path.is_file():
        return _model_of_file(path)
    if path.suffix == ".toml" and path.is_file():
        return _model_of_card(path)
    if path.is_dir() and (model := _model_of_folder(path)) is not None:
        return model
    names = ", ".join([*(card.name for card in known_cards()), *added_names()])
    raise UsageError(
        f"no model {name}: it is neither a known one ({names}) nor an .onnx file, a .toml "
        "card or a folder with a model"
    )


def is_model_name(name: str) -> bool:
    """Return whether a built-in or added model has this name."""
    return name in (*(card.name for card in known_cards()), *added_names())


def has_text_side(spec: str) -> bool:
    """Return whether a model knows words, by its card or the files of its folder alone. False for a
    model that is not there."""
    path = added_card(spec)
    if path is None and is_model_name(spec):
        return False  # built in
    path = path or Path(spec).expanduser()
    if path.is_dir():
        cards = [path / CARD_NAME]
    else:
        cards = [path if path.suffix == ".toml" else path.with_suffix(".toml")]
        cards.append(path.with_name(CARD_NAME))
    for card in cards:
        if card.is_file():
            try:
                return read_card(card).text is not None
            except ModelError:
                return False
    places = ("textual/model.onnx", "onnx/text_model*.onnx")
    return path.is_dir() and any(True for place in places for _ in path.glob(place))


def weights_place(card: ModelCard) -> str:
    """Return a text for people that says where the weights of a built-in or added card are."""
    path = added_card(card.name)
    if path is not None:
        return str(path.parent / card.file)
    if not card.package:
        return "bring the file: --model FILE.onnx"
    try:
        return str(package_file(card))
    except ModelError as error:
        return str(error)


def _known_model(card: ModelCard) -> Model:
    if not card.package:
        raise ModelError(
            f"the weights of {card.name} do not come with sokkuri: get the ONNX file "
            f"({card.source.split(';')[0]}) and name it with --model FILE.onnx"
        )
    path = cached(f"{card.name}-{card.sha256[:12]}.onnx", card.sha256, lambda: build_network(card))
    return Model(card, path, card.sha256)


def _model_of_file(path: Path) -> Model:
    for beside in (path.with_suffix(".toml"), path.with_name("card.toml")):
        if beside.is_file():
            return _checked_model(read_card(beside), path, path.parent)
    from sokkuri.models.onnx_inspect import card_of_graph

    card = card_of_graph(path)
    height, width = card.size
    assumed = (
        f"{path.name} has no card: assumed RGB / {card.scale:g} at {width} x {height}, "
        f"{card.layout}, features from {card.output} ({card.dimension}-d); "
        f"write {path.stem}.toml to say otherwise"
    )
    return replace(_checked_model(card, path, path.parent), assumed=assumed)


def _model_of_card(path: Path) -> Model:
    card = read_card(path)
    return _checked_model(card, _file_of_card(card, path), path.parent)


def _model_of_folder(folder: Path) -> Model | None:
    """Return the model of a folder with a card, or in one of the layouts of `layouts.py`; None if
    there is none."""
    if (folder / CARD_NAME).is_file():
        return _model_of_card(folder / CARD_NAME)
    if not any((folder / name).is_dir() for name in ("visual", "onnx")):
        return None
    from sokkuri.models.layouts import card_of_folder

    card = card_of_folder(folder)
    return _checked_model(card, folder / card.file, folder)


def _file_of_card(card: ModelCard, path: Path) -> Path:
    file = path.parent / (card.file or f"{path.stem}.onnx")
    if not file.is_file() and card.url:
        raise ModelError(f"{path} has a network to fetch: `sokkuri models add {path}`")
    if not file.is_file():
        raise ModelError(f"{path} names {file.name}, which is not beside it")
    return file


def _checked_model(card: ModelCard, path: Path, folder: Path) -> Model:
    """Return the model of a card in this folder, whose ONNX file is at `path`. Raises ModelError
    if a file is missing, or does not have the SHA-256 in the card."""
    digest = file_sha256(path)
    _check_digest(path, digest, card.sha256)
    text = None
    if card.text is not None:
        network, tokenizer = _beside(card.text.file, folder), _beside(card.text.tokenizer, folder)
        digests = [_digest_with_weights(network, folder, card), file_sha256(tokenizer)]
        _check_digest(tokenizer, digests[1], card.files.get(card.text.tokenizer, ""))
        together = hashlib.sha256("".join(digests).encode()).hexdigest()
        text = TextFiles(network.resolve(), tokenizer.resolve(), together)
    whole = _digest_with_weights(path, folder, card, digest)
    return Model(card, path.resolve(), whole, text=text)


def _beside(name: str, folder: Path) -> Path:
    if not (folder / name).is_file():
        raise ModelError(f"{folder} lacks {name}, which its card names")
    return folder / name


def _digest_with_weights(path: Path, folder: Path, card: ModelCard, digest: str = "") -> str:
    """Return the SHA-256 of an ONNX file, or of it and the files beside it that contain its
    weights. digest : of the ONNX file, if it is known."""
    digest = digest or file_sha256(path)
    _check_digest(path, digest, _digest_in_card(path, folder, card))
    files = external_files_of(path)
    if not files:
        return digest
    together = hashlib.sha256(digest.encode())
    for file in files:
        own = file_sha256(file)
        _check_digest(file, own, _digest_in_card(file, folder, card))
        together.update(own.encode())
    return together.hexdigest()


def _digest_in_card(file: Path, folder: Path, card: ModelCard) -> str:
    return card.files.get(file.relative_to(folder).as_posix(), "")


def _check_digest(file: Path, digest: str, wanted: str) -> None:
    if wanted not in ("", digest):
        raise ModelError(
            f"{file} has SHA-256 {digest[:12]}, its card says {wanted[:12]}: "
            "it is damaged, or another version"
        )


def rounds_to_integers(model: Model) -> bool:
    """Return whether the network rounds values to integers inside. Does not parse its file."""
    return _contains(model.path, b"QuantizeLinear")  # or DynamicQuantizeLinear


def external_files_of(path: Path) -> list[Path]:
    """Return the files beside an ONNX file that contain its weights. Parses the file only if it may
    have some, because importing ONNX takes longer than loading most models."""
    if not _contains(path, b"location"):  # the key of ONNX's format for external files
        return []
    from sokkuri.models.onnx_inspect import external_files

    return external_files(path)


def _contains(path: Path, text: bytes) -> bool:
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(text) >= 0
