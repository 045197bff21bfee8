"""Which nodes can do the work: the versions are compared before anything is unpacked there."""

import sys
from importlib.metadata import version

from sokkuri.indexing.executors.ray_handshake import greet

HERE = {"python": ".".join(map(str, sys.version_info[:2])), "sokkuri": version("sokkuri")}


def test_other_versions_are_refused() -> None:
    """In one line, which says what is there and what is here."""
    assert greet([], {**HERE, "python": "3.99"}) == (
        f"its Python is {HERE['python']}, here it is 3.99",
        [],
    )
    assert greet([], {**HERE, "sokkuri": "99.0"}) == (
        f"its sokkuri is {HERE['sokkuri']}, here it is 99.0",
        [],
    )
