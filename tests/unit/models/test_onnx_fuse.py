"""Hard swishes and hard sigmoids are found however they are spelled, and nothing else is."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from sokkuri.models.onnx_fuse import fuse

CONSTANTS = {"three": 3.0, "zero": 0.0, "six": 6.0, "sixth": 1 / 6, "seven": 7.0}
Step = tuple[str, list[str], str]


def model(steps: list[Step], opset: int, outputs: tuple[str, ...] = ("y",)) -> onnx.ModelProto:
    """x through the steps (operator, inputs, output); up to opset 10 Clip has attributes."""
    nodes = []
    for kind, inputs, output in steps:
        if kind == "Clip" and opset < 11:
            low, high = CONSTANTS[inputs[1]], CONSTANTS[inputs[2]]
            nodes.append(helper.make_node("Clip", inputs[:1], [output], min=low, max=high))
        else:
            nodes.append(helper.make_node(kind, inputs, [output]))
    shape: list[str | int | None] = ["N", 5]
    graph = helper.make_graph(
        nodes,
        "steps",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs],
        [numpy_helper.from_array(np.array(v, np.float32), name) for name, v in CONSTANTS.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def run(made: onnx.ModelProto) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(made.SerializeToString(), options)
    values = np.linspace(-7, 7, 20, dtype=np.float32).reshape(4, 5)
    return list(session.run(None, {"x": values}))


START: list[Step] = [("Add", ["x", "three"], "a"), ("Clip", ["a", "zero", "six"], "c")]
SPELLINGS: dict[str, list[Step]] = {
    "swish, sixth first": [*START, ("Mul", ["c", "sixth"], "s"), ("Mul", ["x", "s"], "y")],
    "swish, sixth last": [*START, ("Mul", ["x", "c"], "m"), ("Mul", ["m", "sixth"], "y")],
    "swish, turned round": [
        ("Add", ["three", "x"], "a"), ("Clip", ["a", "zero", "six"], "c"),
        ("Mul", ["c", "x"], "m"), ("Mul", ["sixth", "m"], "y"),
    ],
    "swish, divided": [*START, ("Mul", ["c", "x"], "m"), ("Div", ["m", "six"], "y")],
    "sigmoid": [*START, ("Mul", ["c", "sixth"], "y")],
    "sigmoid, divided": [*START, ("Div", ["c", "six"], "y")],
}  # fmt: skip


@pytest.mark.parametrize("opset", [9, 11, 13, 15, 21])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_fused_to_the_same_function(spelling: str, opset: int) -> None:
    made = model(SPELLINGS[spelling], opset)
    before = run(made)
    assert fuse(made) == 1
    onnx.checker.check_model(made)
    kinds = [node.op_type for node in made.graph.node]
    assert kinds[0] == "HardSigmoid"
    assert "Clip" not in kinds
    assert len(kinds) <= 2
    np.testing.assert_allclose(run(made)[0], before[0], rtol=1e-6, atol=1e-6)


OTHERS: dict[str, tuple[list[Step], tuple[str, ...]]] = {
    "another shift": (
        [("Add", ["x", "six"], "a"), ("Clip", ["a", "zero", "six"], "c"),
         ("Mul", ["c", "sixth"], "y")], ("y",)
    ),
    "another bound": (
        [("Add", ["x", "three"], "a"), ("Clip", ["a", "zero", "seven"], "c"),
         ("Mul", ["c", "sixth"], "y")], ("y",)
    ),
    "another factor": ([*START, ("Mul", ["c", "three"], "y")], ("y",)),
    "the sixth of six": ([*START, ("Div", ["six", "c"], "y")], ("y",)),
    "no shift": ([("Clip", ["x", "zero", "six"], "c"), ("Mul", ["c", "sixth"], "y")], ("y",)),
    "another is asked for": ([*START, ("Mul", ["c", "sixth"], "y")], ("y", "c")),
    "used twice": (
        [*START, ("Mul", ["c", "sixth"], "s"), ("Add", ["c", "s"], "y")], ("y",)
    ),
    "times something else": (
        [*START, ("Mul", ["c", "a"], "m"), ("Mul", ["m", "sixth"], "y")], ("y",)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_similar_graphs_are_not_fused(name: str) -> None:
    steps, outputs = OTHERS[name]
    made = model(steps, 15, outputs)
    before = made.SerializeToString()
    assert fuse(made) == 0
    kinds = [node.op_type for node in made.graph.node]
    assert kinds == [node.op_type for node in onnx.load_from_string(before).graph.node]


def test_a_whole_network_keeps_its_output(tmp_path: Path) -> None:
    """MobileNetV3 as tf2onnx spells it: 21 swishes and 8 gates, the same features within 1e-5."""
    from benchmarks.mobilenet_v3 import build

    made = build("tf2onnx")
    values = np.random.default_rng(1).random((2, 224, 224, 3), np.float32)

    def features(one: onnx.ModelProto) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        session = onnxruntime.InferenceSession(one.SerializeToString())
        found: np.ndarray[tuple[int, int], np.dtype[np.float32]]
        (found,) = session.run(None, {"inputs:0": values})
        return found

    before = features(made)
    assert fuse(made) == 29
    after = features(made)
    assert before.shape == (2, 1280)
    assert np.abs(after - before).max() <= 1e-5 * np.abs(before).max()
