"""The first words with a node: whether it can do the work at all. The standard library only.

This module's function travels by value, so that it runs where sokkuri is missing or another one.
"""

from typing import Any


def greet(work: list[Any], wanted: dict[str, str]) -> tuple[str, list[str]]:
    """Why this node cannot do the work, or ""; and lines for the user.

    work : holds a reference to the TravellingWork. wanted : the driver's versions of `python` and
    `sokkuri`.
    """
    import sys
    from importlib.metadata import PackageNotFoundError, version

    python = ".".join(map(str, sys.version_info[:2]))
    if python != wanted["python"]:
        return f"its Python is {python}, here it is {wanted['python']}", []
    try:
        found = version("sokkuri")
    except PackageNotFoundError:
        return (
            f"sokkuri is not installed there: pip install 'sokkuri[ray]=={wanted['sokkuri']}'",
            [],
        )
    if found != wanted["sokkuri"]:
        return f"its sokkuri is {found}, here it is {wanted['sokkuri']}", []
    import ray

    try:
        copy = ray.get(work[0])
        copy.check()
    except Exception as error:  # noqa: BLE001 - whatever it is, no work can be done there
        return (str(error).strip().splitlines() or [type(error).__name__])[-1], []
    return "", list(copy.notes)
