"""`sokkuri duplicates --apply` and `--undo`: move files to the trash, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sokkuri.cli import console
from sokkuri.cli.formatting import count_text, escape_control
from sokkuri.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sokkuri.curation.trash.apply import MoveResult
    from sokkuri.curation.trash.plan import Move

_NAMED = 10  # files of moved images that are named


def move_files(
    apply: Path | None,
    undo: Path | None,
    to: Path | None,
    *,
    hardlink: bool,
    collection: Path | None = None,
    as_json: bool,
) -> None:
    """Apply a plan or undo a log. Exit with code 1 if a file could not be moved.

    to, hardlink : where the files of the plan go instead of the trash. collection : the value of
    `-C`, which must name a collection of the plan.
    """
    if apply is not None and undo is not None:
        raise UsageError("--apply and --undo exclude each other: give one of them")
    if undo is not None and (to is not None or hardlink):
        raise UsageError("--undo knows where the files are: give it without --to and --hardlink")
    if to is not None and hardlink:
        raise UsageError("--to and --hardlink exclude each other: give one of them")
    if apply is not None:
        _check_collection(collection, apply, is_plan=True)
        results, document, text = _apply(apply, to, hardlink=hardlink)
    else:
        assert undo is not None
        _check_collection(collection, undo, is_plan=False)
        results, document, text = _undo(undo)
    unmoved = [result for result in results if not result.moved]
    if as_json:
        left = [{"id": result.move.id, "reason": result.reason} for result in unmoved]
        console.print_json({**document, "left": left})
    else:
        for result in unmoved:
            what = ":" if result.is_merge else " was not moved:"
            console.print_message(f"{result.move.id}{what} {result.reason}")
        console.print_result(text)
    if unmoved:
        raise typer.Exit(1)


def _check_collection(where: Path | None, file: Path, *, is_plan: bool) -> None:
    """Raise UsageError if `-C` names a collection that a plan or a log does not speak of."""
    from sokkuri.api import Collection
    from sokkuri.core.named_roots import local_folders

    if where is None:
        return
    named = {Path(place).resolve() for place in _places_of(file, is_plan=is_plan)}
    with Collection.open(where, "ro") as opened:
        own = {opened.store.resolve()}
        own |= {folder.resolve() for _, folder in local_folders(opened.root)}
    if named and own.isdisjoint(named):
        raise UsageError(
            f"-C {where} is not the collection of {file}, which says where its files are: run it "
            "without -C"
        )


def _places_of(file: Path, *, is_plan: bool) -> set[str]:
    """Return the stores and the folders of images that a plan or a log names."""
    from sokkuri.curation.trash.log import MoveLog
    from sokkuri.curation.trash.plan import read_plan

    if is_plan:
        plan = read_plan(file)
        moves, stores = [*plan.moves], [plan.store]
    else:
        records = MoveLog.read_records(file)
        moves, stores = [record.move for record in records], [record.store for record in records]
    folders = {move.root for move in moves} | {move.keep.root for move in moves if move.keep}
    return folders | {store for store in stores if store is not None}


def _apply(
    plan_file: Path, to: Path | None, *, hardlink: bool
) -> "tuple[list[MoveResult], dict[str, Any], str]":
    """Apply a plan. Return the results, a JSON document and a text."""
    from sokkuri.curation.trash.apply import apply_plan, log_path
    from sokkuri.curation.trash.plan import read_plan
    from sokkuri.curation.trash.ways import Destination

    log = log_path(plan_file)
    plan = read_plan(plan_file)
    way = Destination(None if to is None else to.absolute(), hardlink)
    results = _show_moves("moving", apply_plan(plan, log, way), len(plan.moves))
    moved, companions = _moved_ids(results)
    merged = _merged_paths(results)
    if not hardlink:
        moves = [result.move for result in results if result.moved and not result.is_merge]
        name_companions(moves)
    roots = ", ".join(dict.fromkeys(move.root for move in plan.moves))
    folder = f" of {escape_control(roots)}" if roots else ""
    place = "replaced by hard links" if hardlink else f"in {to or 'the trash'}"
    text = (
        f"{escape_control(place)}: {moved_text(len(moved), companions)}{folder}; to move them "
        "back, run "
        f"`sokkuri duplicates --undo {escape_control(str(log))}`"
    )
    if merged:
        text += f"; metadata of the copies was added to {escape_control(named_text(merged))}"
    document = {"log": str(log), "moved": moved, "companions_moved": companions, "merged": merged}
    return results, document, text


def named_text(paths: "Sequence[str]") -> str:
    """Return the first of some paths, and how many more there are."""
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return f"{', '.join(paths[:_NAMED])}{more}"


def moved_text(images: int, companions: "Sequence[str]") -> str:
    """Return how many images move, and which files that belong to them."""
    text = count_text(images, "image")
    if not companions:
        return text
    return f"{text} and what belongs to them ({escape_control(named_text(companions))})"


def name_companions(moves: "Sequence[Move]") -> None:
    """Name the files that belong to the photos of these moves and stay where they are."""
    from sokkuri.curation.trash.companions import find_companions

    files = find_companions(moves)
    if files:
        named = named_text(files)
        console.print_message(f"the trash gets the photo but not what belongs to it: {named}")


def _undo(log: Path) -> "tuple[list[MoveResult], dict[str, Any], str]":
    """Undo a log. Return the results, a JSON document and a text."""
    from sokkuri.curation.trash.apply import undo
    from sokkuri.curation.trash.log import count_unreadable_lines

    results = _show_moves("returning", undo(log), 0)
    unreadable = count_unreadable_lines(log)
    if unreadable:
        console.print_message(
            f"{escape_control(str(log))}: {count_text(unreadable, 'line')} cannot be read and "
            "had no effect: a kill has cut it, or the file is damaged"
        )
    moved, companions = _moved_ids(results)
    document = {
        "returned": moved, "companions_returned": companions, "unmerged": _merged_paths(results)
    }  # fmt: skip
    text = f"back in place: {moved_text(len(moved), companions)}"
    if document["unmerged"]:
        text += f"; as before: {escape_control(named_text(document['unmerged']))}"
    return results, document, text


def _show_moves(stage: str, steps: "Iterator[MoveResult]", total: int) -> "list[MoveResult]":
    """Draw a progress bar while files are moved. Return the results. total: 0 if unknown."""
    from sokkuri.core.types import Progress

    results = []
    with console.progress_bar() as bar:
        for result in steps:
            results.append(result)
            bar.show(Progress(stage, len(results), total))
    return results


def _moved_ids(results: "list[MoveResult]") -> tuple[list[str], list[str]]:
    """Return the ids of the images that were moved, and the paths of the files that belong to
    them."""
    moves = [result.move for result in results if result.moved and not result.is_merge]
    images = [move.id for move in moves if not move.belongs_to]
    return images, [move.id for move in moves if move.belongs_to]


def _merged_paths(results: "list[MoveResult]") -> list[str]:
    """Return the paths of the sidecars that were written, or are as before."""
    return [result.move.id for result in results if result.moved and result.is_merge]
