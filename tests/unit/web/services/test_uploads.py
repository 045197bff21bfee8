"""Pictures of requests become vectors of the collection's own model."""

import asyncio
import io
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import NoCollectionError
from sokkuri.core.types import Features, Limits
from sokkuri.search.query import QueryReader
from sokkuri.web.services.uploads import Picture, UploadReader


def draw_picture() -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def make_collection(folder: Path, model: Path) -> Features:
    """Make a collection, and return the vector of the picture in its model."""
    with Collection.create(folder, model=str(model)) as collection:
        return QueryReader(collection).read(draw_picture()).vector


def test_a_store_that_is_made_anew_has_its_own_model(tmp_path: Path) -> None:
    """Guarantee: no picture is searched with the network of a store that is gone."""
    folder = tmp_path / "photos"
    folder.mkdir()
    models = [write_tiny_model(tmp_path / f"{seed}.onnx", seed=seed) for seed in (1, 2)]
    picture = Picture("a picture", draw_picture, Limits())
    with closing(UploadReader(folder, 1, 4)) as reader:

        def read() -> Features:
            (found,) = asyncio.run(reader.read_all([picture], None))
            return found.vector

        vectors = []
        for model in models:
            vectors.append(make_collection(folder, model))
            np.testing.assert_array_equal(read(), vectors[-1])
            shutil.move(folder / ".sokkuri", tmp_path / model.stem)
            with pytest.raises(NoCollectionError):
                read()
        assert not np.array_equal(vectors[0], vectors[1])
