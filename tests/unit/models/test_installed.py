"""Models are added under names that a folder can have."""

from pathlib import Path

import pytest

from sokkuri.core.errors import UsageError
from sokkuri.models import add_quantized_model, known_cards


def test_a_made_model_is_written_into_its_own_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOKKURI_MODELS", str(tmp_path / "models"))
    network = tmp_path / "network.onnx"
    network.write_bytes(b"other")
    (tmp_path / "mine.onnx").write_bytes(b"mine")
    with pytest.raises(UsageError, match="a name that a folder can have"):
        add_quantized_model(known_cards()[0], network, None, "../../mine", "")
    assert (tmp_path / "mine.onnx").read_bytes() == b"mine"
    assert not (tmp_path / "models").exists()
