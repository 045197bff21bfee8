"""Pixels to vectors: right, the same from every thread, and refused in one line."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from draw_images import draw
from joint_model import write_image_network
from onnx import TensorProto, helper
from tiny_model import write_tiny_model

from sokkuri.core.errors import ExtractError, ModelError
from sokkuri.models import Model, ModelCard, resolve_model
from sokkuri.models.extractor import Extractor


def test_the_same_bits_from_one_thread_and_from_four() -> None:
    """Guarantee: runs are equal bit for bit, however many workers they have."""
    pictures = [draw(seed, 224, 224)[None] for seed in range(12)]
    extractor = Extractor(resolve_model())
    alone = [extractor.extract(picture).tobytes() for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = [one.tobytes() for one in pool.map(extractor.extract, pictures * 3)]
    assert together == alone * 3


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_the_preprocessing_is_the_cards(layout: str, scale: float, tmp_path: Path) -> None:
    """The network sees (x / scale - mean) / std: compared with the plainest formula."""
    path = write_tiny_model(tmp_path / "tiny.onnx", layout=layout)
    card = replace(
        resolve_model(str(path)).card,
        scale=scale,
        mean=(0.485 * 255 / scale, 0.456 * 255 / scale, 0.406 * 255 / scale),
        std=(0.229, 0.224, 0.225),
    )
    pictures = np.stack([draw(seed, 32, 32) for seed in range(5)])
    features = Extractor(Model(card, path, "")).extract(pictures)
    values = (pictures.astype(np.float64) / scale - card.mean) / card.std
    if layout == "NCHW":
        values = values.transpose(0, 3, 1, 2)
    session = onnxruntime.InferenceSession(path)
    (expected,) = session.run(None, {"images": values.astype(np.float32)})
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    assert features.dtype == np.float32
    assert features.flags.c_contiguous


def card(**changes: object) -> ModelCard:
    plain = ModelCard("tiny", "images", "features", "NCHW", (32, 32), 8)
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"input": "x"}, {"output": "y"}])
def test_a_card_that_names_other_tensors_is_refused(change: dict[str, str], tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "tiny.onnx")
    with pytest.raises(ModelError, match="as its card says"):
        Extractor(Model(card(**change), path, ""))


def test_a_file_that_cannot_be_loaded_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match=r"bad\.onnx cannot be loaded") as raised:
        Extractor(Model(card(), tmp_path / "bad.onnx", ""))
    assert "\n" not in str(raised.value)


def test_another_dimension_than_the_cards_is_refused(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "tiny.onnx", dimension=9)
    with pytest.raises(ExtractError, match="returned 9 numbers, not 8 as its card says"):
        Extractor(Model(card(), path, "")).extract(np.zeros((1, 32, 32, 3), np.uint8))


def test_pixels_of_another_size_are_refused(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "tiny.onnx")
    with pytest.raises(ExtractError, match="the network failed"):
        Extractor(Model(card(), path, "")).extract(np.zeros((1, 31, 32, 3), np.uint8))


def test_a_vector_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    """No NaN ever reaches a shard: it would compare equal to nothing."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Log", ["flat"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "log",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, 32, 32])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 3])],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "log.onnx")
    extractor = Extractor(Model(card(dimension=3), tmp_path / "log.onnx", ""))
    assert np.isfinite(extractor.extract(np.full((1, 32, 32, 3), 9, np.uint8))).all()
    with pytest.raises(ExtractError, match="not finite"):
        extractor.extract(np.zeros((1, 32, 32, 3), np.uint8))


def test_bytes_with_a_card_for_floats_are_refused(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "tiny.onnx", input_type=TensorProto.UINT8)
    assert Extractor(Model(card(scale=1.0), path, "")).dimension == 8
    for wrong in (card(), card(scale=1.0, mean=(0.5, 0.5, 0.5))):
        with pytest.raises(ModelError, match=r"its card must have scale = 1"):
            Extractor(Model(wrong, path, ""))


def test_the_first_of_a_sequence_of_vectors_is_taken(tmp_path: Path) -> None:
    picture = draw(0, 16, 16)[None]
    vectors = []
    for tokens, pooling in ((0, "none"), (5, "first")):
        path = write_image_network(tmp_path / f"{tokens}.onnx", output="features", tokens=tokens)
        of_network = card(input="image", size=(16, 16), pooling=pooling)
        vectors.append(Extractor(Model(of_network, path, "")).extract(picture))
    np.testing.assert_array_equal(vectors[0], vectors[1])
