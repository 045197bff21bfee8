"""Find which images of a folder an archive already has.

Takes two collections of one model: the archive, and the folder's. Returns groups, each with an
image of the archive first and the folder's copies after it. The ids of the copies are whole paths.
"""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Never, TypeAlias

import numpy as np

from sokkuri.core.cores import available_cores
from sokkuri.core.errors import ModelMismatchError, UsageError
from sokkuri.core.locations import Location
from sokkuri.core.named_roots import contains
from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.candidates import BATCH, CandidateFinder, FeatureTable
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.compare_new import ensure_fingerprints, store_results
from sokkuri.curation.duplicates.contents import (
    UniqueImage,
    feature_table,
    ids_that_pass,
    live_contents,
    projection_of,
    readable_file,
)
from sokkuri.curation.duplicates.evidence import EvidenceGatherer
from sokkuri.curation.duplicates.evidence_store import open_evidence_store
from sokkuri.curation.duplicates.grouping import DuplicateOptions, grades_from
from sokkuri.curation.duplicates.keep_rules import keep_order, parse_rules
from sokkuri.curation.duplicates.pair_store import PairResult, PairStore, open_pair_store
from sokkuri.curation.types import DuplicateImage, Group
from sokkuri.images.read import threads_for
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import read_decisions
from sokkuri.store.derived import derived_folder
from sokkuri.store.snapshot import PinnedShards, open_snapshot

_Images: TypeAlias = Mapping[bytes, list[DuplicateImage]]
"""The images of each content that pass the filters, the image to keep first; no empty lists."""

_WHY = "is in the collection"

_Side: TypeAlias = tuple[list[UniqueImage], FeatureTable]
"""The contents of one collection that have a fingerprint, and the table of their features."""


@dataclass(frozen=True, slots=True)
class _Contents:
    """The contents of both collections. images : of the archive, those that pass the filters."""

    archive: Mapping[bytes, UniqueImage]
    other: Mapping[bytes, UniqueImage]
    images: _Images

    def locate(self, key: bytes) -> Location:
        """Return a file that holds the content."""
        return readable_file(self.archive.get(key) or self.other[key])

    def keys_by_id(self) -> dict[str, bytes]:
        """Return the content of each image by its id in the groups."""
        inside = {image.id: key for key, of in self.archive.items() for image in of.images}
        outside = {str(image.file): key for key, of in self.other.items() for image in of.images}
        return inside | outside


def find_against(
    archive: CollectionStore, other: CollectionStore, options: DuplicateOptions | None = None
) -> Generator[Progress[tuple[Group, ...]]]:
    """Compare all images of `other` with `archive`; the last Progress holds the groups.

    The filters and the keep rules apply to the archive. Raises ModelMismatchError,
    UsageError, StorageError.
    """
    options = options or DuplicateOptions()
    _check_collections(archive, other)
    decisions = read_decisions(archive.catalog)
    with open_snapshot(archive) as archive_shards:
        in_archive = live_contents(archive, decisions)
        passing = _passing_images(archive, in_archive, options)
    with open_snapshot(other) as other_shards:
        in_other = live_contents(other, decisions)
    _check_collections(archive, other)  # another command may have replaced a model meanwhile
    contents = _Contents(in_archive, in_other, passing)
    grades = grades_from(options.min_grade)

    def counts(result: PairResult) -> bool:
        return result.grade in grades and not decisions.part(result.first, result.second)

    shards = archive_shards, other_shards
    groups = yield from _find_groups(archive, other, shards, contents, counts)
    yield Progress("done", len(in_other), len(in_other), result=groups)


def _find_groups(
    archive: CollectionStore,
    other: CollectionStore,
    shards: tuple[PinnedShards, PinnedShards],
    contents: _Contents,
    counts: Callable[[PairResult], bool],
) -> Generator[Progress[Never], None, tuple[Group, ...]]:
    """Compare the contents and return the groups.

    shards : of both collections, of the moment of the contents. counts : whether a pair counts.
    """
    cores = available_cores()
    workers = max(threads_for(collection.root, cores) for collection in (archive, other))
    # Contents that the archive holds byte for byte need no comparison.
    identical = [key for key in contents.other if key in contents.images]
    new = [content for key, content in contents.other.items() if key not in contents.images]
    with (
        open_pair_store(archive) as store,
        open_pair_store(other) as other_store,
        PairComparer(contents.locate, workers=workers, folder=derived_folder(archive)) as comparer,
    ):
        yield from ensure_fingerprints(contents.archive, store, comparer)
        yield from ensure_fingerprints([content.key for content in new], other_store, comparer)
        projection = projection_of(shards[0])
        candidates = [contents.archive[key] for key in contents.images]
        archive_side = feature_table(shards[0], candidates, store.fingerprints(), projection)
        other_side = feature_table(shards[1], new, other_store.fingerprints(), projection)
        results = yield from _compare_sides(archive_side, other_side, store, comparer)
        results += [PairResult(key, key, "identical", 1.0) for key in identical]
        groups = _groups(filter(counts, results), contents)
        with open_evidence_store(archive) as evidence:
            gatherer = EvidenceGatherer(evidence, comparer)
            groups = yield from gatherer.name_edits(groups, contents.keys_by_id())
        for note in comparer.notes():
            yield Progress("comparing", 0, 0, note)
    return groups


