"""Fixtures of the tests of addresses: a bucket with photos, and a user who has access to it."""

import json
import subprocess
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from command_server import share_descriptions_of_s3
from draw_images import save_drawing
from PIL import Image
from run_cli import sokkuri
from s3_server import Bucket, S3Server, client_environment
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.images import remote
from sokkuri.indexing.options import SyncOptions
from sokkuri.search.results import SearchOptions
from sokkuri.search.searcher import Searcher
from sokkuri.store.places import has_store

COUNT = 12


@pytest.fixture(scope="session")
def descriptions_of_s3() -> None:
    share_descriptions_of_s3()


@pytest.fixture
def bucket(s3_server: S3Server, descriptions_of_s3: None) -> Bucket:
    return s3_server.bucket(f"photos-{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="session")
def photos_for_cloud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COUNT images in three folders. Two of them show the same at two sizes."""
    root = tmp_path_factory.mktemp("cloud") / "photos"
    for seed in range(COUNT - 1):
        save_drawing(root / f"{seed % 3}" / f"{seed}.jpg", seed, 480, 360)
    with Image.open(root / "0" / "0.jpg") as image:
        image.resize((240, 180)).save(root / "1" / "small 0.jpg")
    return root


@pytest.fixture(scope="session")
def model_for_cloud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx", dimension=16)


class Cloud:
    """A bucket with the photos below `trip`, for a user with access. The methods run the command
    or call the functions behind it, which saves the start of a process."""

    def __init__(
        self, bucket: Bucket, store: Path, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.bucket, self.store, self.model = bucket, store, model
        self.root = f"{bucket.url}/trip"
        self._monkeypatch = monkeypatch
        self.use_endpoint(bucket.server.address)

    def use_endpoint(self, address: str) -> None:
        """Reach the server at this address from now on."""
        self.environment = client_environment(address)
        for name, value in self.environment.items():
            self._monkeypatch.setenv(name, value)
        remote._filesystem.cache_clear()

    def run(
        self, *arguments: object, code: int = 0, **others: str
    ) -> subprocess.CompletedProcess[str]:
        return sokkuri(*arguments, code=code, cwd=None, **{**self.environment, **others})

    def json(self, *arguments: object, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def open(self) -> Collection:
        if has_store(self.store):
            return Collection.open(self.store)
        return Collection.create(self.root, store=self.store, model=str(self.model))

    def index(self, **options: Any) -> dict[str, int]:
        """Index, and return the counts of the changes that are not 0."""
        with self.open() as collection:
            *_, last = collection.sync(SyncOptions(**options))
        assert last.result is not None
        return nonzero_counts(asdict(last.result))

    def failures(self) -> dict[str, tuple[str, str]]:
        with self.open() as collection:
            return {row.id: (row.stage, row.reason) for row in collection.status().failures}

    def search(self, query: str, k: int = 10, **options: Any) -> list[tuple[str, str, float]]:
        """Return the id, path and distance of each hit."""
        with self.open() as collection:
            hits = Searcher(collection).search([query], k, options=SearchOptions(**options))
            return [(hit.id, str(hit.path), hit.distance) for hit in hits]


def nonzero_counts(report: dict[str, int]) -> dict[str, int]:
    names = ("added", "updated", "moved", "reused", "removed", "failed")
    return {name: report[name] for name in names if report[name]}


@pytest.fixture
def cloud(
    bucket: Bucket,
    photos_for_cloud: Path,
    tmp_path: Path,
    model_for_cloud: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Cloud:
    bucket.put_folder(photos_for_cloud, "trip")
    return Cloud(bucket, tmp_path / "store", model_for_cloud, monkeypatch)
