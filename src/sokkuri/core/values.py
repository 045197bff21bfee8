"""Check the values of options, in one way for every caller.

The command line refuses wrong words by itself; a Python program may pass anything. A wrong value is
one UsageError that names the option, the value and what it may be.
"""

import math
from typing import Any, get_args

from sokkuri.core.errors import UsageError


def check_choice(option: str, value: object, choices: Any) -> None:
    """Raise UsageError if the value is none of the words of a `Literal` type."""
    words = get_args(choices)
    if value not in words:
        named = f"{', '.join(words[:-1])} or {words[-1]}"
        raise UsageError(f"{option} is {value!r}: it must be {named}")


def check_count(option: str, value: object, least: int) -> None:
    """Raise UsageError if the value is no whole number, or less than `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise UsageError(f"{option} is {value!r}: it must be a whole number of {least} or more")


def check_number(option: str, value: object, least: float) -> None:
    """Raise UsageError if the value is no number, or less than `least`. Infinity is a number."""
    if (
        isinstance(value, str | bytes)
        or not hasattr(value, "__float__")
        or not _is_at_least(float(value), least)
    ):
        raise UsageError(f"{option} is {value!r}: it must be a number of {least:g} or more")


def check_is_no_text(option: str, value: object, wanted: str) -> None:
    """Raise UsageError if the value is a text, which would be misread as a sequence of letters."""
    if isinstance(value, str | bytes):
        raise UsageError(f"{option} is {value!r}: it must be {wanted}")


def _is_at_least(value: float, least: float) -> bool:
    return not math.isnan(value) and value >= least
