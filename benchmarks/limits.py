"""Measure the limits of a machine: the network at the rate of a large matrix product, and the
entropy decoding of a JPEG. The numbers of the matrices are floats, or 8-bit integers for a network
of integers.

    python -m benchmarks.limits FOLDER MODEL.onnx

Prints the milliseconds of both for one image on one core. A decode at an eighth of the scale is
almost only entropy decoding: the rest has a sixty-fourth of the work.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from PIL import Image

from sokkuri.models import resolve_model
from sokkuri.models.builtin import FLOATS

_SIDE = 1536


def milliseconds(folder: Path, model: Path) -> tuple[float, float]:
    """Return the milliseconds of the network and of the JPEG."""
    graph = onnx.load(model)
    integers = any(node.op_type == "DequantizeLinear" for node in graph.graph.node)
    product = _integer_product() if integers else _float_product()
    network = multiplications(graph) / _SIDE**3 * _fastest(product)
    return network, entropy_milliseconds(folder)


def entropy_milliseconds(folder: Path) -> float:
    """Return the milliseconds of the entropy decoding of a JPEG: the median of a folder."""
    files = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))[:60]]
    return statistics.median(_fastest(partial(_decode_small, data)) for data in files)


def _float_product() -> Callable[[], object]:
    """Return a function that multiplies two large matrices with ONNX Runtime, on one core."""
    matrices = np.random.default_rng(0).random((2, _SIDE, _SIDE), np.float32)
    return _product("MatMul", matrices[0], matrices[1], TensorProto.FLOAT)


def _integer_product() -> Callable[[], object]:
    """Return the same for matrices of integers. They have 7 bits, as the weights of our networks:
    kernels without VNNI need them so.
    """
    matrices = np.random.default_rng(0).integers(0, 64, (2, _SIDE, _SIDE))
    a, b = matrices[0].astype(np.uint8), matrices[1].astype(np.int8)
    return _product("MatMulInteger", a, b, TensorProto.INT32)


def _product(operator: str, a: np.ndarray, b: np.ndarray, of: int) -> Callable[[], object]:
    types = [helper.np_dtype_to_tensor_dtype(matrix.dtype) for matrix in (a, b)]
    inputs = [
        helper.make_tensor_value_info(name, kind, a.shape)
        for name, kind in zip("ab", types, strict=True)
    ]
    output = helper.make_tensor_value_info("c", of, a.shape)
    node = helper.make_node(operator, ["a", "b"], ["c"])
    graph = helper.make_graph([node], "g", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return lambda: session.run(["c"], {"a": a, "b": b})


def multiplications(model: onnx.ModelProto) -> int:
    """Return the multiply-adds of the convolutions and matrix products for one image."""
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model).graph
    constants = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    constants |= {
        node.output[0]: constants[node.input[0]]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in constants
    }
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.value_info, *graph.output)
    }
    return sum(
        int(np.prod(constants[node.input[1]][1:])) * int(np.prod(shapes[node.output[0]]))
        for node in graph.node
        if node.op_type in ("Conv", "Gemm", "MatMul") and node.input[1] in constants
    )


def _decode_small(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.draft(None, (1, 1))
        image.load()


def _fastest(work: Callable[[], object], rounds: int = 9) -> float:
    """Return the milliseconds of the fastest round: a limit is not an average."""
    took = []
    for _ in range(rounds):
        started = time.thread_time()
        work()
        took.append((time.thread_time() - started) * 1000)
    return min(took)


if __name__ == "__main__":
    where = resolve_model(FLOATS).path if len(sys.argv) < 3 else Path(sys.argv[2])
    print(*milliseconds(Path(sys.argv[1]), where))
