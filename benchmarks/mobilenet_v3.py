"""Build MobileNetV3-Large 1.0 as a feature network with random weights, to measure its speed.

    python -m benchmarks.mobilenet_v3 FILE.onnx tf2onnx|fused

Layers as in Howard et al., "Searching for MobileNetV3" (2019), table 1, up to the 1280 numbers
before the classifier. Batch norms are folded, as converters do. Each convolution is scaled to a
standard deviation of 1 on one picture, so activations stay in range. There are two forms of the
same function: the one that tf2onnx writes for TensorFlow (NHWC, x / 255, hard swish as Add, Clip,
Mul, Mul), and one with ONNX's own operators (NCHW, HardSwish).
"""

import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Dialect = Literal["tf2onnx", "fused"]
Array = NDArray[np.float32]

SIZE, DIMENSION = 224, 1280
_STEM = 16
_BLOCKS = (
    # kernel, expanded, out, squeeze-and-excite, activation, stride
    (3, 16, 16, False, "relu", 1),
    (3, 64, 24, False, "relu", 2),
    (3, 72, 24, False, "relu", 1),
    (5, 72, 40, True, "relu", 2),
    (5, 120, 40, True, "relu", 1),
    (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "swish", 2),
    (3, 200, 80, False, "swish", 1),
    (3, 184, 80, False, "swish", 1),
    (3, 184, 80, False, "swish", 1),
    (3, 480, 112, True, "swish", 1),
    (3, 672, 112, True, "swish", 1),
    (5, 672, 160, True, "swish", 2),
    (5, 960, 160, True, "swish", 1),
    (5, 960, 160, True, "swish", 1),
)
_LAST = 960


