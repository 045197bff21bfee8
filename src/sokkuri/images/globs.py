"""Match paths against the globs of `--exclude`.

Takes `/`-separated paths relative to the root. The rules are not those of .gitignore: brackets have
no special meaning, and `**` inside a name crosses slashes too. The globs are therefore compiled
here and not by a package.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from sokkuri.core.paths import other_spellings


def is_excluded(path: str, exclude: Sequence[str]) -> bool:
    """Return whether a path, or a folder that contains it, matches one of the globs.

    A glob with a `/` before its end is matched against the path from the root (`2019/raw`,
    `**/raw/*.png`). Any other glob is matched against each name on the path (`*.png`, `raw/`). `*`
    and `?` stop at `/`, `**` does not. Letters match in any Unicode form.
    """
    if not exclude:
        return False
    parts = path.split("/")
    globs = tuple(exclude)
    return any(matches_glob("/".join(parts[: n + 1]), globs) for n in range(len(parts)))


def matches_glob(path: str, exclude: tuple[str, ...]) -> bool:
    """Return whether this path itself matches one of the globs; its folders are not tested."""
    path_pattern, name_pattern = _compile_globs(exclude)
    name = path.rpartition("/")[2]
    return bool(
        (path_pattern and path_pattern.fullmatch(path))
        or (name_pattern and name_pattern.fullmatch(name))
    )


@lru_cache(maxsize=16)
def _compile_globs(
    exclude: tuple[str, ...],
) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """Return one pattern for the globs about whole paths and one for the globs about names."""
    spellings = (spelling for glob in exclude for spelling in (glob, *other_spellings(glob)))
    globs = [glob.rstrip("/") for glob in spellings]
    path_globs = [_to_regex(glob.removeprefix("./").lstrip("/")) for glob in globs if "/" in glob]
    name_globs = [_to_regex(glob) for glob in globs if glob and "/" not in glob]
    return (
        re.compile("|".join(path_globs), re.DOTALL) if path_globs else None,
        re.compile("|".join(name_globs), re.DOTALL) if name_globs else None,
    )


def _to_regex(glob: str) -> str:
    """Return the glob as a regular expression."""
    regex, offset = [], 0
    while offset < len(glob):
        if glob.startswith("**/", offset) and (offset == 0 or glob[offset - 1] == "/"):
            regex.append("(?:.*/)?")  # any number of folders, or none
            offset += 3
        elif glob.startswith("**", offset):
            regex.append(".*")
            offset += 2
        else:
            character = glob[offset]
            regex.append({"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character))
            offset += 1
    return "".join(regex)
