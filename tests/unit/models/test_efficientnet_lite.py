"""The built-in networks are built right: the same bytes, the same features, sensible classes."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from draw_images import draw
from run_cli import SHARED, find_real_photos

from sokkuri.core.errors import ModelError
from sokkuri.core.types import Limits
from sokkuri.images.decode import decode
from sokkuri.models import resolve_model, rounds_to_integers, weights_place
from sokkuri.models.build import build_network
from sokkuri.models.builtin import DEFAULT, FLOATS
from sokkuri.models.efficientnet_lite import Weights, build
from sokkuri.models.extractor import Extractor
from sokkuri.models.torch_checkpoint import read_checkpoint

GOLDEN = Path(__file__).parents[2] / "golden"


NETWORKS = FLOATS, DEFAULT


@pytest.fixture(scope="module")
def weights() -> Weights:
    return read_checkpoint(Path(weights_place(resolve_model(FLOATS).card)))


def test_the_bytes_depend_on_the_weights_alone(weights: Weights) -> None:
    """Guarantee: the fingerprints of the built-in networks are the same on every machine."""
    data = build(weights).SerializeToString()
    assert hashlib.sha256(data).hexdigest() == resolve_model(FLOATS).card.sha256
    assert data == build(dict(sorted(weights.items()))).SerializeToString()
    integers = resolve_model(DEFAULT).card
    assert hashlib.sha256(build_network(integers)).hexdigest() == integers.sha256


def test_golden_vectors() -> None:
    """Three pictures drawn by the tests' own code give the vectors that they gave when the
    network in floats was compared with PyTorch's, and the one in integers became the default."""
    pictures = np.stack([draw(seed, 224, 224) for seed in (1, 2, 3)])
    floats, integers = (Extractor(resolve_model(name)).extract(pictures) for name in NETWORKS)
    golden = [np.load(GOLDEN / f"{name}.npy") for name in NETWORKS]
    assert golden[0].shape == golden[1].shape == (3, 1280)
    np.testing.assert_allclose(floats, golden[0], atol=1e-4)
    lengths = np.linalg.norm(integers, axis=1) * np.linalg.norm(golden[1], axis=1)
    assert ((integers * golden[1]).sum(axis=1) / lengths).min() > 0.998, "processors round alike"
    assert [rounds_to_integers(resolve_model(name)) for name in NETWORKS] == [False, True]


def test_a_missing_tensor_is_named(weights: Weights) -> None:
    fewer = {name: array for name, array in weights.items() if name != "_conv_head.weight"}
    with pytest.raises(ModelError, match=r"lacks _conv_head\.weight"):
        build(fewer)


@pytest.mark.parametrize("shape", [(1280, 320, 1), (640, 320, 1, 1)])
def test_a_tensor_of_another_shape_is_named(weights: Weights, shape: tuple[int, ...]) -> None:
    wrong = {**weights, "_conv_head.weight": np.zeros(shape, np.float32)}
    with pytest.raises(ModelError, match=r"_conv_head and _bn1 .* have shapes that do not match"):
        build(wrong)


def top_classes(weights: Weights, paths: list[Path]) -> list[int]:
    """The likeliest ImageNet class of each photo, by the whole network."""
    spec = resolve_model(FLOATS).card.pixels
    session = onnxruntime.InferenceSession(build(weights, classes=True).SerializeToString())

    def top(path: Path) -> int:
        rgb = decode(path.read_bytes(), spec, Limits()).rgb
        values = ((rgb.astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
        (scores,) = session.run(["classes"], {"images": values})
        return int(scores[0].argmax())

    return [top(path) for path in paths]


JERSEY, SWIMMING_TRUNKS, GEYSER = 610, 842, 974
FOOTWEAR = {502, 514, 630, 770, 774, 788, 806}


def test_real_photos_get_sensible_classes(weights: Weights) -> None:
    """Evidence that the conversion is right: garments are seen as garments."""
    photos = find_real_photos(200)
    of = {name: [p for p in photos if p.parent.name == name] for name in ("T-Shirt", "Shorts")}
    assert Counter(top_classes(weights, of["T-Shirt"])).most_common(1)[0][0] == JERSEY
    assert Counter(top_classes(weights, of["Shorts"])).most_common(1)[0][0] == SWIMMING_TRUNKS
    shoes = top_classes(weights, [p for p in photos if p.parent.name == "Shoes"])
    assert sum(one in FOOTWEAR for one in shoes) > 0.7 * len(shoes)
    assert top_classes(weights, [SHARED / "exif" / "Portrait_1.jpg"]) == [GEYSER]
