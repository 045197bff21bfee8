"""Quantize any network to 8-bit integers with the tools of ONNX Runtime.

Takes the ONNX file; writes another one. Networks of convolutions get fixed ranges of their values,
measured on photos (static); transformers get the range of each value while they run (dynamic).
Weights are signed and have 7 bits: processors without VNNI add products in pairs of 16 bits.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from google.protobuf.message import Error as ProtobufError
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from sokkuri.core.errors import ModelError
from sokkuri.models.session import first_line, runtime_errors

Way = Literal["static", "dynamic"]

_INTEGER_OPERATORS = {
    "ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv",
    "QuantizeLinear",
}  # fmt: skip
_FAULTS = (
    ProtobufError, ArithmeticError, AssertionError, AttributeError, LookupError, OSError, TypeError,
    NotImplementedError, onnx.checker.ValidationError, onnx.shape_inference.InferenceError,
)  # fmt: skip


def choose_way(path: Path) -> Way:
    """Return how to quantize a network: static if it has as many convolutions as products of
    matrices. Raises ModelError if it has integers already, or cannot be read."""
    try:
        graph = onnx.load(path, load_external_data=False).graph
    except (*_FAULTS, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {first_line(error)}") from error
    kinds = [node.op_type for node in graph.node]
    if _INTEGER_OPERATORS & {*kinds}:
        raise ModelError(f"{path} has integers inside already")
    products = kinds.count("MatMul") + kinds.count("Gemm")
    return "static" if kinds.count("Conv") >= max(products, 1) else "dynamic"


def write_quantized(
    path: Path, target: Path, way: Way, name: str, inputs: Iterable[NDArray[Any]]
) -> None:
    """Write the network with integers to `target`. Its folder must allow a temporary file, too.

    name : of the input tensor. inputs : its values for photos, read only for `static`. Raises
    ModelError when ONNX Runtime's tools cannot quantize the network.
    """
    prepared = target.with_name(f"prepared-{target.name}")
    try:
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        if way == "dynamic":
            quantize_dynamic(
                prepared,
                target,
                op_types_to_quantize=["MatMul", "Gemm"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
            )
        else:
            quantize_static(
                prepared,
                target,
                _Reader(name, inputs),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                extra_options={"CalibMaxIntermediateOutputs": 8},
            )
    except (*_FAULTS, *runtime_errors()) as error:
        raise ModelError(f"{path} cannot be quantized: {first_line(error)}") from error
    finally:
        prepared.unlink(missing_ok=True)


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Gives ONNX Runtime's tools what the network gets for photos."""

    def __init__(self, name: str, inputs: Iterable[NDArray[Any]]) -> None:
        self._name = name
        self._inputs = iter(inputs)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """Return the next input, or None at the end."""
        values = next(self._inputs, None)
        return None if values is None else {self._name: np.ascontiguousarray(values)}
