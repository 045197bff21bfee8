"""Build a network of the size of CLIP's ViT-B/32, with drawn weights, to measure runtimes with."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

WIDTH, LAYERS, HEADS, PATCH, SIDE, NUMBERS = 768, 12, 12, 32, 224, 512
TOKENS = (SIDE // PATCH) ** 2 + 1


class _Graph:
    """Collects nodes and constants. Each method returns the name of a new value."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._rng = np.random.default_rng(0)

    def constant(self, array: NDArray[Any] | float) -> str:
        name = f"constant{len(self.constants)}"
        values = np.float32(array) if isinstance(array, float) else array
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def weights(self, *shape: int) -> str:
        return self.constant(0.02 * self._rng.standard_normal(shape, np.float32))

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def shaped(self, value: str, *shape: int) -> str:
        return self.node("Reshape", value, self.constant(np.array(shape, np.int64)))

    def linear(self, value: str, inputs: int, outputs: int) -> str:
        product = self.node("MatMul", value, self.weights(inputs, outputs))
        return self.node("Add", product, self.weights(outputs))

    def normalised(self, value: str) -> str:
        ones, zeros = self.constant(np.ones(WIDTH, np.float32)), self.weights(WIDTH)
        return self.node("LayerNormalization", value, ones, zeros, axis=-1, epsilon=1e-5)

    def heads(self, value: str, order: list[int]) -> str:
        split = self.shaped(self.linear(value, WIDTH, WIDTH), 0, 0, HEADS, WIDTH // HEADS)
        return self.node("Transpose", split, perm=order)

    def attended(self, value: str) -> str:
        query, key, content = (
            self.heads(value, order) for order in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        )
        scale = self.constant((WIDTH // HEADS) ** -0.5)
        likeness = self.node("Mul", self.node("MatMul", query, key), scale)
        mixed = self.node("MatMul", self.node("Softmax", likeness, axis=-1), content)
        joined = self.shaped(self.node("Transpose", mixed, perm=[0, 2, 1, 3]), 0, 0, WIDTH)
        return self.linear(joined, WIDTH, WIDTH)

    def gelu(self, value: str) -> str:
        error = self.node("Erf", self.node("Div", value, self.constant(2**0.5)))
        share = self.node("Add", error, self.constant(1.0))
        return self.node("Mul", self.node("Mul", value, share), self.constant(0.5))


def build_transformer() -> onnx.ModelProto:
    """Return the network: `images`, (1, 3, 224, 224) float32, to `features`, (1, 512)."""
    graph = _Graph()
    patches = graph.node(
        "Conv", "images", graph.weights(WIDTH, 3, PATCH, PATCH), strides=[PATCH, PATCH]
    )
    tokens = graph.node("Transpose", graph.shaped(patches, 0, WIDTH, TOKENS - 1), perm=[0, 2, 1])
    tokens = graph.node("Concat", graph.weights(1, 1, WIDTH), tokens, axis=1)
    value = graph.normalised(graph.node("Add", tokens, graph.weights(1, TOKENS, WIDTH)))
    for _ in range(LAYERS):
        value = graph.node("Add", value, graph.attended(graph.normalised(value)))
        inner = graph.gelu(graph.linear(graph.normalised(value), WIDTH, 4 * WIDTH))
        value = graph.node("Add", value, graph.linear(inner, 4 * WIDTH, WIDTH))
    first = graph.node("Gather", value, graph.constant(np.array(0, np.int64)), axis=1)
    graph.nodes.append(
        helper.make_node("MatMul", [first, graph.weights(WIDTH, NUMBERS)], ["features"])
    )
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "transformer",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, NUMBERS])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(made)
    return made
