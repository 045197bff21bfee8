"""What a person sees in the terminal: text for results, a progress bar, one line for an error.

Results go to stdout, everything else to stderr. File names are shown so that no byte in them can
steer the terminal.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for their types only: a search must not pay for what indexing needs
    from collections.abc import Iterator

    from sokkuri.core.types import Fault, Progress
    from sokkuri.curation.types import Group
    from sokkuri.indexing.compact import Compaction
    from sokkuri.indexing.dry_run import RunEstimate
    from sokkuri.indexing.options import SyncReport
    from sokkuri.indexing.parts.merge import Merged
    from sokkuri.search.push import PushReport
    from sokkuri.search.results import Hits
    from sokkuri.store.collection import Status

_SHOWN_FAILURES = 20


def say(line: str) -> None:
    """A message for the person, on stderr."""
    print(shown(line), file=sys.stderr, flush=True)


def put(text: str) -> None:
    """A result, on stdout."""
    print(text)


def put_json(document: dict[str, Any]) -> None:
    """The one JSON document on stdout. Bytes that are not UTF-8 appear as lone surrogates."""
    put(json.dumps(document, indent=2))


def shown(text: str) -> str:
    """Text with control characters and undecodable bytes spelled out."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def some(count: int, what: str) -> str:
    """So many of it, as a person reads it."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def amount(count: int) -> str:
    """`size` in bytes as a person reads it."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def duration(seconds: float) -> str:
    """Seconds as a person reads them."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def report_text(report: SyncReport) -> str:
    """The result of `index`."""
    names = ("added", "updated", "moved", "reused", "removed", "unchanged", "failed")
    did = [f"{getattr(report, name):,} {name}" for name in names if getattr(report, name)]
    rate = f", {report.images_per_second:.1f} images/s" if report.images_per_second else ""
    return (
        f"{report.total:,} images: {', '.join(did) or 'nothing to do'} "
        f"({duration(report.seconds)}{rate})"
    )


def push_text(report: PushReport) -> str:
    """The result of `push`."""
    names = ("added", "updated", "deleted", "unchanged")
    did = [f"{getattr(report, name):,} {name}" for name in names if getattr(report, name)]
    unfit = f", {report.unfit:,} searched here" if report.unfit else ""
    recall = f", recall@10 {report.recall[10]:.4f}" if 10 in report.recall else ""
    return (
        f"{shown(report.address)}: {', '.join(did) or 'nothing to do'}{unfit} "
        f"({duration(report.seconds)}{recall})"
    )


def merged_text(done: Merged) -> str:
    """The result of `merge`."""
    names = ("added", "updated", "moved", "removed", "unchanged", "failed")
    did = [f"{getattr(done, name):,} {name}" for name in names if getattr(done, name)]
    return (
        f"{done.total:,} images of {some(done.parts, 'part')}: {', '.join(did) or 'none'} "
        f"({duration(done.seconds)})"
    )


def plan_text(plan: RunEstimate) -> str:
    """The result of `index --dry-run`."""
    part = "" if plan.part is None else f"part {plan.part}: "
    return (
        f"{part}{plan.listed:,} files: {plan.new:,} new, {plan.changed:,} changed, "
        f"{plan.returned:,} back, {plan.vanished:,} gone or moved, {plan.retried:,} to retry\n"
        f"about {duration(plan.seconds)}, {amount(plan.memory_bytes)} of memory, "
        f"{amount(plan.disk_bytes)} of disk (from a sample of {plan.sampled})"
    )


def hits_text(hits: Hits) -> str:
    """The result of `search`: a line a hit."""
    return "\n".join(f"{hit.rank:>4}  {hit.distance:.4f}  {shown(str(hit.path))}" for hit in hits)


def put_line(document: dict[str, Any]) -> None:
    """A JSON document on a line of its own, at once: for results that stream."""
    put(json.dumps(document))
    sys.stdout.flush()


def hits_json(hits: Hits) -> dict[str, Any]:
    return {
        "query": list(hits.query),
        "metric": hits.metric,
        "hits": [
            {"rank": hit.rank, "id": hit.id, "path": str(hit.path), "distance": hit.distance}
            for hit in hits
        ],
        "exact": hits.exact,
        "recall": hits.recall,
    }


def groups_text(groups: tuple[Group, ...]) -> str:
    """The result of `duplicates`: a paragraph a group, the image to keep first."""
    if not groups:
        return "no near-duplicates"
    parts = []
    for group in groups:
        said = {pair.b: f"{pair.grade:<9}  {pair.score:.3f}" for pair in group.pairs}
        lines = [f"{said.get(id_, 'keep'):<16}  {shown(id_)}" for id_ in group.ids]
        parts.append("\n".join(lines))
    extra = sum(len(group.ids) - 1 for group in groups)
    total = f"{some(len(groups), 'group')}, {some(extra, 'image')} beside those to keep"
    return "\n\n".join([*parts, total])


def groups_json(groups: tuple[Group, ...]) -> dict[str, Any]:
    return {
        "groups": [
            {
                "grade": group.grade,
                "ids": group.ids,
                "keep": group.keep,
                "pairs": [dataclasses.asdict(pair) for pair in group.pairs],
            }
            for group in groups
        ]
    }


def status_text(status: Status) -> str:
    """The result of `status`."""
    lines = [
        f"images     {shown(str(status.root))}",
        f"store      {shown(str(status.store))} ({amount(status.size)})",
        f"model      {status.model.name}, {status.model.dimension} dimensions",
        f"total      {status.total:,}",
        f"removed    {status.removed:,}",
        f"gone       {status.missing:,}",
        f"to do      {status.waiting:,}",
        f"failed     {len(status.failures):,}",
    ]
    if status.part is not None:
        lines.insert(1, f"part       {status.part} of them, by the hash of the id")
    if status.ann is not None:
        lines.append(
            f"ann        covers {status.ann.covered:,} of {status.ann.rows:,} vectors, "
            f"recall@10 {status.ann.recall.get(10, 0.0):.4f} ({status.ann.metric})"
        )
    lines += [
        f"pushed     {one.rows:,} to {shown(one.address)}, "
        + (f"{one.behind:,} behind" if one.behind else "up to date")
        for one in status.pushed
    ]
    if status.stale_claims:
        lines.append(f"{status.stale_claims:,} claims of a run that ended: the next run takes them")
    lines += [
        f"  {shown(failure.id)}: {shown(failure.reason)} ({failure.stage})"
        for failure in status.failures[:_SHOWN_FAILURES]
    ]
    if len(status.failures) > _SHOWN_FAILURES:
        lines.append(f"  and {len(status.failures) - _SHOWN_FAILURES:,} more: see --json")
    return "\n".join(lines)


def status_json(status: Status) -> dict[str, Any]:
    return {
        "root": str(status.root),
        "part": status.part,
        "model": status.model.name,
        "dimension": status.model.dimension,
        "total": status.total,
        "removed": status.removed,
        "failed": len(status.failures),
        "failures": [dataclasses.asdict(failure) for failure in status.failures],
        "bytes": status.size,
        "ann": None if status.ann is None else dataclasses.asdict(status.ann),
        "pushed": [dataclasses.asdict(one) for one in status.pushed],
    }


def faults_text(faults: list[Fault]) -> str:
    """The result of `verify`."""
    if not faults:
        return "no fault found"
    lines = [f"{fault.kind:<10} {shown(fault.where)}: {shown(fault.what)}" for fault in faults]
    return "\n".join([*lines, f"{len(faults):,} faults"])


def faults_json(faults: list[Fault]) -> dict[str, Any]:
    return {"ok": not faults, "faults": [dataclasses.asdict(fault) for fault in faults]}


def compaction_text(done: Compaction) -> str:
    """The result of `compact`."""
    return (
        f"{done.rows_before:,} rows -> {done.rows_after:,}, "
        f"{amount(done.bytes_before)} -> {amount(done.bytes_after)}"
    )


def card_text(card: dict[str, Any], *, whole: bool) -> str:
    """A result of `models`: the card with where its weights are, in short or whole."""
    keys = [key for key in card if key != "name"] if whole else ["licence", "source", "weights"]
    lines = [f"  {key:<12}{shown(str(card[key]))}" for key in keys if card[key] != ""]
    return "\n".join([card["name"], *lines])


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """A bar on stderr while the block lasts, if a person is looking; else nothing is drawn."""
    if not sys.stderr.isatty():
        yield Bar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as rich:
        yield _RichBar(rich)


class Bar:
    """Shows nothing; notes are said all the same."""

    def show(self, progress: Progress[object]) -> None:
        if progress.note:
            say(progress.note)


class _RichBar(Bar):
    """Shows the stage, how far it is, its rate and the time left."""

    def __init__(self, rich: Any) -> None:
        self._rich = rich
        self._task = rich.add_task("listing", total=None, rate="")

    def show(self, progress: Progress[object]) -> None:
        if progress.note:
            self._rich.console.print(shown(progress.note), markup=False)
        speed = self._rich.tasks[0].speed
        self._rich.update(
            self._task,
            description=progress.stage,
            completed=progress.done,
            total=progress.total or None,
            rate=f"{speed:.0f} images/s" if speed and progress.stage == "extracting" else "",
        )
