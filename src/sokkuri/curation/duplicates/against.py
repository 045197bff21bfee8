"""Find which images of a folder an archive already has.

Takes two collections of one model: the archive, and the folder's. Returns groups, each with an
image of the archive first and the folder's copies after it. The ids of the copies are whole paths.
"""

import os
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Never, TypeAlias

import numpy as np

from sokkuri.core.errors import ModelMismatchError, UsageError
from sokkuri.core.locations import Location, is_within
from sokkuri.core.types import Progress
from sokkuri.curation.duplicates.candidates import BATCH, CandidateFinder, FeatureTable
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.contents import (
    UniqueImage,
    feature_table,
    ids_that_pass,
    live_contents,
    projection_of,
    readable_file,
)
from sokkuri.curation.duplicates.find import (
    DuplicateOptions,
    compare_pairs,
    ensure_fingerprints,
    grades_from,
)
from sokkuri.curation.duplicates.keep_rules import keep_order, parse_rules
from sokkuri.curation.duplicates.pair_store import PairResult, PairStore, open_pair_store
from sokkuri.curation.types import DuplicateImage, Group
from sokkuri.images.read import threads_for
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import read_decisions

_Images: TypeAlias = Mapping[bytes, list[DuplicateImage]]
"""The images of each content that pass the filters, the one to keep first; no empty lists."""

_Side: TypeAlias = tuple[list[UniqueImage], FeatureTable]
"""The contents of one collection that have a fingerprint, and the table of their features."""


def find_against(
    archive: CollectionStore, other: CollectionStore, options: DuplicateOptions | None = None
) -> Generator[Progress[tuple[Group, ...]]]:
    """Compare all of `other` with `archive`; the last Progress holds the groups.

    The filters and the rules of what to keep apply to the archive. Raises ModelMismatchError,
    UsageError, StorageError.
    """
    options = options or DuplicateOptions()
    _check_collections(archive, other)
    decisions = read_decisions(archive.catalog)
    in_archive = live_contents(archive, decisions)
    in_other = live_contents(other, decisions)
    images = _passing_images(archive, in_archive, options)
    # The contents that the archive holds byte by byte need no comparison.
    new = [content for key, content in in_other.items() if key not in images]

    def locate(key: bytes) -> Location:
        return readable_file(in_archive.get(key) or in_other[key])

    cores = os.cpu_count() or 1
    workers = max(threads_for(collection.root, cores) for collection in (archive, other))
    with (
        open_pair_store(archive) as store,
        open_pair_store(other) as other_store,
        PairComparer(locate, workers=workers) as comparer,
    ):
        yield from ensure_fingerprints(in_archive, store, comparer)
        yield from ensure_fingerprints([content.key for content in new], other_store, comparer)
        results = [PairResult(key, key, "identical", 1.0) for key in in_other if key in images]
        projection = projection_of(archive)
        contents = [in_archive[key] for key in images]
        archive_side = feature_table(archive, contents, store.fingerprints(), projection)
        other_side = feature_table(other, new, other_store.fingerprints(), projection)
        yield from _compare_sides(archive_side, other_side, store, comparer, results)
        for note in comparer.notes():
            yield Progress("comparing", 0, 0, note)
    grades = grades_from(options.min_grade)
    results = [
        result for result in results
        if result.grade in grades and not decisions.part(result.first, result.second)
    ]  # fmt: skip
    yield Progress("done", len(in_other), len(in_other), result=_groups(results, images, in_other))


def _check_collections(archive: CollectionStore, other: CollectionStore) -> None:
    """Raise ModelMismatchError or UsageError if they cannot be compared."""
    if archive.model.fingerprint != other.model.fingerprint:
        raise ModelMismatchError(
            f"{other.store} holds features of another model than {archive.store}: index one of "
            "them again with the other's --model and --decode"
        )
    if is_within(archive.root, other.root) or is_within(other.root, archive.root):
        raise UsageError(
            f"one of {other.root} and {archive.root} contains the other: compare images in one "
            "folder without --against"
        )


def _passing_images(
    archive: CollectionStore, contents: Mapping[bytes, UniqueImage], options: DuplicateOptions
) -> dict[bytes, list[DuplicateImage]]:
    """Return the images that pass the filters, by content, the one to keep first."""
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
    results: list[PairResult],
) -> Generator[Progress[Never]]:
    """Append to `results` the result of each candidate pair of the two collections."""
    (contents, table), (new, queries) = archive, other
    if not contents or not new:
        return
    if comparer.by_keypoints:
        store.forget_without_keypoints()
    candidates = CandidateFinder(table)
    for start in range(0, len(new), BATCH):
        yield Progress("comparing", start, len(new))
        rows = np.arange(start, min(start + BATCH, len(new)))
        pairs, _ = candidates.find(queries.select(rows), np.full(len(rows), -1))
        keys = [(new[start + query].key, contents[row].key) for query, row in pairs.tolist()]
        known = [store.find(*pair) for pair in keys]
        todo = (pair for pair, result in zip(keys, known, strict=True) if result is None)
        with closing(compare_pairs(todo, store, comparer)) as compared:
            results += compared
        results += [result for result in known if result is not None]


def _groups(
    results: Iterable[PairResult], images: _Images, in_other: Mapping[bytes, UniqueImage]
) -> tuple[Group, ...]:
    """Return a group for each image of the archive: the copies that it is the best match of."""
    best: dict[bytes, tuple[bytes, PairResult]] = {}
    for result in sorted(results, key=lambda pair: pair.as_pair("", pair.first.hex()).order):
        for a, b in ((result.first, result.second), (result.second, result.first)):
            if a in images and b in in_other:  # a content can be in both
                best.setdefault(b, (a, result))
    copies: dict[bytes, list[tuple[DuplicateImage, PairResult]]] = defaultdict(list)
    for b, (a, result) in best.items():
        copies[a] += [(replace(image, outside=True), result) for image in in_other[b].images]
    groups = [_group(images[key][0], around) for key, around in copies.items()]
    return tuple(sorted(groups, key=lambda group: group.order))


def _group(kept: DuplicateImage, copies: list[tuple[DuplicateImage, PairResult]]) -> Group:
    members = [(result.as_pair(kept.id, image.result_id), image) for image, result in copies]
    members.sort(key=lambda member: member[0].order)
    pairs = tuple(pair for pair, _ in members)
    return Group(pairs[-1].grade, (kept, *(image for _, image in members)), pairs)
