"""Check whether a node can run the task. Uses the standard library only.

The function is pickled by value, so that it also runs on nodes without sokkuri or with another
version.
"""

from typing import Any


def handshake(task: list[Any], required: dict[str, str]) -> tuple[str, list[str]]:
    """Return why this node cannot run the task, or "", and lines for the user.

    task : a list with a reference to the RemoteTask. required : the driver's versions of `python`
    and `sokkuri`.
    """
    import sys
    from importlib.metadata import PackageNotFoundError, version

    python = ".".join(map(str, sys.version_info[:2]))
    if python != required["python"]:
        return f"its Python is {python}, here it is {required['python']}", []
    try:
        installed = version("sokkuri")
    except PackageNotFoundError:
        return (
            f"sokkuri is not installed there: install {required['sokkuri']} with the extra ray",
            [],
        )
    if installed != required["sokkuri"]:
        return f"its sokkuri is {installed}, here it is {required['sokkuri']}", []
    import ray

    try:
        copy = ray.get(task[0])
        copy.check()
    except Exception as error:  # noqa: BLE001 - any error means that the task cannot run there
        return (str(error).strip().splitlines() or [type(error).__name__])[-1], []
    return "", list(copy.notes)
