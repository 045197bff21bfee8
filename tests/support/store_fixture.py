"""Make and unpack small collections that earlier versions of sokkuri wrote.

Each archive `tests/fixtures/store-vN.tar.gz` holds a folder of drawn images, its store of schema
version N and the tiny model that made the vectors. An archive is never made again: when the schema
changes, run this script once with the code that has the new schema, and commit the new archive
beside the old ones.

    python tests/support/store_fixture.py tests/fixtures/store-v1.tar.gz
"""

import os
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from draw_images import save_drawing
from run_cli import sokkuri
from tiny_model import write_tiny_model

FIXTURES = Path(__file__).parents[1] / "fixtures"
PHOTOS = "photos"
MODELS = "models"
IMAGES = ("a.png", "b.png", "pets/cat.png", "pets/dog.png", "pets/fox.png")
"""The live images."""
LABELS = {"pets/cat.png": "cat", "pets/dog.png": "dog"}
DIFFERENT = ("pets/cat.png", "pets/dog.png")
PREFERRED = "a.png"
REMOVED = "removed.png"
MISSING = "missing.png"
BROKEN = "broken.png"
_SIZE = (24, 18)


def make_store(archive: Path) -> None:
    """Index a few drawn images with the command itself, then pack all files into `archive`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos, models = folder / PHOTOS, folder / MODELS
        for seed, image in enumerate((*IMAGES, REMOVED, MISSING)):
            save_drawing(photos / image, seed, *_SIZE)
        (photos / BROKEN).write_bytes(b"not an image")
        for month, path in enumerate(sorted(photos.rglob("*.png")), 1):
            moment = datetime(2024, month, 5, 12, tzinfo=UTC).timestamp()
            os.utime(path, (moment, moment))
        model = write_tiny_model(folder / "tiny.onnx")

        def run(*arguments: object) -> None:
            sokkuri(
                *arguments,
                cwd=folder,
                SOKKURI_CACHE=str(folder / "cache"),
                SOKKURI_MODELS=str(models),
            )

        run("models", "add", model, "--name", "tiny")
        run("index", PHOTOS, "--model", "tiny")
        (photos / MISSING).unlink()
        run("index", PHOTOS)
        run("remove", REMOVED, "-C", PHOTOS)
        for image, label in LABELS.items():
            run("label", image, label, "-C", PHOTOS)
        run("duplicates", *DIFFERENT, "--different", "-C", PHOTOS)
        run("duplicates", PREFERRED, "--prefer", "-C", PHOTOS)
        with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT) as packed:
            for part in (PHOTOS, MODELS):
                packed.add(folder / part, part, filter=_without_owner)


def unpack_store(version: int, folder: Path) -> Path:
    """Unpack the collection of a schema version into `folder` and return its images' folder.

    The model is found when `SOKKURI_MODELS` is `folder / MODELS`.
    """
    with tarfile.open(FIXTURES / f"store-v{version}.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    return folder / PHOTOS


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    make_store(Path(sys.argv[1]).resolve())
