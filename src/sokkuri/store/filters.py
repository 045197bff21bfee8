"""Filters: translate what a person types into an SQL condition on the catalog's images.

Takes the folder of `--under FOLDER` and an expression such as
`width > 1000 and taken >= 2024-01-01`. Returns an SQL condition in which every value is a bound
parameter. Text that a person types is never part of the SQL. filter_columns.py has the names.

    expression := part (`or` part)*        comparison := column operator value
    part       := term (`and` term)*       operator   := = == != <> < <= > >= like
                                           value      := number | date | text | column of numbers
    term       := `not` term | `(` expression `)` | comparison | flag | circle
    circle     := `near` `(` latitude `,` longitude `,` kilometres `)`
"""

import math
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Address, redact
from sokkuri.core.named_roots import Root, path_of
from sokkuri.core.paths import other_spellings
from sokkuri.images.scan import is_folder
from sokkuri.store.database import as_text
from sokkuri.store.filter_columns import KINDS, PLAIN, PLAIN_SCOPE, FilterScope, Kind
from sokkuri.store.great_circle import DISTANCE, MOST_KILOMETRES

_OPERATORS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">",
              ">=": ">=", "like": "LIKE"}  # fmt: skip
_TOKEN = re.compile(
    r"""\s*(?:(?P<word>[A-Za-z_]+)|(?P<date>\d{4}-\d{2}(?:-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?)?)
    |(?P<number>-?\d+(?:\.\d+)?)|(?P<text>'[^']*'|"[^"]*")|(?P<sign>==|!=|<>|<=|>=|[=<>(),]))""",
    re.VERBOSE,
)
_DATES = {4: ("-01-01", "year"), 7: ("-01", "month"), 10: ("", "day"), 16: ("", "minute")}
"""By the length of a date: what it lacks, and the unit that it names."""

