"""What a machine could reach at most: the network at the rate of a large matrix product, and of the
JPEG nothing but its entropy decoding.

    python -m benchmarks.limits FOLDER MODEL.onnx

Prints the milliseconds of both for one image on one core. Entropy decoding is what is left of a
decode at an eighth of the scale, where the rest is a sixty-fourth of the work.
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

_SIDE = 1536


def milliseconds(folder: Path, model: Path) -> tuple[float, float]:
    """The network's and the JPEG's."""
    operations = 2 * multiplications(onnx.load(model))
    network = operations / (2 * _SIDE**3) * _fastest(_matrix_product())
    files = [path.read_bytes() for path in sorted(folder.iterdir())[:60]]
    return network, statistics.median(_fastest(partial(_entropy, data)) for data in files)


def _matrix_product() -> Callable[[], object]:
    """A product of two large matrices by ONNX Runtime, on one core."""
    sides = [_SIDE, _SIDE]
    a, b, c = (helper.make_tensor_value_info(name, TensorProto.FLOAT, sides) for name in "abc")
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "g", [a, b], [c])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    drawn = np.random.default_rng(0).random((2, *sides), np.float32)
    return lambda: session.run(["c"], {"a": drawn[0], "b": drawn[1]})


def multiplications(model: onnx.ModelProto) -> int:
    """Multiply-adds of the convolutions and matrix products for one image."""
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model).graph
    constants = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    shapes = {
        value.name: [one.dim_value for one in value.type.tensor_type.shape.dim]
        for value in (*graph.value_info, *graph.output)
    }
    return sum(
        int(np.prod(constants[node.input[1]][1:])) * int(np.prod(shapes[node.output[0]]))
        for node in graph.node
        if node.op_type in ("Conv", "Gemm", "MatMul") and node.input[1] in constants
    )


def _entropy(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.draft(None, (1, 1))
        image.load()


def _fastest(work: Callable[[], object], rounds: int = 9) -> float:
    """Milliseconds of the fastest of some rounds: a limit is not an average."""
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1000)
    return min(took)


if __name__ == "__main__":
    where = resolve_model().path if len(sys.argv) < 3 else Path(sys.argv[2])
    print(*milliseconds(Path(sys.argv[1]), where))
