"""`sokkuri duplicates`: the same picture twice, and what to do about it."""

import csv
import io
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sokkuri.cli import console
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
    find_collection,
    write_text,
)
from sokkuri.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from sokkuri.api import Collection
    from sokkuri.core.types import Progress
    from sokkuri.curation.duplicates.find import DuplicateOptions
    from sokkuri.curation.trash.apply import MoveResult
    from sokkuri.curation.trash.plan import TrashPlan
    from sokkuri.curation.types import Group


def duplicates(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Images for --different or --prefer.", show_default=False),
    ] = None,
    min_grade: Annotated[
        Literal["identical", "same", "edited", "alike"],
        typer.Option(help="Lowest grade that counts as a near-duplicate."),
    ] = "edited",
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
            help="Image to keep: largest, heaviest, oldest, newest, or a folder that ends in /. "
            "Repeatable: earlier rules come first.",
        ),
    ] = None,
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
    apply: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN", help="Move the files of a plan to the trash, and write a log."
        ),
    ] = None,
    undo: Annotated[
        Path | None, typer.Option(metavar="LOG", help="Move the files of a log back.")
    ] = None,
    engine: EngineOption = None,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find groups of near-duplicates, each with the image to keep first."""
    if apply is not None or undo is not None:
        _move(apply, undo, as_json=as_json)
        return
    from sokkuri.api import Collection
    from sokkuri.curation.duplicates.find import DuplicateOptions
    from sokkuri.curation.trash.make_plan import folder_at
    from sokkuri.store.collection import has_store

    if [as_json, csv_ == Path("-"), html == Path("-")].count(True) > 1:
        raise UsageError("stdout takes one of --json, --csv - and --html -")
    if engine is not None and against is not None:
        raise UsageError(
            "--engine knows nothing of the folder that --against names: leave one of them out"
        )
    asked = DuplicateOptions(min_grade, under, where, tuple(keep or ()), engine=engine)
    with Collection.open(find_collection(collection)) as opened:
        if ids or different or prefer or forget:
            if any((against, resolve, csv_, html)):
                raise UsageError("what is decided comes first, what is found another time")
            _decide(opened, ids or [], _said(different, prefer, forget), as_json=as_json)
        elif against is not None:
            if resolve is not None:
                folder_at(opened.root)  # before anything is looked at
            with _indexed(opened, against) as other:
                found = _crossing(opened, other, asked, lasting=has_store(Path(against)))
                _report(found, _Out(resolve, csv_, html), as_json)
        else:
            if resolve is not None:
                folder_at(opened.root)
            found = _within(opened, asked)
            _report(found, _Out(resolve, csv_, html), as_json)


@dataclass(frozen=True, slots=True)
class _Out:
    """Files to write."""

    plan: Path | None
    csv: Path | None
    html: Path | None


@dataclass(frozen=True, slots=True)
class _Found:
    """Groups, and what a plan of them is."""

    groups: "tuple[Group, ...]"
    plan: "Callable[[], TrashPlan]"


@dataclass(frozen=True, slots=True)
class _Decision:
    """What a person said of some images: that they are different, or are the ones to keep."""

    different: bool
    forget: bool


def _said(different: bool, prefer: bool, forget: bool) -> _Decision:
    if different == prefer:
        raise UsageError("say what is decided of these images: --different or --prefer")
    return _Decision(different, forget)


def _decide(collection: "Collection", ids: list[str], said: _Decision, *, as_json: bool) -> None:
    from sokkuri.store.decisions import mark_different, mark_kept

    least = 2 if said.different else 1
    if len(ids) < least:
        raise UsageError(f"name the images: {least} or more")
    mark = mark_different if said.different else mark_kept
    changed = mark(collection.catalog, ids, undo=said.forget)
    if as_json:
        console.print_json({"changed": changed})
    else:
        console.print_result(
            f"{count_text(changed, 'pair' if said.different else 'image')} changed"
        )


def _within(collection: "Collection", asked: "DuplicateOptions") -> _Found:
    """Groups of the whole collection."""
    from sokkuri.curation.duplicates.find import find_duplicates
    from sokkuri.curation.trash.make_plan import make_trash_plan

    groups = _followed(find_duplicates(collection, asked))
    return _Found(groups, lambda: make_trash_plan(collection, groups))


def _crossing(
    collection: "Collection", other: "Collection", asked: "DuplicateOptions", *, lasting: bool
) -> _Found:
    """What of the other folder the collection has already."""
    from sokkuri.curation.duplicates.against import find_against
    from sokkuri.curation.trash.make_plan import make_trash_plan

    groups = _followed(find_against(collection, other, asked))
    return _Found(groups, lambda: make_trash_plan(other, groups, lasting=lasting))


def _followed(steps: "Generator[Progress[tuple[Group, ...]]]") -> "tuple[Group, ...]":
    """The groups, with a bar while they are looked for."""
    groups: tuple[Group, ...] = ()
    with closing(steps), console.progress_bar() as bar:
        for step in steps:
            bar.show(step)
            groups = step.result or groups
    return groups


@contextmanager
def _indexed(collection: "Collection", place: str) -> "Iterator[Collection]":
    """The collection in that place; where there is none, one that is made for now, elsewhere."""
    from sokkuri.api import Collection, check_folder
    from sokkuri.store.collection import has_store

    if has_store(Path(place)):
        with Collection.open(place) as other:
            yield other
        return
    with tempfile.TemporaryDirectory(prefix="sokkuri-") as store:
        model = collection.load_model()
        other = Collection.create_with(
            check_folder(place), Path(store), model, collection.model.source
        )
        with other, console.progress_bar() as bar:
            for progress in other.sync():
                bar.show(progress)
        with Collection.open(store) as other:
            yield other


def _report(found: _Found, out: _Out, as_json: bool) -> None:
    """Write what files were asked for, and print the plan or the groups."""
    from sokkuri.cli.contact_sheet import groups_sheet

    if out.csv is not None:
        _write(out.csv, _csv(found.groups))
    if out.html is not None:
        _write(out.html, groups_sheet(found.groups))
    if out.plan is not None:
        _write_plan(found.plan(), out.plan, as_json=as_json)
    elif as_json:
        console.print_json(groups_json(found.groups))
    elif Path("-") not in (out.csv, out.html):
        console.print_result(groups_text(found.groups))


def _write_plan(made: "TrashPlan", file: Path, *, as_json: bool) -> None:
    from sokkuri.curation.trash.plan import write_plan

    write_plan(file, made)
    size = sum(move.size for move in made.moves)
    if as_json:
        console.print_json({"plan": str(file), "moves": len(made.moves), "bytes": size})
    else:
        console.print_result(
            f"{count_text(len(made.moves), 'image')}, {format_bytes(size)}, would go to the "
            "trash: look "
            f"through {escape_control(str(file))}, then `sokkuri duplicates --apply` it"
        )


def _csv(groups: "tuple[Group, ...]") -> str:
    """A line for each pair : the group's number, both ids, the grade, the score."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["group", "a", "b", "grade", "score"])
    for number, group in enumerate(groups, 1):
        for pair in group.pairs:
            lines.writerow([number, pair.a, pair.b, pair.grade, f"{pair.score:.4f}"])
    return out.getvalue()


