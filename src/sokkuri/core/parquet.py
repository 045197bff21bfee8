"""Parquet files: load the optional package that writes them, and check texts.

Parquet has only UTF-8, and a name of a file may have other bytes.
"""

from typing import Any

from sokkuri.core.errors import CollectionError, MissingExtraError


def load_parquet() -> tuple[Any, Any]:
    """Return the modules `pyarrow` and `pyarrow.parquet`. Raises MissingExtraError."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("Parquet", "parquet") from None
    return pyarrow, parquet


def check_utf8(names: list[str], instead: str) -> list[str]:
    """Return the names. Raises CollectionError for one that is not UTF-8.

    instead : what to do if the file is not to be renamed.
    """
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            raise CollectionError(
                f"{shown} is not UTF-8, which Parquet needs: rename the file, or {instead}"
            ) from None
    return names
