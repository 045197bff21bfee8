"""Build EfficientNet-Lite0 as an ONNX graph from the tensors of its checkpoint.

The network is the Lite variant of Tan and Le, "EfficientNet", 2019, table 1: without
squeeze-excitation, with ReLU6 for swish, and with a stem and a head of fixed width. It has a 3 x 3
stem of 32 channels, seven stages of inverted residuals, and a 1 x 1 head of 1280 channels. The
checkpoint was trained with TensorFlow's padding, which adds an odd row or column at the bottom or
right. Batch norms are folded into the convolutions before them.
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
_EPSILON = 1e-3  # of every batch norm in training
_OPSET = 17
_IR_VERSION = 8

_STAGES = (
    # expansion, channels, repeats, stride of the first block, kernel
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

    classes : also return `classes` (N, 1000), the unnormalised ImageNet scores. The same weights
    give the same bytes. Raises ModelError if a tensor is missing or has the wrong shape.
    """
    graph = _Graph(weights)
    value = graph.add_convolution("images", "_conv_stem", "_bn0", kernel=3, stride=2, size=SIZE)
    size, block, channels = SIZE // 2, 0, 32
    for expansion, width, repeats, first_stride, kernel in _STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            name = f"_blocks.{block}"
            out = graph.add_block(value, name, expansion, kernel, stride, size)
            if stride == 1 and channels == width:
                out = graph.add_node("Add", [out, value])
            value, channels, block = out, width, block + 1
            size = -(-size // stride)
    value = graph.add_convolution(value, "_conv_head", "_bn1", kernel=1, stride=1, size=size)
    value = graph.add_node("GlobalAveragePool", [value])
    graph.add_node("Flatten", [value], output="features", axis=1)
    outputs = {"features": 1280}
    if classes:
        inputs = ["features", graph.add_tensor("_fc.weight"), graph.add_tensor("_fc.bias")]
        graph.add_node("Gemm", inputs, output="classes", transB=1)
        outputs["classes"] = 1000
    return graph.make_model(outputs)


@dataclass
class _Graph:
    """Builds a graph: adds nodes and constants in order. The methods return the name of a value."""

    weights: Weights
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def add_node(
        self, kind: str, inputs: list[str], *, output: str | None = None, **attributes: Any
    ) -> str:
        """Add a node, and return the name of its output."""
        name = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def add_constant(self, name: str, array: NDArray[Any]) -> str:
        """Add an array as float32, and return its name."""
        self.constants[name] = numpy_helper.from_array(
            np.ascontiguousarray(array, np.float32), name
        )
        return name

    def add_tensor(self, name: str) -> str:
        """Add a tensor of the checkpoint, and return its name."""
        return self.add_constant(name, self.tensor(name))

    def tensor(self, name: str) -> NDArray[Any]:
        """Return a tensor of the checkpoint. Raises ModelError if it is missing."""
        try:
            return self.weights[name]
        except KeyError:
            raise ModelError(f"the checkpoint of EfficientNet-Lite0 lacks {name}") from None

    def add_convolution(
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
        """Add a convolution with its batch norm, and ReLU6 if `activation`. size : width and height
        of the input."""
        weight, bias = self._fold(name, norm)
        out = self.add_node(
            "Conv",
            [
                value,
                self.add_constant(f"{name}.weight", weight),
                self.add_constant(f"{name}.bias", bias),
            ],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=_same_padding(size, kernel, stride),
            group=groups,
        )
        if not activation:
            return out
        low, high = (
            self.add_constant("zero", np.zeros(())),
            self.add_constant("six", np.full((), 6)),
        )
        return self.add_node("Clip", [out, low, high])

    def add_block(
        self, value: str, name: str, expansion: int, kernel: int, stride: int, size: int
    ) -> str:
        """Add the layers of an inverted residual, without its skip connection: expand, depthwise,
        project."""
        if expansion != 1:
            value = self.add_convolution(
                value, f"{name}._expand_conv", f"{name}._bn0", kernel=1, stride=1, size=size
            )
        depthwise = f"{name}._depthwise_conv"
        value = self.add_convolution(
            value,
            depthwise,
            f"{name}._bn1",
            kernel=kernel,
            stride=stride,
            size=size,
            groups=len(self.tensor(f"{depthwise}.weight")),
        )
        return self.add_convolution(
            value,
            f"{name}._project_conv",
            f"{name}._bn2",
            kernel=1,
            stride=1,
            size=-(-size // stride),
            activation=False,
        )

    def _fold(self, name: str, norm: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return weight and bias of a convolution with its batch norm folded in.

        The batch norm is y = (x - mean) / sqrt(variance + epsilon) * gain + bias.
        """
        weight = self.tensor(f"{name}.weight").astype(np.float64)
        gain, bias, mean, variance = (
            self.tensor(f"{norm}.{part}").astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        if weight.ndim != 4 or {part.shape for part in (gain, bias, mean, variance)} != {
            weight.shape[:1]
        }:
            raise ModelError(f"{name} and {norm} of the checkpoint have shapes that do not match")
        factor = gain / np.sqrt(variance + _EPSILON)
        return weight * factor[:, None, None, None], bias - mean * factor

    def make_model(self, outputs: Mapping[str, int]) -> onnx.ModelProto:
        """Return the checked model. outputs : names and widths. Raises ModelError."""
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
            first_line = str(error).splitlines()[0]
            raise ModelError(
                f"the checkpoint does not make a valid EfficientNet-Lite0: {first_line}"
            ) from error
        return model


def _same_padding(size: int, kernel: int, stride: int) -> list[int]:
    """Return ONNX pads for TensorFlow's SAME: ceil(size / stride) outputs, with an odd pixel at
    the bottom and right."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    before = total // 2
    return [before, before, total - before, total - before]