class _Net:
    """Builds a graph. weights : by layer; the first network that is built fills them."""

    def __init__(self, dialect: Dialect, weights: dict[int, tuple[Array, Array]]) -> None:
        self.dialect = dialect
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.weights = weights
        self._layer = 0
        self._rng = np.random.default_rng(20190506)
        self._picture = _picture(self._rng)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value: Array | float | list[int]) -> str:
        name = f"constant_{len(self.constants)}"
        kind = np.int64 if isinstance(value, list) else np.float32
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def conv(self, x: str, shape: tuple[int, int, int], stride: int = 1, groups: int = 1) -> str:
        """Add a convolution. shape : output channels, input channels of a group, kernel size."""
        layer, self._layer = self._layer, self._layer + 1
        out, inside, kernel = shape
        same = "SAME_UPPER" if kernel > 1 else "NOTSET"

        def node(kernel_: Array, bias: Array) -> str:
            names = (x, self.constant(kernel_), self.constant(bias))
            return self.add(
                "Conv", *names, auto_pad=same, strides=[stride, stride], group=groups,
                kernel_shape=[kernel, kernel],
            )  # fmt: skip

        if layer not in self.weights:
            shape_ = (out, inside, kernel, kernel)
            drawn: Array = self._rng.standard_normal(shape_).astype(np.float32)
            drawn /= np.float32(np.sqrt(inside * kernel * kernel))
            bias: Array = np.zeros(out, np.float32)
            values = self._values(node(drawn, bias))
            del self.nodes[-1], self.constants[-2:]
            drawn = (drawn / (values.std() + 1e-6)).astype(np.float32)
            # A random bias: a fusion could drop a bias of zeros.
            bias = (self._rng.standard_normal(out) / 10).astype(np.float32)
            self.weights[layer] = (drawn, bias)
        return node(*self.weights[layer])

    def activation(self, x: str, kind: str) -> str:
        if kind == "relu":
            return self.add("Relu", x)
        if self.dialect == "fused":
            return self.add("HardSwish" if kind == "swish" else "HardSigmoid", x, **_slope(kind))
        shifted = self.add("Add", x, self.constant(3.0))
        clipped = self.add("Clip", shifted, self.constant(0.0), self.constant(6.0))
        if kind == "swish":
            clipped = self.add("Mul", x, clipped)
        return self.add("Mul", clipped, self.constant(1 / 6))

    def block(self, x: str, inside: int, plan: tuple[int, int, int, bool, str, int]) -> str:
        kernel, expanded, out, excite, kind, stride = plan
        y = x
        if expanded != inside:
            y = self.activation(self.conv(x, (expanded, inside, 1)), kind)
        y = self.conv(y, (expanded, 1, kernel), stride, expanded)
        y = self.activation(y, kind)
        if excite:
            y = self._excite(y, expanded)
        y = self.conv(y, (out, expanded, 1))
        return self.add("Add", x, y) if stride == 1 and inside == out else y

    def _excite(self, x: str, channels: int) -> str:
        fewer = max(8, (channels // 4 + 4) // 8 * 8)
        y = self.add("GlobalAveragePool", x)
        y = self.activation(self.conv(y, (fewer, channels, 1)), "relu")
        y = self.activation(self.conv(y, (channels, fewer, 1)), "sigmoid")
        return self.add("Mul", x, y)

    def model(self, output: str, shape: list[str | int]) -> onnx.ModelProto:
        """Return the network from the images to `output`. shape : of the output."""
        input_shape: list[str | int] = ["N", 3, SIZE, SIZE]
        name = "images"
        if self.dialect == "tf2onnx":
            input_shape, name = ["N", SIZE, SIZE, 3], "inputs:0"
        graph = helper.make_graph(
            self.nodes,
            "mobilenet_v3_large",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
            self.constants,
        )
        opset = helper.make_opsetid("", 15)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8)

    def _values(self, name: str) -> Array:
        model = self.model(name, ["N", "C", "H", "W"])
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        pixels = self._picture
        if self.dialect == "tf2onnx":
            pixels = pixels.transpose(0, 2, 3, 1)
        values: Array = session.run([name], {session.get_inputs()[0].name: pixels})[0]
        return values


def build(dialect: Dialect) -> onnx.ModelProto:
    """Return the network in one of the two forms. Both have the same weights."""
    weights: dict[int, tuple[Array, Array]] = {}
    model = _build("fused", weights)
    return model if dialect == "fused" else _build(dialect, weights)


def _build(dialect: Dialect, weights: dict[int, tuple[Array, Array]]) -> onnx.ModelProto:
    net = _Net(dialect, weights)
    x = "images"
    if dialect == "tf2onnx":
        x = net.add("Transpose", "inputs:0", perm=[0, 3, 1, 2])
    # The network takes -1 to 1; that of TensorFlow Hub converts 0 to 1 itself.
    x = net.add("Sub", net.add("Mul", x, net.constant(2.0)), net.constant(1.0))
    x = net.activation(net.conv(x, (_STEM, 3, 3), 2), "swish")
    inside = _STEM
    for plan in _BLOCKS:
        x, inside = net.block(x, inside, plan), plan[2]
    x = net.activation(net.conv(x, (_LAST, inside, 1)), "swish")
    x = net.add("GlobalAveragePool", x)
    x = net.activation(net.conv(x, (DIMENSION, _LAST, 1)), "swish")
    net.nodes.append(helper.make_node("Flatten", [x], ["feature_vector"]))
    return net.model("feature_vector", ["N", DIMENSION])


def _slope(kind: str) -> dict[str, float]:
    return {"alpha": 1 / 6, "beta": 0.5} if kind == "sigmoid" else {}


def _picture(rng: np.random.Generator) -> Array:
    """Return a picture with structure at several scales : (1, 3, 224, 224), 0 to 1."""
    picture = np.zeros((3, SIZE, SIZE))
    for cells in (7, 28, 112):
        side = SIZE // cells
        picture += np.kron(rng.random((3, cells, cells)), np.ones((1, side, side))) / 3
    return picture[None].astype(np.float32)


if __name__ == "__main__":
    requested: Dialect = "fused" if sys.argv[2] == "fused" else "tf2onnx"
    onnx.save(build(requested), Path(sys.argv[1]))
