"""A small, quick ONNX network for tests. Its weights are fixed; each image has its own vector."""

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
    batch: int | None = None,
    opset: int = 17,
    shape: list[str | int | None] | None = None,
    input_type: int = TensorProto.FLOAT,
    with_maps: bool = False,
    weights_file: str = "",
) -> Path:
    """Write a network and return its path: a strided convolution, ReLU, the mean over the image,
    and a linear layer.

    batch : the only number of images that the network takes. shape : the declared shape of the
    input. input_type : the type of the input. with_maps : the maps of the convolution are an output
    too. weights_file : the name of a file beside the network that holds the weights.
    """
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
    if shape is None:
        sizes: list[int] = [3, size, size] if layout == "NCHW" else [size, size, 3]
        shape = [batch or "N", *sizes]
    first = "floats" if layout == "NHWC" else "pixels"
    nodes.insert(0, helper.make_node("Cast", [input], [first], to=TensorProto.FLOAT))
    if layout == "NHWC":
        nodes.insert(1, helper.make_node("Transpose", ["floats"], ["pixels"], perm=[0, 3, 1, 2]))
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch or "N", dimension])]
    if with_maps:
        outputs.insert(0, helper.make_tensor_value_info("active", TensorProto.FLOAT, [
            batch or "N", 16, size // 4, size // 4,
        ]))  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(input, input_type, shape)],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    opsets = [helper.make_opsetid("", opset)]
    version = helper.find_min_ir_version_for(opsets)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=version)
    if weights_file:
        onnx.save(model, path, save_as_external_data=True, location=weights_file, size_threshold=0)
    else:
        onnx.save(model, path)
    return path


def write_tiny_model_with_card(path: Path, dimension: int = 8) -> Path:
    """Write a network and its card, so that nothing about it is assumed. Return its path."""
    path.with_suffix(".toml").write_text(
        'name = "tiny"\ninput = "images"\noutput = "features"\nlayout = "NCHW"\nsize = 32\n'
        f"dimension = {dimension}\n"
    )
    return write_tiny_model(path, dimension=dimension)
