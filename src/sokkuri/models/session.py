"""Open networks in ONNX Runtime, in their fastest form, on a device. The only module that runs it.

Takes a Model; returns a Session. A graph that onnx_fuse.py can rewrite is rewritten once, compared
with the original on random input, and kept in the cache under the model's SHA-256.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ModelError
from sokkuri.core.paths import cache_folder
from sokkuri.models import Model, TextCard, replace_cached

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Otherwise ONNX Runtime keeps an id of this machine and a database of events for its makers in the
# user's cache. It reads the variable when it is imported.

Device = str
"""`auto`, `cpu`, `cuda`, or `cuda:N` for the GPU with that number."""

FUSED_TOLERANCE = 1e-5
"""The largest allowed difference between the outputs of the rewritten graph and the original,
relative to the largest number."""

_FUSE_VERSION = 1  # graphs of another version are rewritten again
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
_TOKEN_TYPES: dict[str, type[np.integer[Any]]] = {
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


class Session:
    """A loaded network with one input and one output. Safe to call from many threads at once.

    provider : the ONNX Runtime provider that runs it. dtype : of the input values. batch : the only
    batch size that it accepts; None if it accepts any.
    """

    def __init__(self, model: Model, path: Path, provider: Any, threads: int) -> None:
        self._session = _load(model.path, path, provider, threads)
        inputs = {value.name: value for value in self._session.get_inputs()}
        outputs = {value.name for value in self._session.get_outputs()}
        card = model.card
        if card.input not in inputs or card.output not in outputs:
            raise ModelError(
                f"{model.path} has inputs {sorted(inputs)} and outputs {sorted(outputs)}, "
                f"not {card.input} and {card.output} as its card says"
            )
        input_ = inputs[card.input]
        if input_.type not in _TYPES:
            raise ModelError(f"{model.path} takes {input_.type}, which an image cannot provide")
        self.provider: str = self._session.get_providers()[0]
        self.dtype: type[np.generic] = _TYPES[input_.type]
        self.batch: int | None = input_.shape[0] if isinstance(input_.shape[0], int) else None
        self._names = (card.input, card.output)

    def run(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the network's output for these input values. Raises one of `runtime_errors()`."""
        input_, output = self._names
        (values_out,) = self._session.run([output], {input_: values})
        result: NDArray[Any] = values_out
        return result


class TextSession:
    """The text network of a joint model, on the CPU. Safe to call from many threads at once."""

    def __init__(self, path: Path, card: TextCard) -> None:
        self._session = _load(path, path, "CPUExecutionProvider", 1)
        inputs = {value.name: value.type for value in self._session.get_inputs()}
        outputs = {value.name for value in self._session.get_outputs()}
        wanted = {card.input, card.mask} - {""}
        if inputs.keys() != wanted or card.output not in outputs:
            raise ModelError(
                f"{path} has inputs {sorted(inputs)} and outputs {sorted(outputs)}, "
                f"not {sorted(wanted)} and {card.output} as its card says"
            )
        if other := sorted(set(inputs.values()) - _TOKEN_TYPES.keys()):
            raise ModelError(f"{path} takes {other[0]}, which a text cannot provide")
        self._types = {name: _TOKEN_TYPES[kind] for name, kind in inputs.items()}
        self._card = card

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[Any]:
        """Return the network's output for tokens and their mask, (N, context) each. Raises one of
        `runtime_errors()`."""
        named = {self._card.input: ids, self._card.mask: mask}
        values = {name: named[name].astype(kind) for name, kind in self._types.items()}
        (out,) = self._session.run([self._card.output], values)
        result: NDArray[Any] = out
        return result


def _load(named: Path, path: Path, provider: Any, threads: int) -> Any:
    """Return ONNX Runtime's session of a graph. named : the file to name if it cannot be loaded."""
    import onnxruntime  # takes 0.1 s, which a search by id does not need

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    onnxruntime.set_default_logger_severity(4)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except runtime_errors() as error:
        raise ModelError(f"{named} cannot be loaded: {first_line(error)}") from error


