"""The objects that routes share: created once a server, closed with it."""

from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Self

from fastapi import Depends, Request

from sokkuri.core.cores import available_cores
from sokkuri.store.filter_columns import PLACES
from sokkuri.store.places import find_store
from sokkuri.web.config import ServeConfig
from sokkuri.web.login import AuthSecrets
from sokkuri.web.services.duplicate_run import DuplicateRun
from sokkuri.web.services.duplicates import DuplicateGroupCache
from sokkuri.web.services.folder_watch import FolderWatch
from sokkuri.web.services.grid import GridOrderCache
from sokkuri.web.services.index_run import IndexRun
from sokkuri.web.services.labels import LabelService
from sokkuri.web.services.map_run import MapRun
from sokkuri.web.services.map_view import MapViewCache
from sokkuri.web.services.metrics import Metrics
from sokkuri.web.services.search_queue import SearchQueue
from sokkuri.web.services.selections import SelectionStore
from sokkuri.web.services.thread_pool import BoundedExecutor, CollectionPool
from sokkuri.web.services.thumbnail_cache import ThumbnailCache
from sokkuri.web.services.thumbnail_maker import ThumbnailMaker
from sokkuri.web.services.uploads import UploadReader
from sokkuri.web.services.watcher import ChangeWatcher

_THUMBNAIL_FOLDER = "thumbnails"


@dataclass(frozen=True, slots=True, eq=False)
class Secrets:
    """The secrets of one server. auth : None if clients need no token. change_key : random secret
    of this process, which a request that changes something must carry."""

    auth: AuthSecrets | None
    change_key: str = field(default_factory=lambda: token_urlsafe(32), repr=False)

    @classmethod
    def drawn(cls, config: ServeConfig) -> Self:
        """Return new secrets."""
        return cls(None if config.token is None else AuthSecrets(config.token))


@dataclass(frozen=True, slots=True, eq=False)
class AppContext:
    """The shared objects of one server.

    secrets : of the login, and of requests that change something.
    may_index : pages may start a run of `index`.
    read_pool : threads that read the collection.
    write_pool : one thread that changes the collection, one request after another.
    index_run : indexes in the background.
    duplicate_run : finds near-duplicates in the background.
    duplicate_groups : cache of the groups.
    map_run : makes the map in the background.
    map_views : cache of the points of the map.
    decode_pool : threads that decode pictures, so that large ones delay only other pictures.
    uploads : turns pictures that were sent into vectors.
    labels : label counts and suggestions.
    watcher : the state of the collection, and its changes.
    """

    config: ServeConfig
    secrets: Secrets
    may_index: bool
    read_pool: CollectionPool
    write_pool: CollectionPool
    index_run: IndexRun
    duplicate_run: DuplicateRun
    duplicate_groups: DuplicateGroupCache
    map_run: MapRun
    map_views: MapViewCache
    decode_pool: BoundedExecutor
    search_queue: SearchQueue
    uploads: UploadReader
    labels: LabelService
    watcher: ChangeWatcher
    grid_orders: GridOrderCache
    selections: SelectionStore
    thumbnails: ThumbnailMaker
    metrics: Metrics

    @property
    def auth_secrets(self) -> AuthSecrets | None:
        """The secrets of the login; None if clients need no token."""
        return self.secrets.auth

    @property
    def change_key(self) -> str:
        """The secret that a request that changes something must carry."""
        return self.secrets.change_key

    def close(self) -> None:
        """Stop all threads."""
        for service in (
            self.index_run,
            self.duplicate_run,
            self.map_run,
            self.read_pool,
            self.write_pool,
            self.decode_pool,
            self.thumbnails,
            self.search_queue,
            self.uploads,
            self.labels,
        ):
            service.close()


def create_context(
    where: Path,
    config: ServeConfig,
    secrets: Secrets | None = None,
    *,
    may_index: bool = False,
    folder_watch: FolderWatch | None = None,
) -> AppContext:
    """Return the context for the collection at `where`. Raises NoCollectionError.

    secrets : of a server that has them already. may_index : pages may index even if the options
    allow no other change. folder_watch : the server's watch of the folder, if it has one.
    """
    cores = max(2, available_cores())
    store = find_store(where)
    pictures = BoundedExecutor("pictures", cores, config.reads)
    thumbnails = ThumbnailCache(store / _THUMBNAIL_FOLDER, config.cache_bytes)
    withheld = PLACES if config.mosaic else frozenset[str]()
    return AppContext(
        config=config,
        secrets=secrets or Secrets.drawn(config),
        may_index=may_index or config.allow_changes,
        read_pool=CollectionPool(store, 4, config.reads, withheld=withheld),
        write_pool=CollectionPool(store, 1, config.reads, "rw", withheld),
        index_run=IndexRun(store),
        duplicate_run=DuplicateRun(store, config.engine),
        duplicate_groups=DuplicateGroupCache(),
        map_run=MapRun(store),
        map_views=MapViewCache(),
        decode_pool=pictures,
        search_queue=SearchQueue(
            store, max(1, cores // 2), config.searches, config.engine, withheld
        ),
        uploads=UploadReader(store, cores, config.searches),
        labels=LabelService(store, withheld),
        watcher=ChangeWatcher(store, folder_watch),
        grid_orders=GridOrderCache(),
        selections=SelectionStore(),
        thumbnails=ThumbnailMaker(pictures, thumbnails, config.limits, config.reads),
        metrics=Metrics(),
    )


async def _get_context(request: Request) -> AppContext:
    """Return the context of the app. FastAPI would run a function that is not async in a thread."""
    context: AppContext = request.app.state.context
    return context


Context = Annotated[AppContext, Depends(_get_context)]
"""The parameter type by which a route gets the context."""
