"""Rewrite a convolutional network for 8-bit integers, with the range of each value in a table.

Takes the float graph and the table; returns a graph in ONNX's form for quantized networks
(QuantizeLinear and DequantizeLinear around each operator), which ONNX Runtime fuses to integer
operators. The same graph and table give the same bytes, whatever versions are installed.

Values are unsigned bytes. Processors without VNNI (AVX2) add two products of an unsigned and a
signed byte in 16 bits, and lose what does not fit. So weights are signed and from -63 to 63: two
products are at most 2 * 255 * 63, which fits. Where the network needs finer ones, weights have 8
bits: those of depthwise convolutions, whose products are not added in pairs, and those of the first
two other convolutions. The latter are unsigned with 128 for zero: every processor adds products of
unsigned bytes in 32 bits, which takes longer. So the sums of convolutions are exact on all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sokkuri.core.errors import ModelError

FINE = 2
"""The number of convolutions with 8-bit weights, from the first on; depthwise ones do not count."""

_Kind = tuple[type[np.integer[Any]], int, int]
"""Dtype, largest weight, and zero."""
_DEPTHWISE: _Kind = np.int8, 127, 0
_FINE: _Kind = np.uint8, 127, 128
_OTHER: _Kind = np.int8, 63, 0
_LARGEST_BIAS = 2**30

Ranges = Mapping[str, tuple[float, float]]
"""The smallest and largest number of each value of the float graph, by its name."""


def ranged_values(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the values that need a range: outputs of convolutions (after their Clip,
    if one follows) and of additions."""
    clipped = {node.input[0] for node in graph.node if node.op_type == "Clip"}
    return [
        node.output[0]
        for node in graph.node
        if node.op_type in ("Conv", "Clip", "Add") and node.output[0] not in clipped
    ]


def quantize(model: onnx.ModelProto, ranges: Ranges, *, zero: int, one: float) -> onnx.ModelProto:
    """Return the network with integers inside. It takes pixels as they are: uint8, (N, H, W, 3).

    model : Conv, Clip from 0, Add and what follows the last of them; its input is (N, 3, H, W).
    zero, one : the float network gets (x - zero) / one for a pixel x. Raises ModelError when the
    table lacks a value.
    """
    writer = _Writer(model.graph, ranges)
    writer.add_input(zero, one)
    for node in model.graph.node:
        writer.add(node)
    return writer.finish(model)


@dataclass
class _Writer:
    """Writes the new graph, node by node. scales : scale and zero point of each value."""

    graph: onnx.GraphProto
    ranges: Ranges
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    scales: dict[str, tuple[np.float32, np.uint8]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._arrays = {one.name: numpy_helper.to_array(one) for one in self.graph.initializer}
        self._full = 0  # convolutions so far, without the depthwise ones
        self._users = {name: node for node in self.graph.node for name in node.input}

    def add_input(self, zero: int, one: float) -> None:
        """Add what turns pixels into the float network's input."""
        name = self.graph.input[0].name
        self.scales[name] = np.float32(1 / one), np.uint8(zero)
        self._node("Transpose", ["pixels"], f"{name}.q", perm=[0, 3, 1, 2])
        self._dequantize(name)

    def add(self, node: onnx.NodeProto) -> None:
        """Add the integer form of a node of the float graph."""
        if node.op_type == "Clip":
            return  # the range of its output, as unsigned bytes, clips in its place
        inputs, output = list(node.input), node.output[0]
        if node.op_type == "Conv":
            inputs = [node.input[0], *self._weights(*node.input)]
            user = self._users.get(output)
            if user is not None and user.op_type == "Clip":
                output = user.output[0]
        elif node.op_type != "Add":
            self.nodes.append(node)
            return
        self._node(node.op_type, inputs, f"{output}.f", node.attribute)
        self._quantize(output)
        self._dequantize(output)

    def finish(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return the checked model."""
        dims = model.graph.input[0].type.tensor_type.shape.dim
        size = [dims[2].dim_value, dims[3].dim_value]
        graph = helper.make_graph(
            self.nodes,
            f"{model.graph.name}-int8",
            [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", *size, 3])],
            list(model.graph.output),
            list(self.constants.values()),
        )
        made = helper.make_model(
            graph,
            producer_name="sokkuri",
            opset_imports=list(model.opset_import),
            ir_version=model.ir_version,
        )
        onnx.checker.check_model(made, full_check=True)
        return made

    def _weights(self, value: str, weight_name: str, bias_name: str) -> tuple[str, str]:
        """Add a convolution's weights and bias as integers. Return the names of their float
        values."""
        weight = self._arrays[weight_name].astype(np.float64)
        bias = self._arrays[bias_name].astype(np.float64)
        step = float(self.scales[value][0])
        kind, most, zero = self._kind_of(weight)
        largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
        # A channel with tiny weights needs a scale that is large enough for its bias.
        least = np.abs(bias) / (step * _LARGEST_BIAS)
        scale = np.maximum(np.maximum(largest / most, least), 1e-30).astype(np.float32)
        per_channel = scale.astype(np.float64)
        whole = np.rint(weight / per_channel[:, None, None, None])
        self._constant(f"{weight_name}.q", whole.clip(-most, most) + zero, kind)
        self._constant(f"{weight_name}.scale", scale, np.float32)
        self._constant(f"{weight_name}.zero", np.full(len(weight), zero), kind)
        bias_scale = (step * per_channel).astype(np.float32)
        self._constant(f"{bias_name}.q", np.rint(bias / bias_scale.astype(np.float64)), np.int32)
        self._constant(f"{bias_name}.scale", bias_scale, np.float32)
        self._node("DequantizeLinear", self._parts(weight_name), weight_name, axis=0)
        self._node("DequantizeLinear", self._parts(bias_name)[:2], bias_name, axis=0)
        return weight_name, bias_name

    def _kind_of(self, weight: NDArray[Any]) -> _Kind:
        """Return the kind of a convolution's weights : (outputs, inputs, height, width)."""
        if weight.shape[1] == 1:
            return _DEPTHWISE
        self._full += 1
        return _FINE if self._full <= FINE else _OTHER

    def _quantize(self, name: str) -> None:
        """Add the conversion of a float value to bytes. Raises ModelError without a range."""
        if name not in self.ranges:
            raise ModelError(f"the table of ranges lacks {name}")
        low, high = self.ranges[name]
        low, high = min(low, 0.0), max(high, 0.0)  # zero is a byte, so that padding is exact
        scale = np.float32((high - low) / 255)
        self.scales[name] = scale, np.uint8(np.rint(-low / float(scale)))
        self._scale(name)
        self._node("QuantizeLinear", [f"{name}.f", f"{name}.scale", f"{name}.zero"], f"{name}.q")

    def _dequantize(self, name: str) -> None:
        self._scale(name)
        self._node("DequantizeLinear", self._parts(name), name)

    def _scale(self, name: str) -> None:
        scale, zero = self.scales[name]
        self._constant(f"{name}.scale", np.array(scale), np.float32)
        self._constant(f"{name}.zero", np.array(zero), np.uint8)

    def _parts(self, name: str) -> list[str]:
        return [f"{name}.q", f"{name}.scale", f"{name}.zero"]

    def _node(self, kind: str, inputs: list[str], output: str, kept: Any = (), **more: Any) -> None:
        node = helper.make_node(kind, inputs, [output], **more)
        node.attribute.extend(kept)
        self.nodes.append(node)

    def _constant(self, name: str, array: NDArray[Any], kind: type[np.generic]) -> None:
        self.constants[name] = numpy_helper.from_array(
            np.ascontiguousarray(array, kind).reshape(array.shape), name
        )
