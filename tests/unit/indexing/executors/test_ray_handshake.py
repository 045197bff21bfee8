"""The handshake compares versions before it unpacks anything on the node."""

import sys
from importlib.metadata import version

from sokkuri.indexing.executors.ray_handshake import handshake

HERE = {"python": ".".join(map(str, sys.version_info[:2])), "sokkuri": version("sokkuri")}


def test_a_node_with_other_versions_is_refused() -> None:
    """The line names the version there and the version here."""
    assert handshake([], {**HERE, "python": "3.99"}) == (
        f"its Python is {HERE['python']}, here it is 3.99",
        [],
    )
    assert handshake([], {**HERE, "sokkuri": "99.0"}) == (
        f"its sokkuri is {HERE['sokkuri']}, here it is 99.0",
        [],
    )
