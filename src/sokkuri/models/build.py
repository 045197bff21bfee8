"""Build the ONNX file of a card whose weights come with sokkuri.

Takes the card; returns the bytes of the file, which depend on the weights and on the table of
ranges alone. Importing ONNX takes longer than loading a network, so only a conversion does it.
"""

from importlib.util import find_spec
from pathlib import Path

from sokkuri.core.errors import ModelError
from sokkuri.models.builtin import read_ranges
from sokkuri.models.card import ModelCard

_ZERO, _ONE = 127, 128.0  # the float network gets (x - 127) / 128


def package_file(card: ModelCard) -> Path:
    """Return the weights inside an installed package, without running the package's code."""
    package, _, inside = card.package.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelError(f"the package {package} is not installed: install sokkuri again")
    path = Path(spec.origin).parent / inside
    if not path.is_file():
        raise ModelError(f"{path} is missing: install the package {package} again")
    return path


def build_network(card: ModelCard) -> bytes:
    """Return the ONNX file of the card. Raises ModelError when the weights are not as expected."""
    from sokkuri.models.efficientnet_lite import build
    from sokkuri.models.torch_checkpoint import read_checkpoint

    network = build(read_checkpoint(package_file(card)))
    if ranges := read_ranges(card.name):
        from sokkuri.models.int8 import quantize

        network = quantize(network, ranges, zero=_ZERO, one=_ONE)
    return bytes(network.SerializeToString())
