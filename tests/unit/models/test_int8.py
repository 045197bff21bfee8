"""Networks of 8-bit integers: exact sums on every processor, the same bytes, near the floats."""

import numpy as np
import onnx
import onnxruntime
import pytest
from draw_images import draw
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sokkuri.core.errors import ModelError
from sokkuri.models import resolve_model
from sokkuri.models.extractor import Extractor
from sokkuri.models.int8 import Ranges, quantize, ranged_values

SIZE = 8


def network(fill: float, groups: dict[str, int]) -> onnx.ModelProto:
    """Convolutions of 16 channels in a row, each with ReLU6, and a sum at the end. fill : of all
    weights. groups : of each convolution."""
    value, channels, nodes, constants = "images", 3, [], [
        numpy_helper.from_array(np.array(0, np.float32), "zero"),
        numpy_helper.from_array(np.array(6, np.float32), "six"),
    ]  # fmt: skip
    for name, group in groups.items():
        weight = np.full((16, channels // group, 3, 3), fill / (9 * channels // group), np.float32)
        weight[0] = 0  # a channel of nothing but its bias
        bias = np.linspace(-1, 5, 16, dtype=np.float32)
        constants += [numpy_helper.from_array(weight, f"{name}.w")]
        constants += [numpy_helper.from_array(bias, f"{name}.b")]
        nodes.append(helper.make_node(
            "Conv", [value, f"{name}.w", f"{name}.b"], [f"{name}.conv"], pads=[1] * 4, group=group,
        ))  # fmt: skip
        nodes.append(helper.make_node("Clip", [f"{name}.conv", "zero", "six"], [name]))
        value, channels = name, 16
    nodes.append(helper.make_node("Add", [value, value], ["sum"]))
    nodes.append(helper.make_node("GlobalAveragePool", ["sum"], ["features"]))
    graph = helper.make_graph(
        nodes,
        "convolutions",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 16, 1, 1])],
        constants,
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


GROUPS = {"first": 1, "deep": 16, "second": 1, "third": 1}
RANGES: Ranges = {**dict.fromkeys(GROUPS, (0.0, 6.0)), "sum": (0.0, 12.0)}


def run(
    model: onnx.ModelProto, *, as_written: bool = False, **values: NDArray[np.generic]
) -> NDArray[np.float32]:
    """Run a network. as_written : operator by operator, so that sums are computed in floats."""
    options = onnxruntime.SessionOptions()
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    (out,) = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, values)
    result: NDArray[np.float32] = out.reshape(-1)
    return result


@pytest.mark.parametrize("fill", [6.0, 1.0, -2.0])
def test_sums_of_the_largest_products_are_exact(fill: float) -> None:
    """Guarantee: in every kind of layer, all sums fit into the 16 bits that processors add in."""
    model = quantize(network(fill, GROUPS), RANGES, zero=127, one=128.0)
    pixels = np.full((1, SIZE, SIZE, 3), 255, np.uint8)
    exact = run(model, as_written=True, pixels=pixels)
    np.testing.assert_allclose(run(model, pixels=pixels), exact, atol=12 / 255)
    kinds = {one.name: (one.data_type, abs(numpy_helper.to_array(one).astype(int)).max())
             for one in model.graph.initializer if one.name.endswith("w.q")}  # fmt: skip
    fine = TensorProto.UINT8, 255 if fill > 0 else 128
    assert kinds == {
        "first.w.q": fine, "second.w.q": fine, "deep.w.q": (TensorProto.INT8, 127),
        "third.w.q": (TensorProto.INT8, 63),
    }  # fmt: skip


def test_vectors_are_near_those_of_floats() -> None:
    plain = network(2.0, GROUPS)
    assert ranged_values(plain.graph) == list(RANGES)
    model = quantize(plain, RANGES, zero=127, one=128.0)
    for seed in range(3):
        pixels = draw(seed, SIZE, SIZE)[None]
        floats = ((pixels.astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2)
        difference = run(model, pixels=pixels) - run(plain, images=floats)
        assert abs(difference).max() < 2 * 12 / 255


def test_the_same_tables_give_the_same_bytes() -> None:
    first = quantize(network(2.0, GROUPS), RANGES, zero=127, one=128.0)
    turned = dict(reversed(list(RANGES.items())))
    again = quantize(network(2.0, GROUPS), turned, zero=127, one=128.0)
    assert first.SerializeToString() == again.SerializeToString()


def test_a_missing_range_is_named() -> None:
    fewer = {name: range_ for name, range_ in RANGES.items() if name != "deep"}
    with pytest.raises(ModelError, match="lacks deep"):
        quantize(network(2.0, GROUPS), fewer, zero=127, one=128.0)


def test_the_integers_of_the_built_in_network_are_near_its_floats() -> None:
    pictures = np.stack([draw(seed, 224, 224) for seed in (1, 2, 3)])
    floats, integers = (
        Extractor(resolve_model(name)).extract(pictures)
        for name in ("efficientnet-lite0", "efficientnet-lite0-int8")
    )
    lengths = np.linalg.norm(floats, axis=1) * np.linalg.norm(integers, axis=1)
    assert ((floats * integers).sum(axis=1) / lengths).min() > 0.9
