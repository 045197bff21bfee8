"""`sokkuri duplicates`: find near-duplicates, remember decisions about them, plan their removal."""

import csv
import io
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sokkuri.cli import console
from sokkuri.cli.decisions import decide, parse_decision
from sokkuri.cli.formatting import (
    count_text,
    escape_control,
    format_bytes,
    groups_json,
    groups_text,
)
from sokkuri.cli.options import (
    CollectionOption,
    EngineOption,
    JsonOption,
    UnderOption,
    WhereOption,
    check_under,
    find_collection,
    write_text,
)
from sokkuri.cli.trash import move_files, moved_text, name_companions
from sokkuri.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from sokkuri.api import Collection
    from sokkuri.core.types import Progress
    from sokkuri.curation.duplicates.find import DuplicateOptions
    from sokkuri.curation.trash.plan import TrashPlan
    from sokkuri.curation.types import Group


def duplicates(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Images for --different or --prefer.", show_default=False),
    ] = None,
    min_grade: Annotated[
        Literal["identical", "same", "edited", "alike"] | None,
        typer.Option(
            help="Lowest grade that counts as a near-duplicate. "
            "Default: edited; with --resolve: same."
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Find images of this folder or collection that are here already."
        ),
    ] = None,
    under: UnderOption = None,
    where: WhereOption = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="Image to keep: largest, heaviest, oldest, newest, colour, camera, "
            "earliest-taken, format:png,jpg, or a folder that ends in /. "
            "Repeatable: earlier rules come first.",
        ),
    ] = None,
    bursts: Annotated[
        bool,
        typer.Option(
            "--bursts", help="Show alike images taken within seconds, the sharpest first."
        ),
    ] = False,
    no_stacks: Annotated[
        bool,
        typer.Option(
            "--no-stacks",
            help="Also compare files of one photo, such as an original and its edited copy, and "
            "plan no sidecars.",
        ),
    ] = False,
    different: Annotated[
        bool, typer.Option("--different", help="Remember: no two of IDS are duplicates.")
    ] = False,
    prefer: Annotated[
        bool, typer.Option("--prefer", help="Remember: keep IDS in their groups.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Undo --different or --prefer.")] = False,
    csv_: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="Write the pairs to a CSV file, or - for stdout."
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the groups as an HTML page.")
    ] = None,
    resolve: Annotated[
        Path | None,
        typer.Option(metavar="PLAN", help="Write a plan of moves to the trash. Nothing is moved."),
    ] = None,
    merge: Annotated[
        bool,
        typer.Option(
            "--merge",
            help="With --resolve: carry rating, keywords and labels of the copies over to the "
            "sidecar of the kept image.",
        ),
    ] = False,
    apply: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN", help="Move the files of a plan to the trash, and write a log."
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --apply: move the files here, not to the trash."),
    ] = None,
    hardlink: Annotated[
        bool,
        typer.Option(
            "--hardlink",
            help="With --apply: replace files by hard links to the kept ones, which must have the "
            "same bytes.",
        ),
    ] = False,
    undo: Annotated[
        Path | None, typer.Option(metavar="LOG", help="Move the files of a log back.")
    ] = None,
    engine: EngineOption = None,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find near-duplicates, and move them to the trash and back.

    The first image of each group is the one to keep.
    """
    searching = {
        "--min-grade": min_grade, "--against": against, "--under": under, "--where": where,
        "--keep": keep, "--bursts": bursts, "--no-stacks": no_stacks, "--csv": csv_,
        "--html": html, "--resolve": resolve, "--engine": engine,
    }  # fmt: skip
    deciding: dict[str, object] = {
        "IDS": ids,
        "--different": different,
        "--prefer": prefer,
        "--forget": forget,
    }
    if merge and (resolve is None or apply is not None or undo is not None):
        raise UsageError("--merge belongs to --resolve, which writes it into the plan")
    if apply is not None or undo is not None:
        _refuse_others(
            "--apply and --undo only move the files of a plan", {**deciding, **searching}
        )
        move_files(apply, undo, to, hardlink=hardlink, collection=collection, as_json=as_json)
        return
    if to is not None or hardlink:
        raise UsageError("--to and --hardlink belong to --apply: give it, too")
    from sokkuri.api import Collection
    from sokkuri.curation.duplicates.find import DuplicateOptions

    decides = bool(ids or different or prefer or forget)
    if decides:
        _refuse_others("--different, --prefer and --forget only remember a decision", searching)
    outputs = _Outputs(resolve, csv_, html, as_json)
    _check_options(outputs, engine=engine, against=against, bursts=bursts)
    # Without a word from the user, a plan moves only what was compared at full size.
    grade = min_grade or ("edited" if resolve is None else "same")
    options = DuplicateOptions(
        grade, under, where, tuple(keep or ()), bursts=bursts, engine=engine, stacks=not no_stacks
    )
    with Collection.open(find_collection(collection)) as opened:
        if decides:
            decision = parse_decision(different=different, prefer=prefer, forget=forget)
            decide(opened, ids or [], decision, as_json=as_json)
            return
        check_under(opened, under)
        if resolve is not None:
            from sokkuri.curation.trash.make_plan import check_movable

            check_movable(opened.root)  # fails before the long search, not after it
        if against is None:
            _report(_find_within(opened, options, merge=merge), outputs)
        else:
            with _open_other(opened, against) as other:
                _report(_find_against(opened, other, options, against, merge=merge), outputs)


@dataclass(frozen=True, slots=True)
class _Outputs:
    """The files to write, and whether stdout gets JSON."""

    plan: Path | None
    csv: Path | None
    html: Path | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class _Result:
    """Groups, and a function that makes the trash plan for them."""

    groups: "tuple[Group, ...]"
    make_plan: "Callable[[], TrashPlan]"


def _refuse_others(what: str, others: "Mapping[str, object]") -> None:
    """Raise UsageError if the user gave one of these options, by name: they would have no
    effect."""
    given = [name for name, value in others.items() if value not in (None, False, [])]
    if given:
        raise UsageError(f"{what}: run them without {' and '.join(given)}")


def _check_options(
    outputs: _Outputs, *, engine: str | None, against: str | None, bursts: bool
) -> None:
    """Raise UsageError for options that exclude each other."""
    if [outputs.as_json, outputs.csv == Path("-"), outputs.html == Path("-")].count(True) > 1:
        raise UsageError("--json, --csv - and --html - all write to stdout: give one of them")
    if engine is not None and against is not None:
        raise UsageError(
            "--engine has no vectors of the folder that --against names: give one of them"
        )
    if bursts and outputs.plan is not None:
        raise UsageError(
            "the images of a burst are no copies, so no plan moves them: give --bursts without "
            "--resolve"
        )
    if bursts and against is not None:
        raise UsageError("--against looks for copies only: give --bursts without it")


def _find_within(collection: "Collection", options: "DuplicateOptions", *, merge: bool) -> _Result:
    """Find groups inside the collection."""
    from sokkuri.curation.duplicates.find import find_duplicates
    from sokkuri.curation.trash.make_plan import make_trash_plan

    groups = _show_progress(find_duplicates(collection, options))
    sure = [group for group in groups if not group.conflict]
    return _Result(
        groups, lambda: make_trash_plan(collection, sure, stacks=options.stacks, merge=merge)
    )


def _find_against(
    collection: "Collection",
    other: "Collection",
    options: "DuplicateOptions",
    folder: str,
    *,
    merge: bool,
) -> _Result:
    """Find the images of `other` that the collection already has."""
    from sokkuri.curation.duplicates.against import find_against
    from sokkuri.curation.trash.make_plan import make_trash_plan
    from sokkuri.store.places import has_store

    groups = _show_progress(find_against(collection, other, options))
    lasting = has_store(Path(folder))
    sure = [group for group in groups if not group.conflict]
    return _Result(
        groups,
        lambda: make_trash_plan(
            other, sure, archive=collection, lasting=lasting, stacks=options.stacks, merge=merge
        ),
    )


def _show_progress(steps: "Generator[Progress[tuple[Group, ...]]]") -> "tuple[Group, ...]":
    """Draw a progress bar while the groups are searched for. Return them."""
    groups: tuple[Group, ...] = ()
    with closing(steps), console.progress_bar() as bar:
        for step in steps:
            bar.show(step)
            groups = step.result or groups
    return groups


@contextmanager
def _open_other(collection: "Collection", folder: str) -> "Iterator[Collection]":
    """Open the collection in `folder`. If there is none, index the folder into a temporary one."""
    from sokkuri.api import Collection, check_folder
    from sokkuri.store.places import has_store

    if has_store(Path(folder)):
        with Collection.open(folder) as other:
            yield other
        return
    with tempfile.TemporaryDirectory(prefix="sokkuri-") as store:
        model = collection.load_model()
        other = Collection.create_with(
            check_folder(folder), Path(store), model, collection.model.source
        )
        with other, console.progress_bar() as bar:
            for progress in other.sync(model=model):
                bar.show(progress)
        with Collection.open(store) as other:
            yield other


def _report(result: _Result, outputs: _Outputs) -> None:
    """Write the requested files, and print the plan or the groups."""
    from sokkuri.cli.contact_sheet import groups_sheet

    if outputs.csv is not None:
        _write_or_print(outputs.csv, _csv_text(result.groups))
    if outputs.html is not None:
        _write_or_print(outputs.html, groups_sheet(result.groups))
    if outputs.plan is not None:
        left_out = sum(bool(group.conflict) for group in result.groups)
        _write_plan(result.make_plan(), outputs.plan, left_out, as_json=outputs.as_json)
    elif outputs.as_json:
        console.print_json(groups_json(result.groups))
    elif Path("-") not in (outputs.csv, outputs.html):
        console.print_result(groups_text(result.groups))


def _write_plan(plan: "TrashPlan", file: Path, left_out: int, *, as_json: bool) -> None:
    """Write the plan, and print how much it moves. left_out : number of groups to look at."""
    from sokkuri.curation.trash.plan import keep_old_plan, write_plan

    old = keep_old_plan(file)
    if old is not None:
        console.print_message(f"{file} was there already: that plan is {old} now")
    write_plan(file, plan)
    name_companions(plan.moves)
    size = sum(move.size for move in plan.moves)
    companions = [move.id for move in plan.moves if move.belongs_to]
    images = len(plan.moves) - len(companions)
    if as_json:
        console.print_json({
            "plan": str(file), "moves": images, "bytes": size, "left_out": left_out,
            "companions_moved": companions,
        })  # fmt: skip
    else:
        if left_out:
            console.print_result(
                f"{count_text(left_out, 'group')} left out, because the evidence conflicts: see "
                "`sokkuri duplicates`, then decide with --prefer or --keep"
            )
        console.print_result(
            f"the plan moves {moved_text(images, companions)} ({format_bytes(size)}) to the "
            f"trash: read {escape_control(str(file))}, then run `sokkuri duplicates --apply` on it"
        )


def _csv_text(groups: "tuple[Group, ...]") -> str:
    """Return CSV with a line for each pair: group number, both ids, grade, score, why the first
    image of the group is kept, what speaks against it, and the kinds of edit."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["group", "a", "b", "grade", "score", "why", "conflict", "kinds"])
    for number, group in enumerate(groups, 1):
        for pair in group.pairs:
            row = [number, pair.a, pair.b, pair.grade, f"{pair.score:.4f}"]
            writer.writerow([*row, group.why, group.conflict, ", ".join(pair.kinds)])
    return out.getvalue()


def _write_or_print(file: Path, text: str) -> None:
    """Write the text to a file, or to stdout if the file is `-`."""
    if file == Path("-"):
        console.print_raw(text)
    else:
        write_text(file, text)
