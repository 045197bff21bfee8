"""Measure the limits of a machine: the network at the rate of a large matrix product, and the
entropy decoding of a JPEG.

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
    operations = 2 * multiplications(onnx.load(model))
    network = operations / (2 * _SIDE**3) * _fastest(_matrix_product())
    return network, entropy_milliseconds(folder)


def entropy_milliseconds(folder: Path) -> float:
    """Return the milliseconds of the entropy decoding of a JPEG: the median of a folder."""
    files = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))[:60]]
    return statistics.median(_fastest(partial(_decode_small, data)) for data in files)


def _matrix_product() -> Callable[[], object]:
    """Return a function that multiplies two large matrices with ONNX Runtime, on one core."""
    sides = [_SIDE, _SIDE]
    a, b, c = (helper.make_tensor_value_info(name, TensorProto.FLOAT, sides) for name in "abc")
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "g", [a, b], [c])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    matrices = np.random.default_rng(0).random((2, *sides), np.float32)
    return lambda: session.run(["c"], {"a": matrices[0], "b": matrices[1]})


def multiplications(model: onnx.ModelProto) -> int:
    """Return the multiply-adds of the convolutions and matrix products for one image."""
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model).graph
    constants = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
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
