"""Open or create the collection that `index` and `import` work on.

Takes what the options say (`Target`); returns an open collection.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sokkuri.cli import console
from sokkuri.cli.options import find_collection
from sokkuri.core.errors import ModelMismatchError, UsageError

if TYPE_CHECKING:
    from sokkuri.api import Collection
    from sokkuri.core.named_roots import Root
    from sokkuri.core.types import Decoding, Dtype
    from sokkuri.indexing.partition import Part
    from sokkuri.models import Model


@dataclass(frozen=True)
class Target:
    """The collection that the options name, and the settings that it must have.

    roots: folder or address of the images, or several named folders, as the user typed them.
    store: folder of the store, if it is not inside the root.
    collection: folder or store of a collection that exists (`-C`).
    """

    roots: tuple[str, ...]
    store: Path | None
    collection: Path | None
    model: str | None
    decode: "Decoding | None"
    dtype: "Dtype | None" = None
    part: "Part | None" = None

    def resolve_model(self) -> "Model":
        """Return the model for a new collection."""
        from sokkuri.core.types import NEW_DECODING
        from sokkuri.models import resolve_model

        return resolve_model(self.model).decoding(self.decode or NEW_DECODING)


def open_or_create(target: Target) -> "tuple[Collection, Model | None]":
    """Open the collection for writing. Create it first if it does not exist.

    Also return its model if the options name it, so that the command need not hash its file again.
    A new root is used and not yet recorded: a run records it once it accepts what is there.
    """
    from sokkuri.api import Collection, check_roots, source_of
    from sokkuri.core.named_roots import Roots
    from sokkuri.store.places import has_store

    root, store = locate(target)
    if root is not None and not has_store(store):
        root = check_roots(root) if isinstance(root, Roots) else root
        model = target.resolve_model()
        if model.assumed:
            console.print_message(model.assumed)
        # `create` would refuse a second process: the same command may start several times.
        source = source_of(target.model)
        return Collection.create_with(root, store, model, source, target.dtype), model
    collection = Collection.open(store)
    check_settings(collection, target)
    if root is not None:
        collection.use_root(root)
    if target.model is None:
        return collection, None
    return collection, collection.use_model(target.model)


def open_to_replace(target: Target, mode: Literal["ro", "rw"] = "rw") -> "Collection":
    """Open the collection whose model is to be replaced. Raises UsageError if there is none."""
    from sokkuri.api import Collection
    from sokkuri.store.places import has_store

    root, store = locate(target)
    if root is not None and not has_store(store):
        raise UsageError(f"{root} has no collection whose model could be replaced: omit --replace")
    collection = Collection.open(store, mode)
    if root is not None:
        collection.use_root(root)
    return collection


def check_settings(collection: "Collection", target: Target) -> None:
    """Raise ModelMismatchError if the collection keeps other vectors than `target` asks for."""
    collection.check_dtype(target.dtype)
    decode = collection.model.decode
    if target.decode not in (None, decode):
        raise ModelMismatchError(
            f"{collection.store} holds vectors of images decoded with --decode {decode}. Other "
            "vectors cannot be compared with them: omit --decode, or extract all images anew with "
            f"`sokkuri index --decode {target.decode} --replace`, or give another --store DIR"
        )


def locate(target: Target) -> "tuple[Root | None, Path]":
    """Return the root, if it was given, and the folder of the store, which may not exist yet.

    Nobody has looked whether named roots are there: a disk may be away.
    """
    from sokkuri.api import check_folder
    from sokkuri.core.named_roots import Roots, parse_root
    from sokkuri.store.places import STORE_NAME, choose_store

    if target.collection is not None and (target.roots or target.store is not None):
        raise UsageError("-C names a collection that exists: omit -C when you give ROOT or --store")
    if target.roots:
        root = parse_root(target.roots)
        if not isinstance(root, Roots):
            root = check_folder(target.roots[0])
        elif target.part is not None:
            raise UsageError("a part is of one folder: leave --part out, or name one folder")
        name = STORE_NAME if target.part is None else target.part.store_name
        return root, choose_store(root, target.store, name)
    return None, target.store if target.store is not None else find_collection(target.collection)
