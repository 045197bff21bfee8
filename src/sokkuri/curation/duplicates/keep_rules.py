"""Decide which of some near-duplicates to keep: an order by a person's choice, rules and facts.

The images that a person prefers come first, then those whose files are whole. Then the rules of
`--keep` count in their order, then the evidence (keep_evidence.py), then resolution, names that
programs give to copies, losses that nobody sees, bytes and age. The id decides last, so the order
is always the same.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeAlias

from sokkuri.core.errors import UsageError
from sokkuri.curation.duplicates.keep_evidence import (
    ADVANTAGES,
    MARKS,
    NO_EVIDENCE,
    ImageEvidence,
    conflict_between,
)
from sokkuri.curation.types import DuplicateImage

EvidenceOf = Callable[[DuplicateImage], ImageEvidence]
"""Returns what is known about an image."""

_Fact = Callable[[DuplicateImage, ImageEvidence], int]
"""Returns a number; the image to keep has the smallest."""


@dataclass(frozen=True, slots=True)
class KeepRules:
    """Names of rules, formats, or folders that end in `/`; the first counts most. See
    `parse_rules`."""

    rules: tuple[str, ...] = ()


KeepOrder: TypeAlias = tuple[tuple[int, ...], str]
"""A sort key: the image to keep has the smallest."""

_NEVER = 10**14  # later than every time of fourteen digits
_MAX_REASONS = 3
_FORMAT = "format:"
_SAME_FORMAT = {"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "tiff": "tif", "heif": "heic"}

_FACTS: dict[str, _Fact] = {
    "largest": lambda image, _: -(image.width or 0) * (image.height or 0),
    "heaviest": lambda image, _: -image.size,
    "oldest": lambda image, _: image.mtime_ns,
    "newest": lambda image, _: -image.mtime_ns,
    "colour": lambda _, evidence: int(evidence.facts is None or evidence.facts.monochrome),
    "camera": lambda _, evidence: int(evidence.facts is None or not evidence.facts.camera),
    "earliest-taken": lambda _, evidence: (evidence.facts and evidence.facts.taken) or _NEVER,
}
_UNDECIDED = {
    "mirrored": "some are mirrored, and nothing tells which way round is right",
    "turned": "some are turned, and nothing tells which way up is right",
}
_COPY_WORDS = (
    "copy|copia|copie|kopie|kopia|cópia|копия|コピー|副本|"
    "edit|edited|bearbeitet|modifié|export|exported|converted|compressed|resized|resaved|optimi[sz]ed"
)
_COPY_NAME = re.compile(
    r"(copy of|kopie von|copie de|copia di) .+"
    rf"|.*(~\d+|[ _.-]*\(\d+\)|[ _.-]({_COPY_WORDS})( ?\d+)?)",
    re.IGNORECASE,
)
_LAST: dict[str, _Fact] = {
    "has the sidecar with most edits": lambda image, _: -image.sidecar,
    "has the video of a Live Photo": lambda image, _: -image.has_live_film,
    "has the most pixels": _FACTS["largest"],
    "does not have the name of a copy": lambda image, _: int(is_name_of_copy(image.path)),
    "lost a little less when it was saved": lambda _, evidence: evidence.slightly_worse,
    "has the most bytes": _FACTS["heaviest"],
    "is the oldest file": _FACTS["oldest"],
}
"""What decides after the evidence, by the words that say so."""


def parse_rules(rules: Sequence[str]) -> KeepRules:
    """Check the rules that a person gave.

    A rule is `largest` (pixels), `heaviest` (bytes), `oldest`, `newest`, `colour`, `camera`,
    `earliest-taken`, `format:` and file endings with commas between them, or a folder below the
    root that ends in `/`. Raises UsageError for any other.
    """
    return KeepRules(tuple(_check_rule(rule) for rule in rules))


def is_name_of_copy(path: str) -> bool:
    """Return whether a file is named as programs name a copy: `IMG_1 (1)`, `IMG_1-edited`."""
    return _COPY_NAME.fullmatch(unicodedata.normalize("NFC", PurePath(path).stem)) is not None


def no_evidence(_image: DuplicateImage) -> ImageEvidence:
    """Return that nothing is known about an image."""
    return NO_EVIDENCE


def keep_order(
    rules: KeepRules = KeepRules(), evidence_of: EvidenceOf = no_evidence
) -> Callable[[DuplicateImage], KeepOrder]:
    """Return a key for `sorted` that puts the image to keep first."""
    by_rules = [_fact_of(rule) for rule in rules.rules]

    def key(image: DuplicateImage) -> KeepOrder:
        evidence = evidence_of(image)
        first = [fact(image, evidence) for fact in by_rules]
        last = [fact(image, evidence) for fact in _LAST.values()]
        chosen = int(not image.preferred), int(image.damaged)
        return (*chosen, *first, *evidence.key, *last), image.id

    return key


def explain_choice(
    images: Sequence[DuplicateImage],
    rules: KeepRules = KeepRules(),
    evidence_of: EvidenceOf = no_evidence,
) -> tuple[str, str]:
    """Return why the first image is kept, and what speaks against it: "" if nothing does.

    What a person prefers and the rules are never spoken against.
    """
    kept, *others = images
    key, evidence = keep_order(rules, evidence_of), evidence_of(kept)
    reasons = _reasons(rules)
    asked = 2 + len(rules.rules)
    deciding, conflicts = set(), []
    for other in others:
        pairs = zip(key(kept)[0], key(other)[0], strict=True)
        place = next((place for place, (x, y) in enumerate(pairs) if x != y), len(reasons) - 1)
        deciding.add(place)
        if place < asked or (kept.digest is not None and other.digest == kept.digest):
            continue
        of_other = evidence_of(other)
        if better := conflict_between(evidence, of_other):
            conflicts.append(f"{other.result_id} {better}")
        elif evidence.unaligned or of_other.unaligned:
            conflicts.append(f"{other.result_id} could not be aligned with it")
        elif evidence.undecided and place >= asked + len(MARKS):
            conflicts.append(_UNDECIDED[evidence.undecided])
    why = ", ".join(reasons[place] for place in sorted(deciding)[:_MAX_REASONS])
    return why, min(conflicts, default="")


def _reasons(rules: KeepRules) -> list[str]:
    """Return a text for each number of a sort key, and one for the id."""
    by_rule = [f"comes first by --keep {rule}" for rule in rules.rules]
    marks = [ADVANTAGES[mark] for mark in MARKS]
    chosen = ["is preferred by you", "is whole, and not cut short"]
    return [*chosen, *by_rule, *marks, *_LAST, "is the first by name"]


def _check_rule(rule: str) -> str:
    if rule in _FACTS:
        return rule
    if rule.startswith(_FORMAT):
        endings = [ending.strip(" .").lower() for ending in rule.removeprefix(_FORMAT).split(",")]
        if not all(ending.isalnum() for ending in endings):
            raise UsageError(f"--keep {rule} names no formats: give endings, as in format:png,jpg")
        return _FORMAT + ",".join(endings)
    if not rule.endswith("/"):
        raise UsageError(
            f"--keep {rule} is not a rule: give {', '.join(_FACTS)}, format:png,jpg, or a folder "
            "that ends in /"
        )
    folder = rule.removeprefix("./").rstrip("/")
    if not folder or folder.startswith("/") or {"", ".", ".."} & set(folder.split("/")):
        raise UsageError(
            f"--keep {rule} is not a folder below the folder of images: give its path from there"
        )
    return f"{folder}/"


def _fact_of(rule: str) -> _Fact:
    if rule in _FACTS:
        return _FACTS[rule]
    if rule.startswith(_FORMAT):
        formats = [*map(_common_ending, rule.removeprefix(_FORMAT).split(","))]
        return lambda image, _: _place_of(_common_ending(PurePath(image.path).suffix), formats)
    return lambda image, _: not image.path.startswith(rule)


def _common_ending(ending: str) -> str:
    plain = ending.removeprefix(".").lower()
    return _SAME_FORMAT.get(plain, plain)


def _place_of(ending: str, formats: list[str]) -> int:
    return formats.index(ending) if ending in formats else len(formats)
