"""Turn results into the text and the JSON documents that the commands print.

Takes reports, hits, groups, faults and the status of a collection; returns text or a dictionary.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sokkuri.core.named_roots import Root, Roots
from sokkuri.images.formats import aside_text

if TYPE_CHECKING:  # types only: a search must not import what indexing needs
    from sokkuri.core.types import Fault
    from sokkuri.curation.types import Group
    from sokkuri.indexing.compact import Compaction
    from sokkuri.indexing.dry_run import RunEstimate
    from sokkuri.indexing.options import SyncReport
    from sokkuri.indexing.parts.merge import Merged
    from sokkuri.search.push import PushReport
    from sokkuri.search.results import Hit, Hits
    from sokkuri.store.status import Status

_MAX_LISTED_FAILURES = 20


def escape_control(text: str) -> str:
    """Return `text` with control characters and undecodable bytes written as escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def count_text(count: int, noun: str) -> str:
    """Return a count with its noun: `1 image`, `2,000 images`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_bytes(count: int) -> str:
    """Return a number of bytes in decimal units: `51.2 MB`."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def format_duration(seconds: float) -> str:
    """Return seconds as `9.5 s`, `15 min` or `10.0 h`."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def report_text(report: SyncReport) -> str:
    """Format the report of `index`."""
    names = ("added", "updated", "moved", "reused", "removed", "unchanged", "failed")
    counts = [f"{getattr(report, name):,} {name}" for name in names if getattr(report, name)]
    rate = f", {report.images_per_second:.1f} images/s" if report.images_per_second else ""
    return (
        f"{count_text(report.total, 'image')}: {', '.join(counts) or 'nothing to do'} "
        f"({format_duration(report.seconds)}{rate})"
    )


def push_text(report: PushReport) -> str:
    """Format the report of `push`."""
    names = ("added", "updated", "deleted", "unchanged")
    counts = [f"{getattr(report, name):,} {name}" for name in names if getattr(report, name)]
    unfit = f", {report.unfit:,} searched here" if report.unfit else ""
    recall = f", recall@10 {report.recall[10]:.4f}" if 10 in report.recall else ""
    return (
        f"{escape_control(report.address)}: {', '.join(counts) or 'nothing to do'}{unfit} "
        f"({format_duration(report.seconds)}{recall})"
    )


def merge_text(report: Merged) -> str:
    """Format the report of `merge`."""
    names = ("added", "updated", "moved", "removed", "unchanged", "failed")
    counts = [f"{getattr(report, name):,} {name}" for name in names if getattr(report, name)]
    return (
        f"{count_text(report.total, 'image')} of {count_text(report.parts, 'part')}: "
        f"{', '.join(counts) or 'none'} ({format_duration(report.seconds)})"
    )


def estimate_text(estimate: RunEstimate) -> str:
    """Format the estimate of `index --dry-run`."""
    part = "" if estimate.part is None else f"part {estimate.part}: "
    stops = (
        "\na run would stop, because most images would leave: see --accept-removals"
        if estimate.needs_accept_removals
        else ""
    )
    return (
        f"{part}{count_text(estimate.listed, 'file')}: {estimate.new:,} new, "
        f"{estimate.changed:,} changed, {estimate.returned:,} back again, "
        f"{estimate.vanished:,} gone or moved, {estimate.retried:,} to retry\n"
        f"about {format_duration(estimate.seconds)}, "
        f"{format_bytes(estimate.memory_bytes)} of memory, "
        f"{format_bytes(estimate.disk_bytes)} of disk "
        f"(from a sample of {count_text(estimate.sampled, 'image')}){stops}{_stays(estimate)}"
    )


def _stays(estimate: RunEstimate) -> str:
    """Return a line about the vectors that a replacement leaves, "" if there are none."""
    if not estimate.old_bytes:
        return ""
    size = format_bytes(estimate.old_bytes)
    return f"\nthe vectors of the present model, {size}, stay until `sokkuri compact`"


def hits_text(hits: Hits) -> str:
    """Format hits, one line each, with the number of their copies if they were collapsed.

    Hits of words have a mark for good matches, and their probability if there is one.
    """
    return "\n".join(
        f"{hit.rank:>4}  {hit.distance:.4f}  {_judgement(hit)}{escape_control(str(hit.path))}"
        + (f"  {copies_text(len(hit.copies))}" if hit.copies else "")
        for hit in hits
    )


def _judgement(hit: Hit) -> str:
    """Return what is known of how well a hit fits words, for its line."""
    chance = "" if hit.probability is None else f"{hit.probability:>6.1%}  "
    mark = "" if hit.good is None else "good  " if hit.good else "      "
    return chance + mark


def copies_text(count: int) -> str:
    """Return how many copies a hit has: `and 1 copy`, `and 3 copies`."""
    return "and 1 copy" if count == 1 else f"and {count:,} copies"


def not_compared_text(count: int) -> str:
    """Say that some hits of a search that collapses copies were not compared yet."""
    were = "was" if count == 1 else "were"
    return (
        f"{count_text(count, 'hit')} {were} not compared with other images yet, so only files with "
        "equal bytes count as copies: run `sokkuri duplicates`"
    )


def hits_json(hits: Hits) -> dict[str, Any]:
    """Return the JSON document of one search."""
    collapsed = hits.copies is not None
    return {
        "query": list(hits.query),
        "metric": hits.metric,
        "hits": [
            {"rank": hit.rank, "id": hit.id, "path": str(hit.path), "distance": hit.distance}
            | ({"copies": len(hit.copies), "copy_ids": list(hit.copies)} if collapsed else {})
            | ({} if hit.good is None else {"good": hit.good})
            | ({} if hit.probability is None else {"probability": hit.probability})
            for hit in hits
        ],
        "exact": hits.exact,
        "recall": hits.recall,
    }


def groups_text(groups: tuple[Group, ...]) -> str:
    """Format groups, one paragraph each, the kept image first.

    A line has the grade, the score, the kinds of edit if any are known, and the id.
    """
    if not groups:
        return "no near-duplicates"
    parts = []
    for group in groups:
        verdicts = {
            pair.b: "  ".join([f"{pair.grade:<9}", f"{pair.score:.3f}", ", ".join(pair.kinds)])
            for pair in group.pairs
        }
        width = max(16, *(len(text.rstrip()) for text in verdicts.values()))
        is_burst = group.grade == "burst"
        first = "sharpest" if is_burst else "keep"
        lines = [
            f"{verdicts.get(id_, first).rstrip():<{width}}  {escape_control(id_)}"
            for id_ in group.ids
        ]
        lines += [f"kept because it {group.why}"] if group.why and not is_burst else []
        lines += [f"look at this one: {escape_control(group.conflict)}"] if group.conflict else []
        parts.append("\n".join(lines))
    copies = [group for group in groups if group.grade != "burst"]
    extra = sum(len(group.ids) - 1 for group in copies)
    total = (
        f"{count_text(len(copies), 'group')}, {count_text(extra, 'image')} besides those to keep"
    )
    if bursts := len(groups) - len(copies):
        total += f"; {count_text(bursts, 'burst')}, which no plan moves"
    if conflicts := sum(bool(group.conflict) for group in groups):
        total += f"; look at {count_text(conflicts, 'group')}, which --resolve leaves out"
    return "\n\n".join([*parts, total])


def groups_json(groups: tuple[Group, ...]) -> dict[str, Any]:
    """Return the JSON document of `duplicates`."""
    return {
        "groups": [
            {
                "grade": group.grade,
                "ids": group.ids,
                "keep": group.keep,
                "pairs": [dataclasses.asdict(pair) for pair in group.pairs],
                "why": group.why,
                "conflict": group.conflict,
            }
            for group in groups
        ]
    }


def status_text(status: Status) -> str:
    """Format the status of a collection."""
    lines = [
        f"images     {escape_control(_root_text(status.root))}",
        f"store      {escape_control(str(status.store))} ({format_bytes(status.size)})",
        f"model      {status.model.name}, {status.model.dimension} dimensions",
        f"total      {status.total:,}",
        f"removed    {status.removed:,}",
        f"gone       {status.missing:,}",
        f"to do      {status.waiting:,}",
        f"failed     {len(status.failures):,}",
    ]
    if status.part is not None:
        lines.insert(1, f"part       {status.part} of them, by the hash of the id")
    lines += [*_rarer_lines(status), *_index_lines(status), *_unread_lines(status)]
    return "\n".join(lines)


def _root_text(root: Root) -> str:
    """Return where the images are; with named roots also which ones are not there."""
    if not isinstance(root, Roots):
        return str(root)
    texts = [f"{name}={folder}" for name, folder in root.folders]
    missing = [f"{name} is not there" for name in root.missing()]
    return "; ".join([", ".join(texts), *missing])


def _roots_json(root: Root) -> list[dict[str, Any]]:
    """Return the named roots."""
    if not isinstance(root, Roots):
        return []
    missing = root.missing()
    return [
        {"name": name, "folder": str(folder), "is_there": name not in missing}
        for name, folder in root.folders
    ]


def _rarer_lines(status: Status) -> list[str]:
    """Return a line for each state that few collections are in."""
    lines = []
    if (begun := status.replacement) is not None:
        lines.append(
            f"replacing  by {begun.model}: {begun.done + begun.failed:,} of "
            f"{count_text(begun.total, 'image')}; the same `index --replace` goes on"
        )
    if status.old_bytes:
        size = format_bytes(status.old_bytes)
        lines.append(f"old        {size} of earlier models, until `sokkuri compact`")
    if status.damaged:
        lines.append(f"damaged    {len(status.damaged):,}, read in part")
    if status.without_metadata:
        images = count_text(status.without_metadata, "image")
        lines.append(f"metadata   not read yet of {images}: run `sokkuri index --metadata`")
    if status.left_aside:
        lines.append(f"left aside {aside_text(status.left_aside)}")
    return lines


def _index_lines(status: Status) -> list[str]:
    """Return the lines about the approximate index, the engines and leases."""
    lines = []
    if status.ann is not None:
        lines.append(
            f"ann        covers {status.ann.covered:,} of {status.ann.rows:,} vectors, "
            f"recall@10 {status.ann.recall.get(10, 0.0):.4f} ({status.ann.metric})"
            + (f", by words {words:.4f}" if (words := status.ann.text_recall.get(10)) else "")
        )
    lines += [
        f"pushed     {engine.rows:,} to {escape_control(engine.address)}, "
        + (f"{engine.behind:,} behind" if engine.behind else "up to date")
        for engine in status.pushed
    ]
    if status.stale_leases:
        lines.append(
            f"{count_text(status.stale_leases, 'lease')} of a run that ended: "
            "the next run does that work"
        )
    return lines


def _unread_lines(status: Status) -> list[str]:
    """Return a line for each of the first files that were not read, or only in part."""
    listed = [(failure, failure.stage) for failure in status.failures]
    listed += [(image, "read in part") for image in status.damaged]
    lines = [
        f"  {escape_control(image.id)}: {escape_control(image.reason)} ({stage})"
        for image, stage in listed[:_MAX_LISTED_FAILURES]
    ]
    if len(listed) > _MAX_LISTED_FAILURES:
        lines.append(f"  and {len(listed) - _MAX_LISTED_FAILURES:,} more: see --json")
    return lines


def status_json(status: Status) -> dict[str, Any]:
    """Return the JSON document of `status`."""
    return {
        "root": str(status.root),
        "roots": _roots_json(status.root),
        "store": str(status.store),
        "part": status.part,
        "model": status.model.name,
        "dimension": status.model.dimension,
        "total": status.total,
        "removed": status.removed,
        "gone": status.missing,
        "to_do": status.waiting,
        "failed": len(status.failures),
        "failures": [dataclasses.asdict(failure) for failure in status.failures],
        "damaged": [dataclasses.asdict(image) for image in status.damaged],
        "left_aside": dict(status.left_aside),
        "bytes": status.size,
        "ann": None if status.ann is None else dataclasses.asdict(status.ann),
        "pushed": [dataclasses.asdict(engine) for engine in status.pushed],
        "replacement": None
        if status.replacement is None
        else dataclasses.asdict(status.replacement),
        "old_bytes": status.old_bytes,
        "without_metadata": status.without_metadata,
    }


def faults_text(faults: list[Fault]) -> str:
    """Format the faults that `verify` reports."""
    if not faults:
        return "no fault found"
    lines = [
        f"{fault.kind:<10} {escape_control(fault.where)}: {escape_control(fault.what)}"
        for fault in faults
    ]
    return "\n".join([*lines, count_text(len(faults), "fault")])


def faults_json(faults: list[Fault]) -> dict[str, Any]:
    """Return the JSON document of `verify`."""
    return {"ok": not faults, "faults": [dataclasses.asdict(fault) for fault in faults]}


def compaction_text(report: Compaction) -> str:
    """Format the report of `compact`."""
    return (
        f"{count_text(report.rows_before, 'row')} -> {report.rows_after:,}, "
        f"{format_bytes(report.bytes_before)} -> {format_bytes(report.bytes_after)}"
    )


def model_card_text(card: dict[str, Any], *, whole: bool) -> str:
    """Format a model card: licence, source and weights, or all its fields if `whole`."""
    keys = (
        [key for key in card if key not in ("name", "default")]
        if whole
        else ["licence", "source", "weights"]
    )
    values: dict[str, Any] = {}
    for key in keys:
        inner = card[key] if isinstance(card[key], dict) else {"": card[key]}
        values |= {f"{key}.{name}" if name else key: value for name, value in inner.items()}
    if centre := values.get("centre"):
        values["centre"] = f"{len(centre):,} numbers, subtracted from each vector"
    told = {key: str(value) for key, value in values.items() if value not in ("", None, ())}
    width = max([12, *(len(key) + 1 for key in told)])
    lines = [f"  {key:<{width}}{escape_control(value)}" for key, value in told.items()]
    default = ", the default of new collections" if card.get("default") else ""
    return "\n".join([f"{card['name']}{default}", *lines])
