"""What routes work with: the server's parts, made once, started and stopped with it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from sokkuri.collection import find_store
from sokkuri.web.config import ServeConfig
from sokkuri.web.counting import Counts
from sokkuri.web.desk import SearchDesk
from sokkuri.web.grid import Orders
from sokkuri.web.library import Bounded, Library
from sokkuri.web.login import Keys
from sokkuri.web.thumbnails import Thumbnails
from sokkuri.web.uploads import Uploads
from sokkuri.web.watching import Watch

_CACHE = "thumbnails"


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """library : questions about the catalog. decoding : what must be decoded, so that a large
    picture holds up pictures alone. desk : searches. uploads : pictures that were sent."""

    config: ServeConfig
    keys: Keys | None
    library: Library
    decoding: Bounded
    desk: SearchDesk
    uploads: Uploads
    watch: Watch
    orders: Orders
    thumbnails: Thumbnails
    counts: Counts

    def close(self) -> None:
        for part in (self.library, self.decoding, self.desk, self.uploads):
            part.close()


def made(where: Path, config: ServeConfig) -> Parts:
    """The parts for the collection in `where`. Raises NoCollectionError."""
    cores = max(2, os.cpu_count() or 2)
    store = find_store(where)
    return Parts(
        config=config,
        keys=None if config.token is None else Keys(config.token),
        library=Library(store, 4, config.reads),
        decoding=Bounded("pictures", cores, config.reads),
        desk=SearchDesk(store, max(1, cores // 2), config.searches),
        uploads=Uploads(store, cores, config.searches, config.limits),
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
