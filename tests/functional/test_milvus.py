"""push and search with a real Milvus that is killed, refuses, or has collections of others.

`make test-engines` runs these tests and names the programs of the server.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from milvus_server import Milvus, run_milvus
from run_cli import as_json, sokkuri
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import EngineError
from sokkuri.search.engines.registry import open_engine

PACKAGE = os.environ.get("SOKKURI_MILVUS_PACKAGE", "")
COUNT, DIMENSION = 3000, 16
QUERY = "00005.jpg"

pytestmark = pytest.mark.skipif(not PACKAGE, reason="needs a Milvus: make test-engines")


@pytest.fixture(scope="module")
def server() -> Iterator[Milvus]:
    with run_milvus(Path(PACKAGE)) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A collection of vectors without images."""
    model = write_tiny_model(tmp_path / "tiny.onnx", dimension=DIMENSION)
    rows = np.random.default_rng(1).standard_normal((COUNT, DIMENSION)).astype(np.float32)
    for folder in ("photos", "made"):
        (tmp_path / folder).mkdir()
    np.save(tmp_path / "made" / "0000.features.npy", rows)
    names = np.array([f"{number:05d}.jpg" for number in range(COUNT)])
    np.save(tmp_path / "made" / "0000.object_ids.npy", names)
    sokkuri(
        "import", tmp_path / "made", "--store", tmp_path / "store",
        "--root", tmp_path / "photos", "--model", model,
    )  # fmt: skip
    return tmp_path / "store"


def count_keys(address: str) -> int:
    with closing(open_engine(address)) as engine:
        return 0 if engine.info() is None else len(np.concatenate([*engine.keys()]))


def test_a_killed_server_keeps_what_it_acknowledged(server: Milvus, store: Path) -> None:
    """A `kill -9` during a push gives one line. After a restart the push continues."""
    address = f"milvus://{server.at}/killed"
    with Collection.open(store) as collection:
        steps = collection.push(address)
        while next(steps).done < 1000:
            pass
        server.stop()
        with pytest.raises(EngineError) as caught:
            for _ in steps:
                pass
    assert str(caught.value).startswith(f"milvus://root@{server.at.partition('@')[2]}/killed does")
    failed = sokkuri("search", QUERY, "-C", store, "--engine", address, code=1)
    assert "does not answer (" in failed.stderr
    assert failed.stderr.count("\n") == 1
    server.start()
    key_count = count_keys(address)
    assert 1000 <= key_count <= COUNT
    report = as_json("push", address, "-C", store)
    assert report["added"] + report["updated"] + report["unchanged"] == COUNT
    assert report["unchanged"] >= 1000, "acknowledged rows are not sent again"
    assert count_keys(address) == COUNT
    found = as_json("search", QUERY, "-C", store, "--engine", address)
    assert hit_ids(found) == hit_ids(as_json("search", QUERY, "-C", store))


def hit_ids(answer: Any) -> list[str]:
    return [hit["id"] for hit in answer["hits"]]


def test_a_wrong_password_gives_one_clear_line(server: Milvus, store: Path) -> None:
    host = server.at.partition("@")[2]
    for account, token in (("root:geheim@", ""), ("", "root:geheim"), ("", "")):
        failed = sokkuri(
            "push", f"milvus://{account}{host}/refused", "-C", store, code=1, MILVUS_TOKEN=token
        )
        assert "refused the request (" in failed.stderr
        assert failed.stderr.count("\n") == 1
        assert "geheim" not in failed.stderr + failed.stdout
    sokkuri("push", f"milvus://{host}/let_in", "-C", store, MILVUS_TOKEN="root:Milvus")
    for path in store.rglob("*"):
        assert path.is_dir() or b"Milvus" not in path.read_bytes()
    failed = sokkuri("push", f"milvus://{server.at}/x?database=none", "-C", store, code=1)
    assert "none not found" in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_a_collection_of_another_program_is_left_alone(server: Milvus, store: Path) -> None:
    with server.connect() as client:
        client.create_collection("theirs", dimension=3)
        client.insert("theirs", [{"id": 1, "vector": [1.0, 2.0, 3.0]}])
        for verb in (["push"], ["search", QUERY, "--engine"]):
            failed = sokkuri(*verb, f"milvus://{server.at}/theirs", "-C", store, code=1)
            assert failed.stderr.count("\n") == 1
        assert "name another" in sokkuri(
            "push", f"milvus://{server.at}/theirs", "-C", store, code=1
        ).stderr  # fmt: skip
        assert len(client.query("theirs", ids=[1], consistency_level="Strong")) == 1
