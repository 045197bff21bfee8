"""A network on its way to other machines: its bytes, unpacked there into the cache.

Takes a Model and the graph that is loaded for it here; hands on a Model on the other side, with the
same graph, so that both compute the same bits.
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
    """A model without a place. `graph` : its ONNX file. `beside` : files that hold its weights, by
    their paths relative to that one."""

    model: Model
    graph: bytes
    beside: dict[str, bytes]

    def unpack(self) -> Model:
        """The model with its files in this machine's cache, or where that cannot be written, in a
        folder for temporary files. Raises OSError when neither has room."""
        digest = hashlib.sha256(self.graph).hexdigest()
        try:
            path = self._put(cache_folder() / "sent" / digest[:32])
        except OSError:
            path = self._put(Path(tempfile.mkdtemp(prefix="sokkuri-")))
        return replace(self.model, path=path, ready=True)

    def _put(self, folder: Path) -> Path:
        for name, data in self.beside.items():
            _keep(folder / name, data)
        _keep(folder / self.model.path.name, self.graph)
        return folder / self.model.path.name


def pack(model: Model, graph: Path) -> PackedModel:
    """graph : the ONNX file that this machine loads for the model. Raises OSError, ModelError."""
    beside = {
        file.relative_to(graph.parent).as_posix(): file.read_bytes()
        for file in external_files_of(graph)
    }
    return PackedModel(replace(model, path=Path(graph.name)), graph.read_bytes(), beside)


def _keep(file: Path, data: bytes) -> None:
    if not file.is_file() or file_sha256(file) != hashlib.sha256(data).hexdigest():
        replace_cached(file, data)
