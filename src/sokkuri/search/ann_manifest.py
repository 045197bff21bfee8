"""The manifest of a collection's approximate index: what its file covers, and its recall.

Reads and writes `ann.json` under `indexes/`. A file of lists counts only if the manifest names it
and its hash fits.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import xxhash

from sokkuri.core.atomic import atomic_write
from sokkuri.core.types import Metric
from sokkuri.search.vectors.ann import SearchEffort
from sokkuri.search.vectors.recall import RECALL_AT, MeasuredEffort, MeasuredRecall, QueryKind
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import derived_folder

MANIFEST = "ann.json"
"""Name of the manifest's file."""

_READ_BYTES = 1 << 24  # per read when a file is hashed
_VERSION = 1


@dataclass(frozen=True, slots=True)
class AnnManifest:
    """The content of `ann.json`.

    file : name of the lists' file. digest : XXH3-128 of its bytes. covered : rows in the lists, by
    shard. trained : rows of the collection when the lists were trained. efforts : of searches,
    at least one, the least first.
    """

    file: str
    digest: str
    metric: Metric
    covered: dict[int, int]
    trained: int
    efforts: tuple[MeasuredEffort, ...]

    @property
    def measured_by_old(self) -> bool:
        """Whether an older version of sokkuri measured the recall, with rows only."""
        return "mixtures" not in self.efforts[0].recall.kinds

    def rows_left(self, rows_per_shard: Mapping[int, int]) -> int:
        """Return how many rows of the lists the collection still has."""
        return sum(min(rows, rows_per_shard.get(shard, 0)) for shard, rows in self.covered.items())


def read_manifest(collection: CollectionStore) -> AnnManifest | None:
    """Return the manifest; None if there is none, or one of another model, metric or version."""
    path = derived_folder(collection) / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        fingerprint = collection.model.fingerprint
        if (document["version"], document["fingerprint"]) != (_VERSION, fingerprint):
            return None
        metric = document["metric"]
        if metric not in get_args(Metric):
            return None
        return AnnManifest(
            _file_name(document["file"]),
            str(document["digest"]),
            metric,
            {int(shard): int(rows) for shard, rows in document["covered"].items()},
            int(document["trained"]),
            tuple(map(_read_effort, document.get("efforts") or [_effort_of_old(document)])),
        )
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError
    ):  # fmt: skip
        return None


def write_manifest(collection: CollectionStore, manifest: AnnManifest) -> None:
    """Write the manifest. Its file of lists is the index then. Raises OSError."""
    document = {"version": _VERSION, "fingerprint": collection.model.fingerprint}
    with atomic_write(derived_folder(collection) / MANIFEST) as file:
        file.write(json.dumps({**document, **_as_document(manifest)}).encode())


def _as_document(manifest: AnnManifest) -> dict[str, Any]:
    """Return the manifest as JSON. Older versions of sokkuri read `reach`, `recall` and
    `text_recall`, which are those of the least effort."""
    efforts = [
        {"reach": _as_reach(one.effort), "recall": dict(one.recall.kinds)}
        for one in manifest.efforts
    ]
    least = manifest.efforts[0]
    return {
        "file": manifest.file,
        "digest": manifest.digest,
        "metric": manifest.metric,
        "covered": manifest.covered,
        "trained": manifest.trained,
        "reach": _as_reach(least.effort),
        "recall": least.recall.images,
        "text_recall": dict(least.recall.texts),
        "efforts": efforts,
    }


def _as_reach(effort: SearchEffort) -> dict[str, int]:
    return {"probes": effort.nprobe, "candidates": effort.candidates}


def _effort_of_old(document: Any) -> dict[str, Any]:
    """Return the only effort in a manifest of an older version, which measured rows, and perhaps
    texts."""
    recall = {"rows": document["recall"], "texts": document.get("text_recall", {})}
    return {"reach": document["reach"], "recall": recall}


def _read_effort(document: Any) -> MeasuredEffort:
    reach, kinds = document["reach"], document["recall"]
    recall: dict[QueryKind, dict[int, float]] = {
        kind: {k: _share(kinds[kind][str(k)]) for k in RECALL_AT}
        for kind in get_args(QueryKind)
        if kinds.get(kind)
    }
    effort = SearchEffort(int(reach["probes"]), int(reach["candidates"]))
    if min(effort.nprobe, effort.candidates) < 1:
        raise ValueError("a search looks at one list and one candidate at least")
    return MeasuredEffort(effort, MeasuredRecall(recall))


def _share(value: Any) -> float:
    """Return the value as a share from 0 to 1. Raises ValueError for any other number, and for NaN:
    a person may have edited the file."""
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError("it is no share")
    return share


def _file_name(value: Any) -> str:
    """Return the name of a file in the folder. Raises ValueError for any other text."""
    name = str(value)
    if re.fullmatch(r"[\w.-]+", name) is None:
        raise ValueError("it is no file name")
    return name


def find_damage(collection: CollectionStore, manifest: AnnManifest) -> str:
    """Return the fault of the file of lists, "" if there is none."""
    path = derived_folder(collection) / manifest.file
    try:
        digest = _file_digest(path)
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return "" if digest == manifest.digest else f"{path} is damaged"


def _file_digest(path: Path) -> str:
    """Return the XXH3-128 of a file's bytes."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
