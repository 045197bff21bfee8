"""Run commands as if sokkuri were installed without any extra.

Run as a script: `plain_install.py COMMANDS OUT`, where COMMANDS is a JSON list of lists of
arguments. It hides the modules of every package that sokkuri itself does not require, runs the
commands one after the other in this process, and writes to OUT a JSON list: the exit code and the
error line of each.
"""

import json
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from types import ModuleType


def required_packages(name: str) -> set[str]:
    """Return the package and all that it requires, without extras, as normalised names."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        package = normalise(waiting.pop())
        if package in found:
            continue
        found.add(package)
        try:
            requirements = distribution(package).requires or []
        except PackageNotFoundError:  # required on other systems only
            continue
        waiting += [
            re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
            for requirement in requirements
            if "extra ==" not in requirement
        ]
    return found


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class Hidden(MetaPathFinder):
    """Finds no module of the hidden packages."""

    def __init__(self, allowed: set[str]) -> None:
        self._hidden = {
            module
            for module, packages in packages_distributions().items()
            if not allowed & {normalise(package) for package in packages}
        }

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self._hidden:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def run(arguments: list[str]) -> tuple[int, str]:
    """Return the exit code and the error line of a command."""
    from sokkuri.cli import app
    from sokkuri.core.errors import SokkuriError

    try:
        code = app(arguments, standalone_mode=False)
    except SokkuriError as error:
        return error.exit_code, str(error)
    return int(code or 0), ""


if __name__ == "__main__":
    sys.meta_path.insert(0, Hidden(required_packages("sokkuri")))
    results = [run(arguments) for arguments in json.loads(sys.argv[1])]
    Path(sys.argv[2]).write_text(json.dumps(results))