def _write(file: Path, text: str) -> None:
    if file == Path("-"):
        console.print_result(text.removesuffix("\n"))
    else:
        write_text(file, text)


def _move(apply: Path | None, undo: Path | None, *, as_json: bool) -> None:
    """Move what a plan says, or bring it back. What is left where it is makes the exit code 1."""
    from sokkuri.curation.trash import apply as resolving
    from sokkuri.curation.trash.plan import read_plan

    if apply is not None and undo is not None:
        raise UsageError("--apply and --undo are two things: give one")
    if apply is not None:
        log = resolving.log_path(apply)
        made = read_plan(apply)
        done = _seen("moving", resolving.apply_plan(made, log), len(made.moves))
        document: dict[str, Any] = {"log": str(log), "moved": _ids(done)}
        text = (
            f"in the trash: {count_text(len(_ids(done)), 'image')}; `sokkuri duplicates --undo "
            f"{escape_control(str(log))}` is the way back"
        )
    else:
        assert undo is not None
        done = _seen("returning", resolving.undo(undo), 0)
        document = {"returned": _ids(done)}
        text = f"back in place: {count_text(len(_ids(done)), 'image')}"
    left = [one for one in done if not one.moved]
    if as_json:
        said = [{"id": one.move.id, "reason": one.reason} for one in left]
        console.print_json({**document, "left": said})
    else:
        for one in left:
            console.print_message(f"{one.move.id} is left: {one.reason}")
        console.print_result(text)
    if left:
        raise typer.Exit(1)


def _seen(stage: str, steps: "Iterator[MoveResult]", total: int) -> "list[MoveResult]":
    """All of them, with a bar while they come. total : 0 where it is not known."""
    from sokkuri.core.types import Progress

    found = []
    with console.progress_bar() as bar:
        for done in steps:
            found.append(done)
            bar.show(Progress(stage, len(found), total))
    return found


def _ids(done: "list[MoveResult]") -> list[str]:
    return [one.move.id for one in done if one.moved]
