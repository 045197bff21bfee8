"""Read catalog and shards of one moment, while other processes write.

The catalog and the shards are read one after the other. In between, another process can replace a
shard (`compact`, `verify --repair`), give the collection another model (`index --replace`), or
delete the whole store. A shard whose file is open stays
readable, because committed rows never change and files are never shortened. So the only gap is
between the start of a read transaction and the opening of a shard, and whoever finds a shard gone
in this gap starts again. `at_one_moment` does so for a function, `open_snapshot` for a block.
docs/store.md has the table of what may run at the same time.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from sokkuri.core.errors import DamagedError, MissingShardError, StorageError, StoreReplacedError
from sokkuri.core.types import StoredRows
from sokkuri.store.collection import CollectionStore
from sokkuri.store.shards import ShardFolder

Result = TypeVar("Result")

_ATTEMPTS = 20
"""Each needs another process that replaced shards in the moment between two steps."""


class PinnedShards(ShardFolder):
    """The shards of one moment, all of them open: they stay readable whatever other processes do.

    rows_per_shard : the rows that counted then. Raises MissingShardError, DamagedError.
    """

    def __init__(self, shards: ShardFolder, rows_per_shard: Mapping[int, int]) -> None:
        super().__init__(shards.folder, shards.dimension, shards.dtype.name)
        self.rows_per_shard = dict(rows_per_shard)
        self._pinned = {
            shard: shards.map_rows(shard, rows) for shard, rows in rows_per_shard.items()
        }

    def map_rows(self, shard: int, rows: int) -> StoredRows:
        """Return the first `rows` rows : (rows, D). Raises MissingShardError for a shard that was
        not there, DamagedError for rows that did not count."""
        pinned = self._pinned.get(shard)
        if pinned is None:
            raise MissingShardError(self.features_path(shard), shard)
        if len(pinned) < rows:
            raise DamagedError(
                f"{self.features_path(shard)} holds {len(pinned)} rows, not {rows}: run "
                "`sokkuri verify --repair`"
            )
        return pinned[:rows]


def at_one_moment(collection: CollectionStore, read: Callable[[], Result]) -> Result:
    """Call `read` in a read transaction, and return what it returns.

    Everything that it reads is of one moment. If another process replaces a shard before `read`
    opens it, `read` is called again, so it must have no lasting effect. Inside a transaction of the
    caller, `read` is called once. Raises StoreReplacedError if the store was deleted or replaced
    since it was opened, StorageError if it is replaced again and again, and what `read` raises.
    """
    if collection.catalog.in_transaction:
        return read()
    for _ in range(_ATTEMPTS):
        check_not_replaced(collection)
        try:
            with collection.catalog.reading():
                collection.follow()
                result = read()
        except DamagedError as error:
            _raise_unless_replaced(collection, error)
        else:
            check_not_replaced(collection)
            if not collection.catalog.is_outdated:
                return result
    raise _restless_error(collection)


@contextmanager
def open_snapshot(collection: CollectionStore) -> Iterator[PinnedShards]:
    """Run the block in a read transaction, with all shards of its moment open.

    Raises as `at_one_moment`, and DamagedError for a shard that is damaged.
    """
    for _ in range(_ATTEMPTS):
        check_not_replaced(collection)
        with collection.catalog.reading():
            collection.follow()
            try:
                pinned = PinnedShards(collection.shards, collection.rows_per_shard())
            except DamagedError as error:
                damage = error
            else:
                check_not_replaced(collection)
                yield pinned
                return
        _raise_unless_replaced(collection, damage)
    raise _restless_error(collection)


def check_not_replaced(collection: CollectionStore) -> None:
    """Raise StoreReplacedError if the store was deleted or made anew since it was opened."""
    if collection.catalog.is_replaced:
        raise StoreReplacedError(
            f"{collection.store} was deleted or replaced while it was open: open it again"
        )


def _raise_unless_replaced(collection: CollectionStore, error: DamagedError) -> None:
    """Raise the error, unless it is about a shard that another process has replaced."""
    check_not_replaced(collection)
    if collection.catalog.is_outdated:
        return
    if not isinstance(error, MissingShardError) or error.shard in collection.rows_per_shard():
        raise error


def _restless_error(collection: CollectionStore) -> StorageError:
    return StorageError(
        f"other processes replace the shards of {collection.store} again and again: run again"
    )
