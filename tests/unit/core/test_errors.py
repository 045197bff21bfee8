"""The tree of errors is the one that its docstring draws."""

import inspect
import re

from sokkuri.core import errors
from sokkuri.core.errors import SokkuriError


def tree(kind: type[SokkuriError], depth: int = 0) -> list[tuple[int, str]]:
    found = [(depth, kind.__name__)]
    for child in kind.__subclasses__():
        found += tree(child, depth + 1)
    return found


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"(    [│├└─ ]*)(\w+Error)\b", line)
        if match:
            drawn.append(((len(match[1]) - 4 + 3) // 4, match[2]))
    assert sorted(drawn) == sorted(tree(SokkuriError))


def test_every_error_says_when_it_is_raised() -> None:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        assert kind.__doc__


def test_exit_codes() -> None:
    codes = {name: getattr(errors, name).exit_code for _, name in tree(SokkuriError)}
    assert {name for name, code in codes.items() if code != 1} == {"UsageError", "UnsupportedError"}
    assert codes["UsageError"] == codes["UnsupportedError"] == 2
