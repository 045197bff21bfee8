"""A small ONNX network for tests: fixed weights, quick, and sensitive to what it sees."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_tiny_model(
    path: Path,
    *,
    dimension: int = 8,
    layout: str = "NCHW",
    size: int = 32,
    input: str = "images",  # noqa: A002 - ONNX's word
    output: str = "features",
    seed: int = 0,
) -> Path:
    """A strided convolution, ReLU, mean over the picture, and a linear layer."""
    rng = np.random.default_rng(seed)
    constants = {
        "kernel": rng.standard_normal((16, 3, 4, 4)).astype(np.float32),
        "head": rng.standard_normal((16, dimension)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["pixels", "kernel"], ["convolved"], strides=[4, 4]),
        helper.make_node("Relu", ["convolved"], ["active"]),
        helper.make_node("GlobalAveragePool", ["active"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "head"], [output]),
    ]
    shape: list[str | int | None] = ["N", 3, size, size]
    if layout == "NHWC":
        shape = ["N", size, size, 3]
        nodes.insert(0, helper.make_node("Transpose", [input], ["pixels"], perm=[0, 3, 1, 2]))
    else:
        nodes.insert(0, helper.make_node("Identity", [input], ["pixels"]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(input, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", dimension])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path
