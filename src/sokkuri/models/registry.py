"""From what a person says to a network that can be loaded: a name, an ONNX file, a card.

Hands on a Model: the card, the ONNX file's path, and the fingerprint its features are kept under.
"""

import hashlib
import mmap
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from sokkuri.core.errors import ModelError, UsageError
from sokkuri.core.types import Decoding
from sokkuri.models.builtin import DEFAULT, known_cards
from sokkuri.models.cache import cached, file_sha256
from sokkuri.models.card import ModelCard, read_card
from sokkuri.models.installed import added_card, added_names


@dataclass(frozen=True, slots=True)
class Model:
    """A network ready to load. `sha256` : of its ONNX file and of the files beside it that hold its
    weights. `assumed` : one line on what was taken for granted, or "". `ready` : the file is loaded
    as it is; otherwise its fastest form is looked for."""

    card: ModelCard
    path: Path
    sha256: str
    assumed: str = ""
    ready: bool = False

    @property
    def fingerprint(self) -> str:
        """What its features are kept under."""
        return self.card.fingerprint(self.sha256)

    def decoding(self, how: Decoding) -> "Model":
        """The same network seeing pictures that were decoded in this way."""
        if how == self.card.decode:
            return self
        # As in the article: no rotation, Pillow's default filter.
        exact = replace(self.card, decode=how, orientation=False, resample="bicubic")
        return replace(self, card=exact)


def added_cards() -> list[ModelCard]:
    """The cards of the models that a person added."""
    return [read_card(path) for path in map(added_card, added_names()) if path is not None]


def resolve_model(spec: str | None = None) -> Model:
    """The model for a known or added name, FILE.onnx or CARD.toml; the default for None.

    Raises UsageError for a name that is not known, ModelError when a file cannot be used.
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
    names = ", ".join([*(card.name for card in known_cards()), *added_names()])
    raise UsageError(
        f"no model {name}: it is neither a known one ({names}) nor an .onnx file or .toml card"
    )


def weights_place(card: ModelCard) -> str:
    """Where the weights of a known or added card are, in words."""
    path = added_card(card.name)
    if path is not None:
        return str(path.parent / card.file)
    if not card.package:
        return "bring the file: --model FILE.onnx"
    try:
        return str(_package_file(card))
    except ModelError as error:
        return str(error)


def _known_model(card: ModelCard) -> Model:
    if not card.package:
        raise ModelError(
            f"the weights of {card.name} do not come with sokkuri: get the ONNX file "
            f"({card.source.split(';')[0]}) and name it with --model FILE.onnx"
        )
    weights = _package_file(card)

    def convert() -> bytes:
        # Only when it is not cached: ONNX takes longer to import than the model to load.
        from sokkuri.models.efficientnet_lite import build
        from sokkuri.models.torch_checkpoint import read_checkpoint

        return bytes(build(read_checkpoint(weights)).SerializeToString())

    path = cached(f"{card.name}-{card.sha256[:12]}.onnx", card.sha256, convert)
    return Model(card, path, card.sha256)


def _package_file(card: ModelCard) -> Path:
    """The weights inside an installed package, found without running the package's code."""
    package, _, inside = card.package.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelError(f"the package {package} is not installed: pip install sokkuri again")
    path = Path(spec.origin).parent / inside
    if not path.is_file():
        raise ModelError(f"{path} is missing: install the package {package} again")
    return path


def _model_of_file(path: Path) -> Model:
    for beside in (path.with_suffix(".toml"), path.with_name("card.toml")):
        if beside.is_file():
            return _checked(read_card(beside), path)
    from sokkuri.models.onnx_inspect import card_of_graph

    card = card_of_graph(path)
    height, width = card.size
    assumed = (
        f"{path.name} has no card: assumed RGB / {card.scale:g} at {width} x {height}, "
        f"{card.layout}, features from {card.output} ({card.dimension}-d); "
        f"write {path.stem}.toml to say otherwise"
    )
    return replace(_checked(card, path), assumed=assumed)


def _model_of_card(path: Path) -> Model:
    card = read_card(path)
    return _checked(card, _file_of_card(card, path))


def _file_of_card(card: ModelCard, path: Path) -> Path:
    file = path.parent / (card.file or f"{path.stem}.onnx")
    if not file.is_file() and card.url:
        raise ModelError(f"{path} has a network to fetch: `sokkuri models add {path}`")
    if not file.is_file():
        raise ModelError(f"{path} names {file.name}, which is not beside it")
    return file


def _checked(card: ModelCard, path: Path) -> Model:
    digest = file_sha256(path)
    if card.sha256 and card.sha256 != digest:
        raise ModelError(
            f"{path} has SHA-256 {digest[:12]}, its card says {card.sha256[:12]}: "
            "it is damaged, or another version"
        )
    beside = hashlib.sha256(digest.encode())
    files = external_files_of(path)
    for file in files:
        beside.update(file_sha256(file).encode())
    return Model(card, path.resolve(), beside.hexdigest() if files else digest)


def external_files_of(path: Path) -> list[Path]:
    """Files with weights beside the ONNX file, which is parsed only where it may have some: ONNX
    takes longer to import than most models to load."""
    if path.stat().st_size == 0:
        return []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find(b"location") < 0:  # the key that ONNX's format has for it
            return []
    from sokkuri.models.onnx_inspect import external_files

    return external_files(path)
