"""Set up a folder without a collection: what it holds, an estimate of the first run, the store.

The functions take the folder of images, and return documents of `schemas/indexing.py` as
dictionaries. Only `create_collection` writes.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sokkuri.api import Collection
from sokkuri.core.errors import StorageError, UsageError
from sokkuri.core.types import NEW_DECODING
from sokkuri.indexing.dry_run import estimate_run
from sokkuri.indexing.folder_preview import FolderPreview, preview_folder
from sokkuri.indexing.options import SyncOptions
from sokkuri.models import Model, ModelCard, added_cards, known_cards, resolve_model
from sokkuri.store.catalog import Catalog
from sokkuri.store.places import choose_store, find_upwards


def read_setup(root: Path, stopped: Callable[[], bool]) -> dict[str, Any]:
    """Return what the folder holds, as SetupDocument. stopped : whether to end early."""
    preview = preview_folder(root, stopped)
    store = choose_store(root, None)
    return {
        "folder": str(root),
        "store": str(store),
        "problem": _problem(root, store, preview),
        "inside": _outer_collection(root),
        "images": preview.images,
        "bytes": preview.size,
        "formats": preview.formats,
        "not_read": preview.not_read,
        "unlisted": preview.unlisted,
        "free_bytes": shutil.disk_usage(root).free,
        "networks": [_network_document(card) for card in _cards()],
    }


def _problem(root: Path, store: Path, preview: FolderPreview) -> str | None:
    """Return why the folder cannot be indexed, or None."""
    if not _may(root, os.R_OK | os.X_OK):
        return f"The server may not read {root}."
    if not preview.images:
        return f"There are no images in {root}."
    place = store if store.exists() else root
    if not place.is_dir() or not _may(place, os.W_OK | os.X_OK):
        return (
            f"The server may not write in {place}, where the collection would be kept. To keep it "
            f"elsewhere, run `sokkuri index {root} --store DIR`, then `sokkuri serve DIR`."
        )
    return None


def _outer_collection(root: Path) -> str | None:
    """Return the nearest folder above that has a collection; None also if nobody may look there."""
    try:
        outer = find_upwards(root.parent)
    except StorageError:
        return None
    return None if outer is None else str(outer)


def _may(place: Path, what: int) -> bool:
    """Return whether this process may do this with a folder."""
    return os.access(place, what, effective_ids=os.access in os.supports_effective_ids)


def _cards() -> list[ModelCard]:
    """Return the cards of the networks whose weights are here, the default first."""
    return [*(card for card in known_cards() if card.package), *added_cards()]


def _network_document(card: ModelCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "source": card.source.partition(";")[0],
        "licence": card.licence,
        "dimension": card.dimension,
        "words": card.text is not None,
    }


def _resolve(network: str) -> Model:
    """Return the network. A page may name only those of the list, and no file of the server."""
    if network not in {card.name for card in _cards()}:
        raise UsageError(f"no network {network}: see `sokkuri models`")
    return resolve_model(network).decoding(NEW_DECODING)


def estimate_setup(root: Path, network: str) -> dict[str, Any]:
    """Return what a first run would need, as EstimateDocument. Raises UsageError, ModelError."""
    estimate = estimate_run(root, Catalog.in_memory(), _resolve(network), SyncOptions())
    return {
        "images": estimate.new,
        "seconds": estimate.seconds,
        "memory_bytes": estimate.memory_bytes,
        "disk_bytes": estimate.disk_bytes,
    }


def create_collection(root: Path, network: str) -> None:
    """Create the empty collection of the folder. Raises UsageError, ModelError, StorageError."""
    model = _resolve(network)
    Collection.create_with(root, choose_store(root, None), model, network).close()
