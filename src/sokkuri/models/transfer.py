"""Send a model to other machines: pack its bytes here, unpack them into the cache there.

Takes a Model and the graph that this machine loads for it; returns a Model with the same graph on
the other machine, so that both compute the same bits.
"""

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from sokkuri.core.paths import cache_folder
from sokkuri.models.cache import file_sha256, replace_cached
from sokkuri.models.registry import Model, external_files_of


@dataclass(frozen=True, slots=True)
class PackedModel:
    """A model with its files as bytes. graph : its ONNX file. beside : files that contain its
    weights, by path relative to the ONNX file."""

    model: Model
    graph: bytes
    beside: dict[str, bytes]

    def unpack(self) -> Model:
        """Write the files to this machine's cache, or to a temporary folder if that fails, and
        return the model there. Raises OSError when neither has room."""
        digest = hashlib.sha256(self.graph).hexdigest()
        try:
            path = self._write_files(cache_folder() / "sent" / digest[:32])
        except OSError:
            path = self._write_files(Path(tempfile.mkdtemp(prefix="sokkuri-")))
        return replace(self.model, path=path, ready=True)

    def _write_files(self, folder: Path) -> Path:
        for name, data in self.beside.items():
            _write_if_changed(folder / name, data)
        _write_if_changed(folder / self.model.path.name, self.graph)
        return folder / self.model.path.name


def pack(model: Model, graph: Path) -> PackedModel:
    """Return the model with its files. graph : the ONNX file that this machine loads for it.

    Raises OSError, ModelError.
    """
    beside = {
        file.relative_to(graph.parent).as_posix(): file.read_bytes()
        for file in external_files_of(graph)
    }
    return PackedModel(replace(model, path=Path(graph.name)), graph.read_bytes(), beside)


def _write_if_changed(file: Path, data: bytes) -> None:
    if not file.is_file() or file_sha256(file) != hashlib.sha256(data).hexdigest():
        replace_cached(file, data)
