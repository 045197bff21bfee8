"""Which device is asked for, and what happens where it cannot be had."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tiny_model import write_tiny_model

from sokkuri.core.errors import ModelError
from sokkuri.models import resolve_model
from sokkuri.models.extractor import Extractor
from sokkuri.models.session import choose_provider, fastest, open_session, wants_gpu

HAS_CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
without_cuda = pytest.mark.skipif(HAS_CUDA, reason="this ONNX Runtime has CUDA")


CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("cpu", CPU),
        ("auto", (CUDA, {"device_id": "0"})),
        ("cuda", (CUDA, {"device_id": "0"})),
        ("cuda:3", (CUDA, {"device_id": "3"})),
    ],
)
def test_a_build_with_cuda_uses_the_named_device(device: str, expected: object) -> None:
    assert choose_provider(device, [CUDA, CPU]) == (expected, "")


@pytest.mark.parametrize(("device", "said"), [("cpu", False), ("auto", False), ("cuda:1", True)])
def test_a_build_without_cuda_has_the_cpu(device: str, said: bool) -> None:
    provider, reason = choose_provider(device, ["AzureExecutionProvider", CPU])
    assert provider == CPU
    assert bool(reason) == said
    assert not wants_gpu("cpu")


@without_cuda
@pytest.mark.parametrize(("device", "said"), [("auto", False), ("cuda", True), ("cuda:1", True)])
def test_without_a_gpu_the_cpu_is_used_and_the_user_told(
    device: str, said: bool, tmp_path: Path
) -> None:
    model = resolve_model(str(write_tiny_model(tmp_path / "net.onnx")))
    lines: list[str] = []
    extractor = Extractor(model, device=device, say=lines.append)
    assert not extractor.on_gpu
    assert extractor.extract(np.zeros((1, 32, 32, 3), np.uint8)).shape == (1, 8)
    assert len(lines) == said
    if said:
        assert lines[0].startswith("no GPU is used: ")
        assert "extra gpu" in lines[0]


def test_a_graph_that_cannot_be_loaded_is_not_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with a network is said of the file that the person knows."""
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "cache"))
    path = write_tiny_model(tmp_path / "net.onnx")
    model = resolve_model(str(path))
    path.write_bytes(path.read_bytes().replace(b"GlobalAveragePool", b"GlobalAveragePond"))
    assert fastest(model) == path
    with pytest.raises(ModelError, match=r"net\.onnx cannot be loaded"):
        open_session(model)


def test_a_network_leaves_no_id_of_the_machine_in_the_cache_of_the_user(tmp_path: Path) -> None:
    """ONNX Runtime keeps one, and a database of events, unless it is told not to."""
    model = write_tiny_model(tmp_path / "net.onnx")
    program = (
        "import sys\n"
        "from sokkuri.models import resolve_model\n"
        "from sokkuri.models.session import open_session\n"
        "open_session(resolve_model(sys.argv[1]))\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    unset = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "SOKKURI_CACHE")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    subprocess.run(
        [sys.executable, "-c", program, str(model)],
        env={**environment, "HOME": str(home)},
        check=True,
        timeout=60,
    )
    assert [path.name for path in home.rglob("*") if path.name in ("deviceid", "Microsoft")] == []
