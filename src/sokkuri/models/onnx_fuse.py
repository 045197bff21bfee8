"""Rewrite an ONNX graph so that ONNX Runtime runs it faster.

Converters from TensorFlow write the hard sigmoid, clip(x + 3, 0, 6) / 6, as three operators, and
the hard swish, x * hard sigmoid(x), as four (Howard et al., "Searching for MobileNetV3", 2019,
section 5.2). This module replaces them by ONNX's operator HardSigmoid, with the graph tools of ONNX
Runtime. When ONNX Runtime loads a graph, it folds batch norms and moves transposes itself.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper
from onnxruntime.transformers.fusion_base import Fusion
from onnxruntime.transformers.onnx_model import OnnxModel

Users = dict[str, list[onnx.NodeProto]]
Makers = dict[str, onnx.NodeProto]


def fuse(model: onnx.ModelProto) -> int:
    """Fuse hard sigmoids and hard swishes in place. Return how many were fused."""
    fusion = _HardSigmoids(OnnxModel(model))
    fusion.apply()
    fusion.model.topological_sort()  # fusion has appended the new nodes
    return sum(node.op_type == "HardSigmoid" for node in fusion.nodes_to_add)


class _HardSigmoids(Fusion):  # type: ignore[misc]
    """A rewriting rule that starts at each Clip(x + 3, 0, 6)."""

    def __init__(self, model: OnnxModel) -> None:
        super().__init__(model, "HardSigmoid", "Clip")
        self.prune_graph = True

    def fuse(self, clip: onnx.NodeProto, users: Users, makers: Makers) -> None:
        """Replace the operators around a Clip, if they are a hard sigmoid or a hard swish.

        users, makers : by name of a value, the nodes that read it, and the node that makes it.
        """
        shift = makers.get(clip.input[0])
        if shift is None or shift.op_type != "Add" or self._bounds(clip) != (0.0, 6.0):
            return
        x = self._other_input(shift, 3.0)
        if x is None:
            return
        last = self._only_user(clip, users)
        middle: list[onnx.NodeProto] = []
        if last is not None and last.op_type == "Mul" and x in last.input:
            middle, last = (
                [last],
                self._only_user(last, users),
            )  # hard swish: x * clip(...), then / 6
        if last is None or not self._divides_by_six(last, (middle or [clip])[0].output[0]):
            return
        removed = [shift, clip, *middle, last]
        graph_outputs = self.model.get_graphs_output_names()
        if any(node.output[0] in graph_outputs for node in removed[:-1]):
            return
        if not self.model.is_safe_to_fuse_nodes(removed, [last.output[0]], users, makers):
            return
        result = last.output[0]
        gate = self.model.create_node_name("HardSigmoid") if middle else result
        self._add("HardSigmoid", [x], gate, alpha=1 / 6, beta=0.5)
        if middle:
            self._add("Mul", [x, gate], result)
        self.nodes_to_remove.extend(removed)

    def _add(self, kind: str, inputs: Sequence[str], output: str, **attributes: float) -> None:
        name = self.model.create_node_name(kind)
        node = helper.make_node(kind, inputs, [output], name=name, **attributes)  # type: ignore[arg-type]
        self.nodes_to_add.append(node)
        self.node_name_to_graph_name[name] = self.this_graph_name

    def _only_user(self, node: onnx.NodeProto, users: Users) -> onnx.NodeProto | None:
        """Return the node that reads the output, or None if there are several or none."""
        readers = users.get(node.output[0], [])
        return readers[0] if len(readers) == 1 else None

    def _bounds(self, clip: onnx.NodeProto) -> tuple[float | None, float | None]:
        """Return the limits of a Clip: attributes up to opset 10, inputs from opset 11 on."""
        attributes = {attribute.name: float(attribute.f) for attribute in clip.attribute}
        names = dict(zip(("min", "max"), clip.input[1:], strict=False))
        low, high = (
            attributes[key] if key in attributes else self._scalar(names.get(key, ""))
            for key in ("min", "max")
        )
        return low, high

    def _scalar(self, name: str) -> float | None:
        """Return the value of a constant with one number, or None."""
        value = self.model.get_constant_value(name) if name else None
        return float(np.ravel(value)[0]) if value is not None and np.size(value) == 1 else None

    def _other_input(self, node: onnx.NodeProto, constant: float) -> str | None:
        """Return the other input if one input of the node is this constant, else None."""
        first, second = node.input
        for x, candidate in ((first, second), (second, first)):
            value = self._scalar(candidate)
            if value is not None and abs(value - constant) < 1e-6:
                return str(x)
        return None

    def _divides_by_six(self, node: onnx.NodeProto, value: str) -> bool:
        """Return whether the node computes value * 1/6 or value / 6."""
        if node.op_type == "Mul":
            return self._other_input(node, 1 / 6) == value
        divisor = self._scalar(node.input[1]) if node.op_type == "Div" else None
        return node.input[0] == value and divisor == 6.0