_FLAGS = {"1": 1, "true": 1, "yes": 1, "0": 0, "false": 0, "no": 0}
_NAMES: dict[Kind, str] = {
    "number": "number", "date": "date", "text": "text", "word": "text", "list": "text",
    "flag": "yes or no",
}  # fmt: skip
_FARTHEST = 2**63 - 1  # nanoseconds: the largest integer that SQLite stores
_DEEPEST = 50  # nested parentheses and `not`s
_MOST = 900  # comparisons: SQLite takes expressions of a depth of 1,000


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition on the table `images`, with its parameters."""

    sql: str
    values: tuple[Any, ...]


ANY = Condition("1", ())
"""The condition that all images meet."""


def build_condition(
    root: Root, under: str | None, where: str | None, scope: FilterScope = PLAIN_SCOPE
) -> Condition | None:
    """Return both filters as one condition, or None when both are None.

    under : a folder below `root`, as a path relative to `root` or as any other path to it.
    where : an expression. scope : the names that the expression may use. Raises UsageError for a
    folder outside `root` and for a wrong expression.
    """
    parts = []
    if under is not None:
        parts.append(_below(root, under))
    if where is not None:
        parts.append(parse_expression(where, scope))
    if not parts:
        return None
    sql = " AND ".join(f"({part.sql})" for part in parts)
    return Condition(sql, tuple(value for part in parts for value in part.values))


def parse_expression(text: str, scope: FilterScope = PLAIN_SCOPE) -> Condition:
    """Return the condition that an expression describes. scope : the names that it may use.

    Raises UsageError that names the place of the first fault.
    """
    return _Parser(text, scope).whole()


def _below(root: Root, under: str) -> Condition:
    """Return the condition for paths in the folder and below it. Raises UsageError."""
    if isinstance(root, Address):
        return _below_address(root, under)
    path = Path(os.path.normpath(under))
    if path == Path():
        return ANY
    prefix = path.as_posix()
    if path.is_absolute() or (path.is_dir() and not is_folder(root / prefix)):
        found = path_of(root, path.resolve())
        if found is None:
            raise UsageError(f"{under} is not below {root}")
        prefix = found
    if not prefix:  # the root, given as a whole path
        return ANY
    if prefix == ".." or prefix.startswith("../"):
        raise UsageError(f"{under} is not below {root}")
    return _begins(prefix)


def _below_address(root: Address, under: str) -> Condition:
    """Return the same for a collection at an address. under : an address or a relative path."""
    whole = under.rstrip("/")
    if whole in (root.url, ".", ""):
        return ANY
    prefix = root.relative_path(whole) or whole.removeprefix("./")
    if "://" in prefix or prefix.startswith("/") or ".." in prefix.split("/"):
        raise UsageError(f"{redact(under)} is not below {root}")
    return _begins(prefix)


def _begins(prefix: str) -> Condition:
    """Return the condition for paths that begin with `prefix/`.

    If there is none, other spellings of the prefix count. Each spelling is a range: the character
    `0` follows `/`, so these paths sort before `prefix0`.
    """
    span = "path >= CAST(? AS TEXT) AND path < CAST(? AS TEXT)"
    ends = (as_text(f"{prefix}/"), as_text(f"{prefix}0"))
    others = other_spellings(prefix)
    if not others:
        return Condition(span, ends)
    either = " OR ".join([f"({span})"] * len(others))
    return Condition(
        f"({span}) OR (({either}) AND NOT EXISTS (SELECT 1 FROM images WHERE {span}))",  # noqa: S608
        (
            *ends,
            *(as_text(end) for other in others for end in (f"{other}/", f"{other}0")),
            *ends,
        ),
    )


class _Parser:
    """A recursive-descent parser for one expression."""

    def __init__(self, text: str, scope: FilterScope) -> None:
        self._text = text
        self._scope = scope
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self._comparisons = 0

    def whole(self) -> Condition:
        found = self._expression()
        if self._kind():
            raise self._error("`and` or `or`")
        return found

    def _expression(self) -> Condition:
        return self._chain("or", lambda: self._chain("and", self._term))

    def _chain(self, word: str, part: Any) -> Condition:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        sql = f" {word.upper()} ".join(one.sql for one in parts)
        values = tuple(value for one in parts for value in one.values)
        return Condition(f"({sql})" if len(parts) > 1 else sql, values)

    def _term(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UsageError("the expression is nested too deeply")
        try:
            if self._take("not"):
                inner = self._term()
                return Condition(f"NOT ({inner.sql})", inner.values)
            if self._take("("):
                inner = self._expression()
                if not self._take(")"):
                    raise self._error("`)`")
                return inner
            if self._take("near"):
                return self._circle()
            return self._comparison()
        finally:
            self._depth -= 1

    def _circle(self) -> Condition:
        """Return the condition for photos that were taken within so many kilometres of a place."""
        latitude = self._argument("(", "a latitude from -90 to 90", -90, 90)
        longitude = self._argument(",", "a longitude from -180 to 180", -180, 180)
        kilometres = self._argument(",", "a number of kilometres", 0, MOST_KILOMETRES)
        if not self._take(")"):
            raise self._error("`)`")
        self._count()
        place = (self._scope.expression(name) for name in ("latitude", "longitude"))
        sql = f"coalesce({DISTANCE}({', '.join(place)}, ?, ?) <= ?, 0)"
        return Condition(sql, (latitude, longitude, kilometres))

    def _argument(self, sign: str, wanted: str, least: float, most: float) -> float:
        """Take a sign and the number after it."""
        if not self._take(sign):
            raise self._error(f"`{sign}`, as in near(48.86, 2.35, 10)")
        value = float(self._value()) if self._kind() == "number" else math.nan
        if not least <= value <= most:
            raise self._error(wanted)
        self._at += 1
        return value

    def _count(self) -> None:
        self._comparisons += 1
        if self._comparisons > _MOST:
            raise UsageError(f"the expression has more than {_MOST} comparisons")

    def _comparison(self) -> Condition:
        is_word, name = self._kind() == "word", self._value().lower()
        if not is_word or name not in KINDS:
            raise self._error("one of " + ", ".join([*KINDS, "near"]))
        self._count()
        wanted = KINDS[name]
        column = self._scope.expression(name)
        self._at += 1
        operator = _OPERATORS.get(self._value().lower())
        if operator is None and wanted == "flag":
            return Condition(column, ())
        if operator is None:
            raise self._error("one of " + " ".join(_OPERATORS))
        self._at += 1
        return self._compared(column, operator, wanted)

    def _compared(self, column: str, operator: str, wanted: Kind) -> Condition:
        """Return the comparison with the value that follows."""
        given, value = self._kind(), self._value()
        is_text = wanted in ("text", "word", "list")
        if (operator == "LIKE" and not is_text) or (
            wanted in ("list", "flag") and operator not in ("=", "<>", "LIKE")
        ):
            raise self._error(f"= or != and a {_NAMES[wanted]}")
        if given == "word" and wanted == "number" and KINDS.get(value.lower()) == wanted:
            other = self._scope.expression(value.lower())
            self._at += 1
            # An image that was never decoded has no width: no comparison with its width is true.
            return Condition(f"coalesce({column} {operator} {other}, 0)", ())
        if given == "text" and is_text:
            found = _compared_text(column, operator, value[1:-1], wanted)
        elif given == "number" and wanted == "number":
            found = Condition(f"coalesce({column} {operator} ?, 0)", (float(value),))
        elif wanted == "flag" and value.lower() in _FLAGS:
            found = Condition(f"{column} {operator} ?", (_FLAGS[value.lower()],))
        elif wanted == "date" and (given in ("date", "text") or _is_year(given, value)):
            found = self._compared_date(column, operator, value.strip("'\""))
        else:
            raise self._error(f"a {_NAMES[wanted]}")
        self._at += 1
        return found

    def _compared_date(self, column: str, operator: str, text: str) -> Condition:
        first, last = self._moments(text, of_file=column == PLAIN["modified"])
        if operator in ("=", "<>"):
            inside = Condition(f"({column} >= ? AND {column} < ?)", (first, last))
            negated = Condition(f"NOT {inside.sql}", inside.values)
            found = inside if operator == "=" else negated
        else:
            sign, moment = {
                "<": ("<", first), ">=": (">=", first), "<=": ("<", last), ">": (">=", last),
            }[operator]  # fmt: skip
            found = Condition(f"{column} {sign} ?", (moment,))
        return Condition(f"coalesce({found.sql}, 0)", found.values)

    def _moments(self, text: str, *, of_file: bool) -> tuple[int, int]:
        """Return when a year, month, day, minute or second begins, and when the next one does.

        of_file : the text is a local time of this machine, and the result is in nanoseconds of UTC,
        as times of files are. Else the result is in microseconds of local time, as times of photos
        are.
        """
        form = _DATES.get(len(text))
        try:
            begin = datetime.fromisoformat(text + (form[0] if form else ""))
        except ValueError:
            raise self._error("a date such as 2024, 2024-01-31 or 2024-01-31T18:00") from None
        try:
            end = _after(begin, form[1] if form else "second")
            if not of_file:
                return _microseconds(begin), _microseconds(end)
            if begin.tzinfo is None:
                begin, end = begin.astimezone(), end.astimezone()
            return _nanoseconds(begin), _nanoseconds(end)
        except (ValueError, OverflowError):  # at an end of the calendar: no file has this date
            farthest = _FARTHEST if begin.year > 1970 else -_FARTHEST
            return farthest, farthest

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _value(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, word: str) -> bool:
        found = self._kind() in ("word", "sign") and self._value().lower() == word
        self._at += found
        return found

    def _error(self, wanted: str) -> UsageError:
        there = f"`{self._value()}`" if self._kind() else "the end"
        return UsageError(f"in `{self._text}`: expected {wanted}, but found {there}")


def _compared_text(column: str, operator: str, text: str, kind: Kind) -> Condition:
    """Return the comparison with a text."""
    if kind != "text":
        return _compared_word(column, operator, text, kind)
    # An equal text may be written in another Unicode form.
    others = [] if operator in ("<", "<=", ">", ">=") else other_spellings(text)
    both = " AND " if operator == "<>" else " OR "
    sql = both.join([f"{column} {operator} CAST(? AS TEXT)"] * (1 + len(others)))
    return Condition(f"({sql})" if others else sql, tuple(map(as_text, [text, *others])))


def _compared_word(column: str, operator: str, text: str, kind: Kind) -> Condition:
    """Return the comparison of a text of photo metadata. The case of letters does not count. An
    unknown text differs from every text."""
    positive = "=" if operator == "<>" else operator
    values = (as_text(unicodedata.normalize("NFC", text)),)
    test = f"{positive} CAST(? AS TEXT) COLLATE NOCASE"
    sql = f"coalesce({column} {test}, 0)"
    if kind == "list":
        sql = f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value {test})"  # noqa: S608
    return Condition(f"NOT {sql}" if operator == "<>" else sql, values)


def _is_year(kind: str, text: str) -> bool:
    return kind == "number" and len(text) == 4 and text.isdecimal()


def _after(begin: datetime, unit: str) -> datetime:
    """Return the moment at which the year, month, day, minute or second of a date ends."""
    if unit == "year":
        return begin.replace(year=begin.year + 1)
    if unit == "month":
        return (begin + timedelta(days=31)).replace(day=1)
    return begin + timedelta(**{f"{unit}s": 1})


def _microseconds(moment: datetime) -> int:
    """Return the microseconds from 1970 to a local time. Its time zone does not count."""
    return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of each token. Raises UsageError for text that is no token."""
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise UsageError(f"in `{text}`: unknown text {text[at:].split(maxsplit=1)[0]!r}")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _nanoseconds(moment: datetime) -> int:
    """Return the nanoseconds since 1970 in UTC, exact and within the range of the catalog."""
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    exact = (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
    return max(-_FARTHEST, min(_FARTHEST, exact))
