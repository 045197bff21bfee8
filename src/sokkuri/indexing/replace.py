"""Extract all images anew with another model, beside the old vectors; then switch to the new ones.

Takes a collection and a model. The ordinary pipeline (sync.py) fills the store of the replacement
(store/replacements.py), while searches and runs go on with the old model. When no image is left,
one transaction lets the new vectors count (store/switch.py). A run that is killed at any step loses
what any run loses; the same call goes on. docs/decisions/0019 has the reasons.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace as changed
from functools import partial
from typing import Never

from sokkuri.core.errors import ModelReplacedError, RemovalsError, SokkuriError
from sokkuri.core.types import Dtype, Progress
from sokkuri.images.read import stat_file
from sokkuri.indexing.dry_run import RunEstimate, estimate_run
from sokkuri.indexing.lost_disks import check_disks
from sokkuri.indexing.options import SyncOptions, SyncReport, check_options
from sokkuri.indexing.removals import is_suspicious
from sokkuri.indexing.settings import with_saved_settings
from sokkuri.indexing.source import check_list, check_root
from sokkuri.indexing.sync import check_device, check_executor, sync
from sokkuri.models import Model
from sokkuri.search.push_log import pushed_addresses
from sokkuri.store.catalog import Catalog, ModelRow
from sokkuri.store.collection import CollectionStore
from sokkuri.store.damage import count_damaged
from sokkuri.store.derived import wait_for_lock
from sokkuri.store.images import count_images
from sokkuri.store.leases import count_open_images
from sokkuri.store.old_shards import old_bytes
from sokkuri.store.replacements import (
    Replacement,
    begin_replacement,
    check_begun,
    check_under_way,
    create_replacement,
    delete_finished,
    find_replacement,
    give_up,
    replacement_if_begun,
)
from sokkuri.store.switch import (
    SwitchLosses,
    bring_marks,
    has_newer_images,
    imported_error,
    imported_paths,
    newest_image,
    switch,
)

_LISTINGS = 3
"""Runs of the pipeline at most while other commands enter images; the last run after the switch
reads what is left."""

BeforeSwitch = Callable[[CollectionStore], object]


def replace(
    collection: CollectionStore,
    model: Model,
    source: str,
    dtype: Dtype,
    options: SyncOptions,
    before_switch: BeforeSwitch = lambda _: None,
) -> Generator[Progress[SyncReport]]:
    """Give the collection the vectors of another model; yield progress, the last one with the
    report.

    With the model that the collection has, a replacement that was begun is given up, and an
    ordinary run follows. source : what loads the model again. before_switch : gets the store of the
    replacement, complete but for images that appear at this moment; it may be called again.

    Raises CollectionError if a replacement by a third model was begun, or if an imported vector
    has no photo; RemovalsError before the switch if most images would leave; and as `sync`.
    """
    _follow(collection)
    if is_current(collection, model, dtype):
        yield from _give_up(collection)
        yield from sync(collection, model, options)
        return
    wanted = _check_wanted(collection, model, source, options)
    try:
        begun = begin_replacement(collection, wanted, dtype)
    except ModelReplacedError:  # at this moment: perhaps by this command in another process
        yield from replace(collection, model, source, dtype, options, before_switch)
        return
    if model.assumed:
        yield Progress("listing", 0, 0, note=model.assumed)
    pushed = [(address, collection.model.name) for address in pushed_addresses(collection)]
    old = collection.model.name
    with create_replacement(collection, begun, wanted) as fresh:
        run = partial(sync, fresh, model, options)
        reports = yield from _until_switched(collection, fresh, begun, run, options, before_switch)
    _follow(collection)
    delete_finished(collection)
    collection.rewrite_id_columns()
    yield Progress("done", 0, 0, note=_switched(old, collection))
    for line in _left_behind(collection, pushed):
        yield Progress("done", 0, 0, note=line)
    yield from _finish(collection, model, options, reports)


def _check_wanted(
    collection: CollectionStore, model: Model, source: str, options: SyncOptions
) -> ModelRow:
    """Check the options, the root and the imported vectors; return the row of the new model.

    Raises UsageError or CollectionError if the run would stop, before anything is written.
    """
    check_options(options)
    check_device(options.device)
    check_executor(options)
    check_root(collection.root)
    check_list(collection.root, options)
    check_disks(collection.catalog, collection.root, options)
    card = model.card
    check_imported(collection, card.name)
    return ModelRow(card.name, model.fingerprint, card.dimension, card.metric, card.decode, source)


def estimate_replacement(
    collection: CollectionStore, model: Model, dtype: Dtype, options: SyncOptions
) -> RunEstimate:
    """Return what `replace` would do and need, without a change. Raises as `replace` does at its
    start, and as `estimate_run`."""
    settings = with_saved_settings(collection.catalog, options)
    if is_current(collection, model, dtype):
        return estimate_run(collection.root, collection.catalog, model, options, dtype)
    check_imported(collection, model.card.name)
    check_begun(collection, model.fingerprint, dtype)
    with replacement_if_begun(collection, "ro") as fresh:
        if fresh is not None:
            estimate = estimate_run(collection.root, fresh.catalog, model, settings, dtype)
        else:
            with closing(Catalog.in_memory()) as catalog:
                bring_marks(catalog, collection.catalog.where)
                estimate = estimate_run(collection.root, catalog, model, settings, dtype)
    return changed(estimate, old_bytes=collection.shards.disk_size())


def is_current(collection: CollectionStore, model: Model, dtype: Dtype) -> bool:
    """Return whether the collection has the vectors of this model, in this dtype."""
    return (model.fingerprint, dtype) == (collection.model.fingerprint, collection.dtype)


def check_imported(collection: CollectionStore, model: str) -> None:
    """Raise CollectionError if an image has an imported vector and no photo."""
    lacking = []
    for id_, path in imported_paths(collection.catalog):
        try:
            stat_file(collection.root / path)
        except OSError:
            lacking.append(id_)
    if lacking:
        raise imported_error(collection, model, len(lacking), lacking[0])


def _switched(old: str, collection: CollectionStore) -> str:
    """Return a line that names what the collection has now. old : the name of its earlier model."""
    new = collection.model.name
    if new == old:
        return f"the vectors are new: {new}, {collection.model.decode} decoding, {collection.dtype}"
    return f"the collection's model is {new} now, instead of {old}"


def _left_behind(collection: CollectionStore, pushed: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield a line about what the old model left. pushed : addresses of engines, and the model
    whose vectors they hold."""
    size = old_bytes(collection)
    if size:
        megabytes = -(-size // 10**6)
        yield (
            f"the vectors of earlier models, up to {megabytes:,} MB, stay until `sokkuri compact`"
        )
    for address, name in pushed:
        yield (
            f"{address} holds vectors of {name}, which searches there cannot use any more: drop it "
            "there and push again, or push to another name"
        )


def _follow(collection: CollectionStore) -> bool:
    """Take over the model that another process gave the collection; return whether it did so."""
    with collection.catalog.reading():
        return collection.follow()


def _give_up(collection: CollectionStore) -> Iterator[Progress[Never]]:
    state = give_up(collection)
    delete_finished(collection)
    if state is not None:
        line = f"the replacement by {state.model} was given up, with {state.done:,} vectors"
        yield Progress("listing", 0, 0, note=line)


def _until_switched(
    collection: CollectionStore,
    fresh: CollectionStore,
    begun: Replacement,
    run: Callable[[], Generator[Progress[SyncReport]]],
    options: SyncOptions,
    before_switch: BeforeSwitch,
) -> Generator[Progress[SyncReport], None, list[SyncReport]]:
    """Extract all images and make the switch, unless another process with the same command makes it
    first. Yields progress and returns the reports of the runs."""
    reports: list[SyncReport] = []
    try:
        for progress in _extract_and_switch(collection, fresh, begun, run, options, before_switch):
            if progress.result is None:
                yield progress
            else:
                reports.append(progress.result)
    except SokkuriError:
        if find_replacement(collection.catalog) is not None or not _follow(collection):
            raise
        # Another process with the same command has made the switch.
    return reports


def _extract_and_switch(
    collection: CollectionStore,
    fresh: CollectionStore,
    begun: Replacement,
    run: Callable[[], Generator[Progress[SyncReport]]],
    options: SyncOptions,
    before_switch: BeforeSwitch,
) -> Iterator[Progress[SyncReport]]:
    """Run the pipeline until no image is left, then make the switch; yield progress and reports."""

    def finish() -> bool:
        check_under_way(collection, begun)
        before_switch(fresh)
        return switch(collection, fresh, begun, partial(_accept, collection, begun, options))

    listings = 0
    while True:
        bring_marks(fresh.catalog, collection.catalog.where)
        newest = newest_image(collection.catalog)
        yield from run()
        listings += 1
        if listings < _LISTINGS and has_newer_images(collection, fresh, newest):
            continue
        with wait_for_lock(fresh, "replace"):  # another process may be finishing, too
            if finish():
                return


def _accept(
    collection: CollectionStore, begun: Replacement, options: SyncOptions, losses: SwitchLosses
) -> None:
    """Raise RemovalsError if most images would leave, unless the options accept that."""
    live, lost = losses.live, losses.lost
    if options.accept_removals or not is_suspicious(live, lost):
        return
    share = f"all {live:,}" if lost >= live else f"{lost:,} of {live:,}"
    raise RemovalsError(
        f"{share} images of the collection have no vector by {begun.name}, because their files are "
        f"not in {collection.root} any more or cannot be read, so the old vectors stay: mend that, "
        "and give the same command again; if these images are to leave, add --accept-removals"
    )


def _finish(
    collection: CollectionStore, model: Model, options: SyncOptions, reports: list[SyncReport]
) -> Iterator[Progress[SyncReport]]:
    """Read what other commands entered at the last moment; yield the report of everything."""
    if not reports or count_open_images(collection.catalog):
        for progress in sync(collection, model, options):
            if progress.result is None:
                yield progress
            else:
                reports.append(progress.result)
    total = sum(report.added + report.updated for report in reports)
    yield Progress("done", total, total, result=_joined(collection, reports))


def _joined(collection: CollectionStore, reports: list[SyncReport]) -> SyncReport:
    """Return one report of several runs."""
    counts = count_images(collection.catalog)
    sums = {
        name: sum(getattr(report, name) for report in reports)
        for name in ("added", "updated", "moved", "reused", "removed", "seconds")
    }
    done = sums["added"] + sums["updated"] + sums["moved"] + sums["reused"]
    return changed(
        reports[0],
        **sums,
        unchanged=max(0, counts.live - done),
        failed=counts.failed,
        damaged=count_damaged(collection.catalog),
        total=counts.live,
    )
