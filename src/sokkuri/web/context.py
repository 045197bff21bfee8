"""What routes work with: the server's parts, made once, started and stopped with it."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from sokkuri.store.collection import find_store
from sokkuri.web.config import ServeConfig
from sokkuri.web.login import Keys
from sokkuri.web.services.duplicate_run import Comparer
from sokkuri.web.services.duplicates import Resembling
from sokkuri.web.services.grid import Orders
from sokkuri.web.services.labels import LabelDesk
from sokkuri.web.services.metrics import Counts
from sokkuri.web.services.search_queue import SearchDesk
from sokkuri.web.services.thread_pool import Bounded, Library
from sokkuri.web.services.thumbnail_cache import Thumbnails
from sokkuri.web.services.uploads import Uploads
from sokkuri.web.services.watcher import Watch

_CACHE = "thumbnails"


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """library : questions about the catalog. changing : those that change it, one after another.
    comparing : finds near-duplicates. resembling : the groups found. decoding : what must be
    decoded, so that a large picture holds up pictures alone. desk : searches. uploads : pictures
    that were sent. labels : what to label next. change_key : what a page shows to change anything,
    drawn for this process."""

    config: ServeConfig
    keys: Keys | None
    library: Library
    changing: Library
    comparing: Comparer
    resembling: Resembling
    decoding: Bounded
    desk: SearchDesk
    uploads: Uploads
    labels: LabelDesk
    watch: Watch
    orders: Orders
    thumbnails: Thumbnails
    counts: Counts
    change_key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def close(self) -> None:
        for part in (
            self.comparing,
            self.library,
            self.changing,
            self.decoding,
            self.desk,
            self.uploads,
            self.labels,
        ):
            part.close()


def made(where: Path, config: ServeConfig) -> Parts:
    """The parts for the collection in `where`. Raises NoCollectionError."""
    cores = max(2, os.cpu_count() or 2)
    store = find_store(where)
    return Parts(
        config=config,
        keys=None if config.token is None else Keys(config.token),
        library=Library(store, 4, config.reads),
        changing=Library(store, 1, config.reads, "rw"),
        comparing=Comparer(store, config.engine),
        resembling=Resembling(),
        decoding=Bounded("pictures", cores, config.reads),
        desk=SearchDesk(store, max(1, cores // 2), config.searches, config.engine),
        uploads=Uploads(store, cores, config.searches, config.limits),
        labels=LabelDesk(store),
        watch=Watch(store),
        orders=Orders(),
        thumbnails=Thumbnails(store / _CACHE, config.cache_bytes),
        counts=Counts(),
    )


async def _of(request: Request) -> Parts:  # async: a plain function would go to a thread
    found: Parts = request.app.state.parts
    return found


Hall = Annotated[Parts, Depends(_of)]
"""A route's way to the parts."""
