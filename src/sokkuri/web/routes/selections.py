"""Routes of selections: keep one, list its images, send its files as one archive."""

import asyncio
import io
import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path as FilePath
from typing import IO, Annotated

import numpy as np
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response, StreamingResponse
from numpy.typing import NDArray

from sokkuri.api import Collection
from sokkuri.core.errors import ReadError, SokkuriError, WithheldError
from sokkuri.images.frame_names import file_of
from sokkuri.web.context import AppContext, Context
from sokkuri.web.errors import AsciiJSON
from sokkuri.web.routes.openapi import problems
from sokkuri.web.schemas.selections import (
    SelectedImagesDocument,
    SelectionDocument,
    SelectionRequestDocument,
)
from sokkuri.web.services import selections
from sokkuri.web.services.image_files import ServedFile, find_file, read_bytes
from sokkuri.web.services.selections import (
    GridSelection,
    IdSelection,
    ListFormat,
    MapSelection,
    Selection,
)
from sokkuri.web.services.zip_stream import ZipStream

router = APIRouter(prefix="/api/v1/selections", tags=["selections"])

_AT_ONCE = 500  # images that are looked up together
_MEDIA_TYPES = {"csv": "text/csv", "json": "application/json", "txt": "text/plain"}

Name = Annotated[
    str, Path(max_length=64, description="The `selection` that `POST /api/v1/selections` returned.")
]

Kind = Annotated[ListFormat, Query(alias="format", description="`txt` has paths alone.")]


@router.post(
    "",
    response_model=SelectionDocument,
    responses=problems(400, 403, 404, 408, 409, 413),
    response_description="The name of the selection, and what it holds.",
)
async def keep(context: Context, request: SelectionRequestDocument) -> Response:
    """Keep a selection for the other addresses. The server forgets all but the latest ones."""
    selection: Selection
    if request.map is not None:
        on_map = request.map
        selection = MapSelection(on_map.version, on_map.points, on_map.under, on_map.where)
    elif request.grid is not None:
        grid = request.grid
        order = grid.order
        if order is None:
            order = await context.read_pool.run(
            selections.order_now,
            context.grid_orders, context.watcher.state.revision, grid.under, grid.sort,
            grid.revision,
        )  # fmt: skip
        selection = GridSelection(grid.under, grid.sort, order, tuple(grid.ranges), grid.where)
    else:
        selection = IdSelection(tuple(request.ids or ()))
    keys = await _keys(context, selection)
    size = await context.read_pool.run(selections.total_bytes, keys.tolist())
    name = context.selections.put(selection)
    return AsciiJSON({"selection": name, "count": len(keys), "bytes": size})


@router.get(
    "/{name}/images",
    response_model=SelectedImagesDocument,
    responses=problems(404, 409),
    response_description="The images.",
)
async def images(
    context: Context,
    name: Name,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> Response:
    """Return a part of the selected images."""
    keys = await _keys(context, context.selections.get(name))
    part = keys[offset : offset + limit].tolist()
    return AsciiJSON({"images": await context.read_pool.run(selections.read_selected, part)})


@router.get(
    "/{name}/list",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {}}, "description": "The list."},
        **problems(404, 409),
    },
)
async def as_list(
    context: Context,
    name: Name,
    kind: Annotated[
        ListFormat, Query(alias="format", description="`txt` has paths alone.")
    ] = "csv",
) -> Response:
    """Return the selected images as a file: a table, or their paths."""
    keys = await _keys(context, context.selections.get(name))
    return StreamingResponse(
        _list_parts(context, keys, kind),
        media_type=_MEDIA_TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="images.{kind}"'},
    )


@router.get(
    "/{name}/zip",
    response_class=Response,
    responses={
        200: {"content": {"application/zip": {}}, "description": "The archive."},
        **problems(403, 404, 409),
    },
)
async def as_zip(context: Context, name: Name) -> Response:
    """Return the original files in one ZIP archive, under their paths in the collection. For frames
    it holds their film, once."""
    if context.config.mosaic:
        raise WithheldError("this server sends mosaics only, and no original files")
    keys = await _keys(context, context.selections.get(name))
    return StreamingResponse(
        _zip_parts(context, keys),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="images.zip"'},
    )


async def _keys(context: AppContext, selection: Selection) -> NDArray[np.int64]:
    revision = context.watcher.state.revision
    return await context.read_pool.run(
        selections.selected_keys, context.grid_orders, revision, selection, context.map_views
    )


async def _list_parts(
    context: AppContext, keys: NDArray[np.int64], kind: ListFormat
) -> AsyncIterator[bytes]:
    yield selections.list_head(kind)
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE].tolist()
        found = await context.read_pool.run(selections.read_selected, part)
        yield selections.list_part(found, kind, first=start == 0)
    yield selections.list_tail(kind)


async def _zip_parts(context: AppContext, keys: NDArray[np.int64]) -> AsyncIterator[bytes]:
    archive = ZipStream()
    films: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE].tolist()
        for path, file in await context.read_pool.run(_find_files, part):
            if file is not None and file.film is not None:
                if path in films:
                    continue
                films.add(path)
            pieces = _add(context, archive, path, file)
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
    yield archive.finish()


def _find_files(collection: Collection, keys: list[int]) -> list[tuple[str, ServedFile | None]]:
    """Return path and file of each image; None for a file that may not be sent."""
    found: list[tuple[str, ServedFile | None]] = []
    for image_id, path in selections.ids_and_paths(collection, keys):
        try:
            file = find_file(collection, image_id)
            found.append((path, file) if file.film is None else (file_of(path), file))
        except SokkuriError:  # a link out of the folder, or an image that was removed meanwhile
            found.append((path, None))
    return found


def _add(
    context: AppContext, archive: ZipStream, path: str, file: ServedFile | None
) -> Iterator[bytes]:
    """Yield the bytes that one more file adds to the archive; none if it cannot be opened."""
    with ExitStack() as opened:
        try:
            source, modified = _open(context, file)
            opened.enter_context(source)
        except (OSError, SokkuriError):
            archive.leave_out(path)
            return
        yield from archive.add(path, source, modified)


def _open(context: AppContext, file: ServedFile | None) -> tuple[IO[bytes], float]:
    """Return the open file, and when it was changed. Raises OSError, ReadError."""
    if file is None:
        raise ReadError("it may not be sent")
    location = file.location if file.film is None else file.film
    if not isinstance(location, FilePath):
        return io.BytesIO(read_bytes(file, context.config.limits)), 0.0
    source = open(location, "rb", opener=_open_at_once)  # noqa: SIM115 - the caller closes it
    status = os.fstat(source.fileno())
    if not stat.S_ISREG(status.st_mode):
        source.close()
        raise ReadError("it is no regular file")
    return source, status.st_mtime


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for the other end of a pipe, and without following a link."""
    for name in ("O_NONBLOCK", "O_NOFOLLOW"):
        flags |= getattr(os, name, 0)
    return os.open(path, flags)
