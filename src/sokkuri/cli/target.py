"""Which collection a verb that may make one was asked for: from its options to an open one."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sokkuri.cli import console
from sokkuri.cli.options import collection_at
from sokkuri.core.errors import ModelMismatchError, UsageError

if TYPE_CHECKING:
    from sokkuri.api import Collection
    from sokkuri.core.locations import Location
    from sokkuri.core.types import Decoding, Dtype
    from sokkuri.indexing.partition import Part
    from sokkuri.models import Model


class IdName(StrEnum):
    """What an image's id can be."""

    path = "path"
    name = "name"


class DecodingName(StrEnum):
    """The ways to decode."""

    fast = "fast"
    exact = "exact"


class DtypeName(StrEnum):
    """What numbers vectors can be kept in."""

    float32 = "float32"
    float16 = "float16"


def value_of(chosen: StrEnum | None) -> Any:
    """What was chosen of such a list, as the functions below the shell take it."""
    return None if chosen is None else chosen.value


@dataclass(frozen=True)
class Place:
    """Which collection was asked for, and what it should be made with or has been."""

    root: str | None
    store: Path | None
    where: Path | None
    model: str | None
    decode: "Decoding | None"
    dtype: "Dtype | None" = None
    part: "Part | None" = None

    def resolve(self) -> "Model":
        """The model that a new collection is to have."""
        from sokkuri.models import resolve_model

        return resolve_model(self.model).decoding(self.decode or "fast")


def opened(place: Place) -> "Collection":
    """The collection to bring up to date, made if there is none yet."""
    from sokkuri.api import Collection, source_of
    from sokkuri.store.collection import has_store

    folder, store = folder_and_store(place)
    if folder is not None and not has_store(store):
        made = place.resolve()
        if made.assumed:
            console.say(made.assumed)
        # Not `create`, which insists on being first: the same command may start several times.
        return Collection.create_with(folder, store, made, source_of(place.model), place.dtype)
    collection = Collection.open(store)
    check_kept(collection, place)
    if folder is not None:
        collection.set_root(folder)
    if place.model is not None:
        collection.use_model(place.model)
    return collection


def check_kept(collection: "Collection", place: Place) -> None:
    """Raises unless the collection's vectors are what the options ask for."""
    collection.check_dtype(place.dtype)
    kept = collection.model.decode
    if place.decode not in (None, kept):
        raise ModelMismatchError(
            f"{collection.store} holds features of pictures decoded with --decode {kept}, which "
            "cannot be compared with others: leave --decode out, or give --store DIR"
        )


def folder_and_store(place: Place) -> "tuple[Location | None, Path]":
    """The folder of images, if it was given, and where its collection is or is to be."""
    from sokkuri.api import check_folder
    from sokkuri.store.collection import STORE_NAME, store_for

    if place.where is not None and (place.root is not None or place.store is not None):
        raise UsageError("-C names a collection that exists: leave it out where ROOT is given")
    if place.root is not None:
        folder = check_folder(place.root)
        name = STORE_NAME if place.part is None else place.part.store_name
        return folder, store_for(folder, place.store, name)
    return None, place.store if place.store is not None else collection_at(place.where)
