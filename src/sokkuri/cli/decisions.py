"""`sokkuri duplicates --different`, `--prefer`, `--forget`: remember what the user decided."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sokkuri.cli import console
from sokkuri.cli.formatting import count_text
from sokkuri.core.errors import UsageError

if TYPE_CHECKING:
    from sokkuri.api import Collection


@dataclass(frozen=True, slots=True)
class Decision:
    """What the user decided: images are different, or (if not `different`) are to be kept."""

    different: bool
    forget: bool


def parse_decision(*, different: bool, prefer: bool, forget: bool) -> Decision:
    """Return the decision that the options name. Raises UsageError unless they name one."""
    if different == prefer:
        raise UsageError("name the decision about these images: --different or --prefer")
    return Decision(different, forget)


def decide(collection: "Collection", ids: list[str], decision: Decision, *, as_json: bool) -> None:
    """Remember or forget the decision about these images, and print how many changed.

    Raises UsageError.
    """
    from sokkuri.store.decisions import mark_different, mark_kept

    least = 2 if decision.different else 1
    if len(ids) < least:
        raise UsageError(f"name at least {count_text(least, 'image')}")
    mark = mark_different if decision.different else mark_kept
    changed = mark(collection.catalog, ids, undo=decision.forget)
    if as_json:
        console.print_json({"changed": changed})
    else:
        noun = "pair" if decision.different else "image"
        console.print_result(f"{count_text(changed, noun)} changed")
