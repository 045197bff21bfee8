"""Filters: translate what a person types into an SQL condition on the catalog's images.

Takes the folder of `--under FOLDER` and an expression such as
`width > 1000 and modified >= 2024-01-01`. Returns an SQL condition in which every value is a bound
parameter. Text that a person types is never part of the SQL.

    expression := part (`or` part)*        comparison := column operator value
    part       := term (`and` term)*       operator   := = == != <> < <= > >= like
                                           value      := number | date | text | column of numbers
    term       := `not` term | `(` expression `)` | comparison
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Address, Location, redact
from sokkuri.core.paths import other_spellings
from sokkuri.store.database import as_text

COLUMNS = {
    "width": "width", "height": "height", "size": "size", "modified": "mtime_ns",
    "id": "id", "path": "path",
}  # fmt: skip
"""The names that an expression can use, with the catalog's column of each.

`width` and `height` are in pixels, `size` is in bytes, `modified` is a date, `id` and `path` are
texts.
"""

_TEXTS = ("id", "path")
_OPERATORS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">",
              ">=": ">=", "like": "LIKE"}  # fmt: skip
_TOKEN = re.compile(
    r"""\s*(?:(?P<word>[A-Za-z_]+)|(?P<date>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?)
    |(?P<number>-?\d+(?:\.\d+)?)|(?P<text>'[^']*'|"[^"]*")|(?P<sign>==|!=|<>|<=|>=|[=<>()]))""",
    re.VERBOSE,
)
_FARTHEST = 2**63 - 1  # nanoseconds: the largest integer that SQLite stores
_DEEPEST = 50  # nested parentheses and `not`s


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition on the table `images`, with its parameters."""

    sql: str
    values: tuple[Any, ...]


ANY = Condition("1", ())
"""The condition that all images meet."""


def build_condition(root: Location, under: str | None, where: str | None) -> Condition | None:
    """Return both filters as one condition, or None when both are None.

    under : a folder below `root`, as a path relative to `root` or as any other path to it.
    where : an expression. Raises UsageError for a folder outside `root` and for a wrong expression.
    """
    parts = []
    if under is not None:
        parts.append(_below(root, under))
    if where is not None:
        parts.append(parse_expression(where))
    if not parts:
        return None
    sql = " AND ".join(f"({part.sql})" for part in parts)
    return Condition(sql, tuple(value for part in parts for value in part.values))


def parse_expression(text: str) -> Condition:
    """Return the condition that an expression describes.

    Raises UsageError that names the place of the first fault.
    """
    return _Parser(text).whole()


def _below(root: Location, under: str) -> Condition:
    """Return the condition for paths in the folder and below it. Raises UsageError."""
    if isinstance(root, Address):
        return _below_address(root, under)
    path = Path(os.path.normpath(under))
    if path == Path():
        return ANY
    if path.is_absolute() or (path.is_dir() and not (root / path).is_dir()):
        try:
            path = path.resolve().relative_to(root.resolve())
        except ValueError:
            raise UsageError(f"{under} is not below {root}") from None
    prefix = path.as_posix()
    if prefix == ".":  # the root, given as a whole path
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

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

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
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        kind, name = self._kind(), self._value().lower()
        if kind != "word" or name not in COLUMNS:
            raise self._error("one of " + ", ".join(COLUMNS))
        self._at += 1
        operator = _OPERATORS.get(self._value().lower())
        if operator is None:
            raise self._error("one of " + " ".join(_OPERATORS))
        self._at += 1
        wanted = _kind_of(name)
        given, value = self._kind(), self._value()
        if given == "text" and wanted == "date":
            given, value = "date", value[1:-1]
        if given == "word" and wanted == "number" and _kind_of(value.lower()) == wanted:
            given, wanted, value = "column", "column", COLUMNS[value.lower()]
        if given != wanted or (operator == "LIKE" and wanted != "text"):
            raise self._error(f"a {_kind_of(name)}")
        found = self._compared(COLUMNS[name], operator, wanted, value)
        self._at += 1
        return found

    def _compared(self, column: str, operator: str, kind: str, value: str) -> Condition:
        if kind == "text":
            return _compared_text(column, operator, value[1:-1])
        # An image that was never decoded has no width: no comparison with its width is true.
        if kind == "column":
            return Condition(f"coalesce({column} {operator} {value}, 0)", ())
        if kind == "number":
            number = float(value)
            return Condition(f"coalesce({column} {operator} ?, 0)", (number,))
        first, last = self._moment(value)
        if operator in ("=", "<>"):
            inside = Condition(f"{column} >= ? AND {column} < ?", (first, last))
            return inside if operator == "=" else Condition(f"NOT ({inside.sql})", inside.values)
        return {
            "<": Condition(f"{column} < ?", (first,)),
            ">=": Condition(f"{column} >= ?", (first,)),
            "<=": Condition(f"{column} < ?", (last,)),
            ">": Condition(f"{column} >= ?", (last,)),
        }[operator]

    def _moment(self, text: str) -> tuple[int, int]:
        """Return the first nanosecond of a day, minute or second of local time, and the first
        nanosecond after it."""
        try:
            begin = datetime.fromisoformat(text)
        except ValueError:
            raise self._error("a date such as 2024-01-31 or 2024-01-31T18:00") from None
        length = {10: timedelta(days=1), 16: timedelta(minutes=1)}.get(
            len(text), timedelta(seconds=1)
        )
        try:
            if begin.tzinfo is None:
                begin, end = begin.astimezone(), (begin + length).astimezone()
            else:
                end = begin + length
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


def _compared_text(column: str, operator: str, text: str) -> Condition:
    """Return the comparison with a text. An equal or similar text may have another spelling."""
    others = [] if operator in ("<", "<=", ">", ">=") else other_spellings(text)
    both = " AND " if operator == "<>" else " OR "
    sql = both.join([f"{column} {operator} CAST(? AS TEXT)"] * (1 + len(others)))
    return Condition(f"({sql})" if others else sql, tuple(map(as_text, [text, *others])))


def _kind_of(name: str) -> str:
    """Return the kind of value that a column holds, or "" when there is no column `name`."""
    if name not in COLUMNS:
        return ""
    return "text" if name in _TEXTS else "date" if name == "modified" else "number"


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
