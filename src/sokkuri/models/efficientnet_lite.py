"""Build EfficientNet-Lite0 as an ONNX graph from the tensors of its checkpoint.

The network (Tan and Le, "EfficientNet", 2019, table 1, in its Lite variant: no squeeze-excitation,
ReLU6 for swish, stem and head of fixed width): a 3 x 3 stem of 32, seven stages of inverted
residuals, a 1 x 1 head of 1280. The checkpoint was trained with TensorFlow's padding, which puts
the odd row at the bottom and the right. Batch norms are folded into the convolutions before them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sokkuri.core.errors import ModelError

SIZE = 224
_EPSILON = 1e-3  # of every batch norm, as it was trained
_OPSET = 17
_IR_VERSION = 8

_STAGES = (
    # expansion, channels, repeats, stride of the first, kernel
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)

Weights = Mapping[str, NDArray[Any]]


def build(weights: Weights, *, classes: bool = False) -> onnx.ModelProto:
    """Return the network: `images` (N, 3, 224, 224) float32 -> `features` (N, 1280) float32.

    classes : also give `classes` (N, 1000), the unnormalised ImageNet scores. The bytes depend on
    the weights alone. Raises ModelError when a tensor is missing or of another shape.
    """
    graph = _Graph(weights)
    value = graph.convolution("images", "_conv_stem", "_bn0", kernel=3, stride=2, size=SIZE)
    size, block, channels = SIZE // 2, 0, 32
    for expansion, width, repeats, first_stride, kernel in _STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            name = f"_blocks.{block}"
            out = graph.block(value, name, expansion, kernel, stride, size)
            if stride == 1 and channels == width:
                out = graph.node("Add", [out, value])
            value, channels, block = out, width, block + 1
            size = -(-size // stride)
    value = graph.convolution(value, "_conv_head", "_bn1", kernel=1, stride=1, size=size)
    value = graph.node("GlobalAveragePool", [value])
    graph.node("Flatten", [value], output="features", axis=1)
    outputs = {"features": 1280}
    if classes:
        inputs = ["features", graph.constant("_fc.weight"), graph.constant("_fc.bias")]
        graph.node("Gemm", inputs, output="classes", transB=1)
        outputs["classes"] = 1000
    return graph.model(outputs)


@dataclass
class _Graph:
    """Gathers nodes and constants in order."""

    weights: Weights
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def node(
        self, kind: str, inputs: list[str], *, output: str | None = None, **attributes: Any
    ) -> str:
        name = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def put(self, name: str, array: NDArray[Any]) -> str:
        self.constants[name] = numpy_helper.from_array(
            np.ascontiguousarray(array, np.float32), name
        )
        return name

    def constant(self, name: str) -> str:
        return self.put(name, self.tensor(name))

    def tensor(self, name: str) -> NDArray[Any]:
        try:
            return self.weights[name]
        except KeyError:
            raise ModelError(f"the checkpoint of EfficientNet-Lite0 lacks {name}") from None

    def convolution(
        self,
        value: str,
        name: str,
        norm: str,
        *,
        kernel: int,
        stride: int,
        size: int,
        groups: int = 1,
        activation: bool = True,
    ) -> str:
        """Convolution with its batch norm folded in, then ReLU6. size : of the square input."""
        weight, bias = self._folded(name, norm)
        out = self.node(
            "Conv",
            [value, self.put(f"{name}.weight", weight), self.put(f"{name}.bias", bias)],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=_same_padding(size, kernel, stride),
            group=groups,
        )
        if not activation:
            return out
        low, high = self.put("zero", np.zeros(())), self.put("six", np.full((), 6))
        return self.node("Clip", [out, low, high])

    def block(
        self, value: str, name: str, expansion: int, kernel: int, stride: int, size: int
    ) -> str:
        """An inverted residual's own path: expand, depthwise, project."""
        if expansion != 1:
            value = self.convolution(
                value, f"{name}._expand_conv", f"{name}._bn0", kernel=1, stride=1, size=size
            )
        depthwise = f"{name}._depthwise_conv"
        value = self.convolution(
            value,
            depthwise,
            f"{name}._bn1",
            kernel=kernel,
            stride=stride,
            size=size,
            groups=len(self.tensor(f"{depthwise}.weight")),
        )
        return self.convolution(
            value,
            f"{name}._project_conv",
            f"{name}._bn2",
            kernel=1,
            stride=1,
            size=-(-size // stride),
            activation=False,
        )

    def _folded(self, name: str, norm: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """weight and bias of the convolution followed by y = (x - mean) / sqrt(var + e) * g + b."""
        weight = self.tensor(f"{name}.weight").astype(np.float64)
        gain, bias, mean, variance = (
            self.tensor(f"{norm}.{part}").astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        if weight.ndim != 4 or {part.shape for part in (gain, bias, mean, variance)} != {
            weight.shape[:1]
        }:
            raise ModelError(f"{name} and {norm} of the checkpoint do not fit together")
        factor = gain / np.sqrt(variance + _EPSILON)
        return weight * factor[:, None, None, None], bias - mean * factor

    def model(self, outputs: Mapping[str, int]) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "efficientnet-lite0",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
                for name, width in outputs.items()
            ],
            list(self.constants.values()),
        )
        model = helper.make_model(
            graph,
            producer_name="sokkuri",
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
        )
        try:
            onnx.checker.check_model(model, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            first = str(error).splitlines()[0]
            raise ModelError(
                f"the checkpoint gives no sound EfficientNet-Lite0: {first}"
            ) from error
        return model


def _same_padding(size: int, kernel: int, stride: int) -> list[int]:
    """TensorFlow's SAME: ceil(size / stride) outputs, the odd pixel at the bottom and right."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    before = total // 2
    return [before, before, total - before, total - before]
