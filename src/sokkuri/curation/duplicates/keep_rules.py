"""Decide which of some near-duplicates to keep: an order by a person's choice, rules and facts.

The images that a person prefers come first. Then the rules of `--keep` count in their order, then
resolution, bytes and age. The id decides last, so the order is always the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sokkuri.core.errors import UsageError
from sokkuri.curation.types import DuplicateImage


@dataclass(frozen=True, slots=True)
class KeepRules:
    """Names of rules, or folders that end in `/`; the first counts most. See `parse_rules`."""

    rules: tuple[str, ...] = ()


KeepOrder: TypeAlias = tuple[tuple[int, ...], str]
"""A sort key: the image to keep has the smallest."""

_FACTS: dict[str, Callable[[DuplicateImage], int]] = {
    "largest": lambda image: -(image.width or 0) * (image.height or 0),
    "heaviest": lambda image: -image.size,
    "oldest": lambda image: image.mtime_ns,
    "newest": lambda image: -image.mtime_ns,
}
_DEFAULT = ("largest", "heaviest", "oldest")


def parse_rules(rules: Sequence[str]) -> KeepRules:
    """Check the rules that a person gave.

    A rule is `largest` (pixels), `heaviest` (bytes), `oldest`, `newest`, or a folder below the root
    that ends in `/`. Raises UsageError for any other.
    """
    return KeepRules(tuple(_check_rule(rule) for rule in rules))


def keep_order(rules: KeepRules = KeepRules()) -> Callable[[DuplicateImage], KeepOrder]:
    """Return a key for `sorted` that puts the image to keep first."""
    facts = [_fact_of(rule) for rule in (*rules.rules, *_DEFAULT)]

    def key(image: DuplicateImage) -> KeepOrder:
        return (not image.preferred, *(fact(image) for fact in facts)), image.id

    return key


def _check_rule(rule: str) -> str:
    if rule in _FACTS:
        return rule
    if not rule.endswith("/"):
        raise UsageError(
            f"--keep {rule} is not a rule: give {', '.join(_FACTS)}, or a folder that ends in /"
        )
    folder = rule.removeprefix("./").rstrip("/")
    if not folder or folder.startswith("/") or {"", ".", ".."} & set(folder.split("/")):
        raise UsageError(
            f"--keep {rule} is not a folder below the folder of images: give its path from there"
        )
    return f"{folder}/"


def _fact_of(rule: str) -> Callable[[DuplicateImage], int]:
    if rule in _FACTS:
        return _FACTS[rule]
    return lambda image: not image.path.startswith(rule)