def open_session(
    model: Model,
    device: Device = "auto",
    threads: int = 1,
    say: Callable[[str], None] | None = None,
) -> Session:
    """Return the network on the device, or on the CPU if the device cannot be used.

    say : called with one line in that case. Raises ModelError when ONNX Runtime cannot load it.
    """
    path = fastest(model)
    provider, reason = choose_provider(device, _available())
    session = Session(model, path, provider, threads)
    if provider != "CPUExecutionProvider" and session.provider == "CPUExecutionProvider":
        reason = "the GPU's driver or libraries could not be loaded"
    if reason and say is not None:
        say(f"no GPU is used: {reason}")
    return session


def choose_provider(device: Device, available: Sequence[str]) -> tuple[Any, str]:
    """Return ONNX Runtime's provider for a device, out of those available, and the reason why it is
    not the requested one, or ""."""
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return "CPUExecutionProvider", ""
    if "CUDAExecutionProvider" in available:
        return ("CUDAExecutionProvider", {"device_id": number or "0"}), ""
    if kind == "auto":
        return "CPUExecutionProvider", ""
    return "CPUExecutionProvider", "ONNX Runtime is installed without CUDA, see the extra gpu"


def wants_gpu(device: Device) -> bool:
    """Return whether this device makes ONNX Runtime try a GPU."""
    provider, _ = choose_provider(device, _available())
    return bool(provider != "CPUExecutionProvider")


def runtime_version() -> str:
    """Return the version of ONNX Runtime."""
    import onnxruntime

    return str(onnxruntime.__version__)


def _available() -> list[str]:
    import onnxruntime

    return list(onnxruntime.get_available_providers())


def fastest(model: Model) -> Path:
    """Return the graph to load: the model's own, or its rewritten form from the cache."""
    if model.ready or model.card.package:
        return model.path  # in its fastest form already: sent by another machine, or built by us
    kept = cache_folder() / "fused" / f"{model.sha256[:32]}-{_FUSE_VERSION}.onnx"
    if not kept.is_file() and not _rewrite(model, kept):
        return model.path
    return kept if kept.stat().st_size else model.path  # empty: there was nothing to rewrite


def _rewrite(model: Model, kept: Path) -> bool:
    """Write the rewritten graph, or an empty file, to the cache. Return whether that worked."""
    try:
        data = _fused(model)
        replace_cached(kept, data)
        if data and not _same_output(model, kept):
            replace_cached(kept, b"")
    except (OSError, ModelError):
        return False  # no space, or the network cannot be loaded: loading the original says why
    return True


def _fused(model: Model) -> bytes:
    """Return the rewritten graph, or b"" if nothing can be rewritten."""
    import onnx
    from google.protobuf.message import Error as ProtobufError
    from onnx.checker import ValidationError

    from sokkuri.models.onnx_fuse import fuse

    try:
        graph = onnx.load(model.path)
        return bytes(graph.SerializeToString()) if fuse(graph) else b""
    except (
        ProtobufError, ValidationError, ValueError, KeyError, IndexError, AttributeError, TypeError,
        RuntimeError,
    ):  # fmt: skip
        return b""  # above 2 GiB, or of a form that the graph tools do not know


def _same_output(model: Model, kept: Path) -> bool:
    height, width = model.card.size
    shape = (3, height, width) if model.card.layout == "NCHW" else (height, width, 3)
    outputs = []
    for path in (model.path, kept):
        session = Session(model, path, "CPUExecutionProvider", 1)
        pixels = np.random.default_rng(0).random((session.batch or 1, *shape))
        values = (pixels * 255 / model.card.scale).astype(session.dtype)
        try:
            outputs.append(session.run(values))
        except runtime_errors():
            return False
    scale = max(float(np.abs(outputs[0]).max()), 1e-12)
    return float(np.abs(outputs[0] - outputs[1]).max()) <= FUSED_TOLERANCE * scale


def runtime_errors() -> tuple[type[Exception], ...]:
    """Return the exception types that ONNX Runtime raises."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    kinds: Any = (
        state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf,
        state.NoSuchFile, state.NotImplemented, state.RuntimeException, state.EPFail,
        ValueError, RuntimeError,
    )  # fmt: skip
    return tuple(kinds)


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
