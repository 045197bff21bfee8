"""RGB pixels to feature vectors; the only user of ONNX Runtime, which is imported when needed.

One session serves any number of threads. It computes on the calling thread alone: with a session's
own threads, workers get in each other's way (0.56 times the rate on two cores).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.errors import ExtractError, ModelError
from sokkuri.models import Model
from sokkuri.records import Features


class Extractor:
    """A loaded network. Raises ModelError when ONNX Runtime cannot load it."""

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        import onnxruntime  # 0.1 s that a search by id does not need

        self.dimension = model.card.dimension
        self._card = model.card
        # (x / scale - mean) / std as x / divisor - shift: two passes over the pixels, not three,
        # and with neither mean nor std just what the article's x / 255 gives.
        std = np.asarray(model.card.std, np.float32)
        channels = (3, 1, 1) if model.card.layout == "NCHW" else (3,)
        self._divisor = (np.float32(model.card.scale) * std).reshape(channels)
        self._shift = (np.asarray(model.card.mean, np.float32) / std).reshape(channels)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        onnxruntime.set_default_logger_severity(3)
        try:
            self._session = onnxruntime.InferenceSession(
                str(model.path), options, providers=["CPUExecutionProvider"]
            )
        except _runtime_errors() as error:
            raise ModelError(f"{model.path} cannot be loaded: {_first_line(error)}") from error
        names = {value.name for value in self._session.get_inputs()}
        outputs = {value.name for value in self._session.get_outputs()}
        if model.card.input not in names or model.card.output not in outputs:
            raise ModelError(
                f"{model.path} has inputs {sorted(names)} and outputs {sorted(outputs)}, "
                f"not {model.card.input} and {model.card.output} as its card says"
            )

    def extract(self, rgb: NDArray[np.uint8]) -> Features:
        """rgb : (B, H, W, 3) uint8 of the card's size -> (B, D) float32, C-contiguous.

        Safe to call from many threads. For bits that do not depend on neighbours, give one image
        at a time. Raises ExtractError when the network refuses or gives no finite vector.
        """
        ordered = rgb.transpose(0, 3, 1, 2) if self._card.layout == "NCHW" else rgb
        # The layout changes with the conversion, in one pass: six times faster than after it.
        values = np.divide(ordered, self._divisor, order="C")
        if self._shift.any():
            values -= self._shift
        try:
            (out,) = self._session.run([self._card.output], {self._card.input: values})
        except _runtime_errors() as error:
            raise ExtractError(f"the network refused it: {_first_line(error)}") from error
        features: Features = np.ascontiguousarray(np.reshape(out, (len(rgb), -1)), np.float32)
        if features.shape[1] != self.dimension:
            raise ExtractError(
                f"the network gave {features.shape[1]} numbers, its card says {self.dimension}"
            )
        if not np.isfinite(features).all():
            raise ExtractError("the network gave a vector that is not finite")
        return features


def _runtime_errors() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    kinds: Any = (
        state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf,
        state.NoSuchFile, state.NotImplemented, state.RuntimeException, state.EPFail,
        ValueError, RuntimeError,
    )  # fmt: skip
    return tuple(kinds)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
