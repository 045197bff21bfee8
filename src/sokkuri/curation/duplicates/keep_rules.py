"""Which of some near-duplicates to keep: an order of preference, by facts and by rules. Pure.

A person's "keep this one" comes first. Then the rules of `--keep`, in their order, then resolution,
bytes and age; the id decides what is left, so that the order is the same each time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sokkuri.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one image. `path` : relative to the root. `kept` : a person said so."""

    id: str
    path: str
    width: int | None
    height: int | None
    size: int  # bytes
    mtime_ns: int
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """Names of rules, or folders that end in `/`, the first counting most: see `parsed`."""

    rules: tuple[str, ...] = ()


Preference: TypeAlias = tuple[tuple[int, ...], str]
"""A sort key: the image to keep has the smallest."""

_FACTS: dict[str, Callable[[Candidate], int]] = {
    "largest": lambda image: -(image.width or 0) * (image.height or 0),
    "heaviest": lambda image: -image.size,
    "oldest": lambda image: image.mtime_ns,
    "newest": lambda image: -image.mtime_ns,
}
_DEFAULT = ("largest", "heaviest", "oldest")


def parsed(rules: Sequence[str]) -> Rules:
    """The rules as they were given: `largest` (pixels), `heaviest` (bytes), `oldest`, `newest`, or
    a folder below the root that ends in `/`. Raises UsageError for any other."""
    return Rules(tuple(_known(rule) for rule in rules))


def preference(rules: Rules = Rules()) -> Callable[[Candidate], Preference]:
    """A key for `sorted` that puts the image to keep first."""
    facts = [_fact(rule) for rule in (*rules.rules, *_DEFAULT)]

    def key(image: Candidate) -> Preference:
        return (not image.kept, *(fact(image) for fact in facts)), image.id

    return key


def _known(rule: str) -> str:
    if rule in _FACTS:
        return rule
    if not rule.endswith("/"):
        raise UsageError(
            f"--keep {rule} is no rule: give {', '.join(_FACTS)}, or a folder, which ends in /"
        )
    folder = rule.removeprefix("./").rstrip("/")
    if not folder or folder.startswith("/") or {"", ".", ".."} & set(folder.split("/")):
        raise UsageError(
            f"--keep {rule} is no folder below that of the images: give its path there"
        )
    return f"{folder}/"


def _fact(rule: str) -> Callable[[Candidate], int]:
    if rule in _FACTS:
        return _FACTS[rule]
    return lambda image: not image.path.startswith(rule)