def _check_collections(archive: CollectionStore, other: CollectionStore) -> None:
    """Raise ModelMismatchError or UsageError if they cannot be compared."""
    if archive.model.fingerprint != other.model.fingerprint:
        raise ModelMismatchError(
            f"{other.store} has vectors of another model than {archive.store}: {other.model}, "
            f"not {archive.model}; run `{archive.model.replace_command(other.store)}`"
        )
    if contains(archive.root, other.root) or contains(other.root, archive.root):
        raise UsageError(
            f"one of {other.root} and {archive.root} contains the other: compare images in one "
            "folder without --against"
        )


def _passing_images(
    archive: CollectionStore, contents: Mapping[bytes, UniqueImage], options: DuplicateOptions
) -> dict[bytes, list[DuplicateImage]]:
    """Return the images that pass the filters, by content, the image to keep first."""
    order = keep_order(parse_rules(options.keep))
    passing = ids_that_pass(archive, options.under, options.where)
    images = {
        key: sorted(
            (image for image in content.images if passing is None or image.id in passing),
            key=order,
        )
        for key, content in contents.items()
    }
    return {key: kept for key, kept in images.items() if kept}


def _compare_sides(
    archive: _Side,
    other: _Side,
    store: PairStore,
    comparer: PairComparer,
) -> Generator[Progress[Never], None, list[PairResult]]:
    """Compare the candidate pairs of the two collections and return their results."""
    (contents, table), (new, queries) = archive, other
    results: list[PairResult] = []
    if not contents or not new:
        return results
    if comparer.by_keypoints:
        store.forget_without_keypoints()
    candidates = CandidateFinder(table)
    for start in range(0, len(new), BATCH):
        yield Progress("comparing", start, len(new))
        rows = np.arange(start, min(start + BATCH, len(new)))
        pairs, _ = candidates.find(queries.select(rows), np.full(len(rows), -1))
        keys = [(new[start + query].key, contents[row].key) for query, row in pairs.tolist()]
        found = {pair: store.find(*pair) for pair in keys}
        looked = [result for result in found.values() if result is not None]
        unknown = [pair for pair, result in found.items() if result is None]
        with closing(store_results(comparer.look_at_pairs(unknown), store)) as new_results:
            looked += new_results
        still_open = [result for result in looked if result.open]
        with closing(store_results(comparer.look_closely(still_open), store)) as new_results:
            results += new_results
        results += [result for result in looked if not result.open]
    return results


def _groups(results: Iterable[PairResult], contents: _Contents) -> tuple[Group, ...]:
    """Return the groups: each copy goes to the image of the archive that it matches best."""
    images = contents.images
    best: dict[bytes, tuple[bytes, PairResult]] = {}
    for result in sorted(results, key=lambda pair: pair.as_pair("", pair.first.hex()).order):
        for a, b in ((result.first, result.second), (result.second, result.first)):
            if a in images and b in contents.other:  # a content can be in both
                best.setdefault(b, (a, result))
    copies: dict[bytes, list[tuple[DuplicateImage, PairResult]]] = defaultdict(list)
    for b, (a, result) in best.items():
        copies[a] += [(replace(image, outside=True), result) for image in contents.other[b].images]
    groups = [_group(images[key][0], around) for key, around in copies.items()]
    return tuple(sorted(groups, key=lambda group: group.order))


def _group(kept: DuplicateImage, copies: list[tuple[DuplicateImage, PairResult]]) -> Group:
    members = [(result.as_pair(kept.id, image.result_id), image) for image, result in copies]
    members.sort(key=lambda member: member[0].order)
    pairs = tuple(pair for pair, _ in members)
    images = kept, *(image for _, image in members)
    whole = next((image.result_id for _, image in members if not image.damaged), None)
    conflict = f"{whole} is whole, and it is cut short" if kept.damaged and whole else ""
    return Group(pairs[-1].grade, images, pairs, _WHY, conflict)
