"""Write a large collection for the benchmark of the pages: files, vectors, a map, and copies.

    python -m benchmarks.page_collection ROOT IMAGES GROUPS

No network runs. Each file has bytes of its own: the JPEG of one of a few drawings, and a number
behind its end. Drawings stand beside their smaller copies, and GROUPS of these pairs are stored as
`duplicates` stores them. The last images are of 12 megapixels, as cameras make them. Vectors and
positions on the map are in clusters, by chance.
"""

import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import xxhash
from PIL import Image

from benchmarks.drawing import draw_scene
from benchmarks.features import mixtures
from benchmarks.harness import run, sokkuri
from benchmarks.large_collection import IndexedFile, append_shard
from sokkuri.api import Collection
from sokkuri.core.types import FileStat
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.evidence_store import open_evidence_store
from sokkuri.curation.duplicates.pair_store import PairResult, open_pair_store
from sokkuri.curation.map.map_file import MapFile, content_keys, write_map
from sokkuri.store.shards import SHARD_ROWS

SCENES, CAMERA_SCENES, CAMERA_IMAGES = 100, 8, 80
SHAPES = ((600, 400), (400, 600), (480, 480), (640, 320))
CAMERA_SHAPE = (4000, 3000)
CAMERA_FOLDER = "camera"
_OF_FOLDER = 400  # images
_CLUSTERS = 300


def make_collection(root: Path, images: int, groups: int) -> None:
    """Write the collection. The first 2 x groups images are pairs of copies."""
    root.mkdir(parents=True)
    with Collection.create(root) as collection:
        camera = min(CAMERA_IMAGES, images // 10)
        files = _write_files(root, images - camera, camera)
        _write_vectors(collection, files)
        _write_map(collection, files)
        _store_copies(collection, files, groups)
    run(sokkuri("compact", "-C", root))


def _write_files(root: Path, images: int, camera: int) -> list[IndexedFile]:
    """Write the image files, `camera` of them of a camera's size."""
    rng = np.random.default_rng(1)
    pairs = [
        (scene, scene.resize((scene.width * 2 // 3, scene.height * 2 // 3)))
        for scene in (draw_scene(rng, *SHAPES[n % len(SHAPES)]) for n in range(SCENES))
    ]
    bases = [_Base(image) for pair in pairs for image in pair]
    files = [
        bases[n % len(bases)].write(root, f"{2000 + n // _OF_FOLDER // 12}", n)
        for n in range(images)
    ]
    large = [_Base(_photo(rng)) for _ in range(min(CAMERA_SCENES, camera))]
    return files + [
        large[n % len(large)].write(root, CAMERA_FOLDER, images + n) for n in range(camera)
    ]


def _photo(rng: np.random.Generator) -> Image.Image:
    """Return a picture of a camera's size, with noise."""
    scene = draw_scene(rng, 1000, 750).resize(CAMERA_SHAPE)
    tile = np.tile(rng.normal(0, 6, (750, 1000, 1)), (4, 4, 1))
    return Image.fromarray(np.clip(np.asarray(scene) + tile, 0, 255).astype(np.uint8))


class _Base:
    """A picture of which many files are made."""

    def __init__(self, image: Image.Image) -> None:
        self.width, self.height = image.size
        out = BytesIO()
        image.save(out, "JPEG", quality=80)
        self.jpeg = out.getvalue()

    def write(self, root: Path, year: str, number: int) -> IndexedFile:
        """Write a file below a folder, with the number behind its end."""
        folder = f"{year}/{number // _OF_FOLDER % 12 + 1:02}"
        data = self.jpeg + number.to_bytes(8, "little")
        path = root / folder / f"IMG_{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        stat = FileStat.of(path.stat())
        return IndexedFile(
            f"{folder}/{path.name}", stat.size, stat.mtime_ns, self.width, self.height,
            xxhash.xxh3_128_digest(data),
        )  # fmt: skip


def _write_vectors(collection: Collection, files: Sequence[IndexedFile]) -> None:
    rng = np.random.default_rng(2)
    centres = rng.exponential(1.0, (_CLUSTERS, collection.model.dimension)).astype(np.float32)
    for shard, vectors in enumerate(mixtures(centres, len(files))):
        first = shard * SHARD_ROWS
        append_shard(collection, shard, vectors, files[first : first + len(vectors)])


def _write_map(collection: Collection, files: Sequence[IndexedFile]) -> None:
    rng = np.random.default_rng(3)
    middles = rng.random((_CLUSTERS, 2))
    spread = rng.normal(0, 0.02, (len(files), 2))
    positions = np.clip(middles[rng.integers(_CLUSTERS, size=len(files))] + spread, 0, 1)
    keys = content_keys([file.digest for file in files])
    order = np.argsort(keys)
    basis = np.eye(2, collection.model.dimension, dtype=np.float32)
    placed = positions[order].astype(np.float32)
    write_map(collection, MapFile(keys[order], placed, np.ones(len(files), bool), basis))


def _store_copies(collection: Collection, files: Sequence[IndexedFile], groups: int) -> None:
    """Store the pairs, and what tells which image of each to keep. The pairs of each two drawings
    are measured once in each order, and stand for the others."""
    contents = [file.digest for file in files]
    pairs = [_sorted_pair(contents[2 * n], contents[2 * n + 1]) for n in range(groups)]
    kinds = [(n % SCENES, pair[0] == contents[2 * n]) for n, pair in enumerate(pairs)]
    with open_pair_store(collection) as store:
        results = (PairResult(first, second, "same", 0.97) for first, second in pairs)
        store.save(results, ((content, 1.0) for content in contents))
    root = Path(str(collection.root))
    places = {file.digest: root / file.id for file in files[: 2 * groups]}
    example_of = dict(zip(kinds, pairs, strict=True))
    drawn = {content for pair in example_of.values() for content in pair}
    with (
        PairComparer(places.__getitem__) as comparer,
        open_evidence_store(collection) as evidence,
    ):
        facts = dict(comparer.image_facts({*drawn, *contents[: 2 * min(SCENES, groups)]}))
        measured = {
            (first, second): of
            for first, second, of in comparer.pair_facts(example_of.values(), facts)
        }
        evidence.save_image_facts(
            (contents[n], facts[contents[n % (2 * SCENES)]]) for n in range(2 * groups)
        )
        evidence.save_pair_facts(
            (*pair, measured[example_of[kind]]) for kind, pair in zip(kinds, pairs, strict=True)
        )


def _sorted_pair(a: bytes, b: bytes) -> tuple[bytes, bytes]:
    return min(a, b), max(a, b)


if __name__ == "__main__":
    make_collection(Path(sys.argv[1]), *map(int, sys.argv[2:4]))
