"""Compare ONNX Runtime with OpenVINO: `pip install openvino`, `python -m benchmarks runtimes`.

Each network computes one image at a time on one thread. The runtimes take turns. Prints the CPU
time of the fastest of ROUNDS images: the machine may be busy with other work.
"""

import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from benchmarks.harness import table
from benchmarks.vision_transformer import build_transformer
from sokkuri.models import resolve_model
from sokkuri.models.builtin import DEFAULT, FLOATS

ROUNDS, TURNS = 60, 6

Run = Callable[[], NDArray[np.float32]]


def report() -> str:
    """Return the table, or a line that says that OpenVINO is not there."""
    if find_spec("openvino") is None:
        return "OpenVINO is not installed: pip install openvino"
    rows = []
    with tempfile.TemporaryDirectory() as name:
        transformer = Path(name) / "transformer.onnx"
        onnx.save(build_transformer(), transformer)
        networks = {
            DEFAULT: resolve_model(DEFAULT).path,
            FLOATS: resolve_model(FLOATS).path,
            "ViT-B/32, drawn weights": transformer,
        }
        for network, path in networks.items():
            runs = _runs(path)
            best = _milliseconds(runs)
            first, *others = (run() for run in runs.values())
            nearest = [f"{_cosine(first, other):.5f}" for other in others]
            ratios = [f"{best['ONNX Runtime'] / best[name]:.2f}" for name in list(runs)[1:]]
            rows.append([network, *(f"{best[name]:.1f}" for name in runs), *ratios, *nearest])
    version = import_module("openvino").__version__
    head = ["network", "ONNX Runtime, ms", "OpenVINO, ms", "ratio", "cosine of the vectors"]
    return f"OpenVINO {version}\n\n" + table(head, rows)


def _runs(path: Path) -> dict[str, Run]:
    """Return a function for each runtime that computes the vector of one drawn image."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    shape = [1, *source.shape[1:]]
    rng = np.random.default_rng(0)
    image: NDArray[Any] = rng.standard_normal(shape, np.float32)
    if "uint8" in source.type:
        image = rng.integers(0, 256, shape, np.uint8)
    openvino = import_module("openvino")
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(shape)
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return {
        "ONNX Runtime": lambda: np.asarray(session.run(None, {source.name: image})[0]),
        "OpenVINO": lambda: np.asarray(request.infer([image])[0]),
    }


def _milliseconds(runs: dict[str, Run]) -> dict[str, float]:
    """Return the CPU time of the fastest round of each."""
    took: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(TURNS):
        for name, run in runs.items():
            run()
            for _ in range(ROUNDS // TURNS):
                started = time.process_time()
                run()
                took[name].append(1000 * (time.process_time() - started))
    return {name: min(times) for name, times in took.items()}


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a, b = a.reshape(-1).astype(np.float64), b.reshape(-1).astype(np.float64)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


if __name__ == "__main__":
    print(report())
