"""Routes of the pages: one HTML document for all addresses, its static files, the login page."""

import os
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sokkuri.web.context import Context
from sokkuri.web.login import AuthSecrets
from sokkuri.web.services.page_files import MEDIA_TYPES, STATIC, PageFile, read_page_files

ADDRESSES = (
    "/",
    "/browse",
    "/search",
    "/rings",
    "/map",
    "/image",
    "/duplicates",
    "/label",
    "/status",
)
_FOREVER = "max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


def _login_page(status: int = 200) -> Response:
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(STATIC / "login.html", status, headers, media_type="text/html")


def _document(status: int = 200) -> Response:
    headers = {"Cache-Control": "no-cache"}
    return Response(read_page_files().document, status, headers, media_type="text/html")


async def page() -> Response:
    """Return the HTML document. Its script shows the page that the address names."""
    return _document()


@router.get("/setup")
async def after_setup() -> Response:
    """Lead to the first page: the folder has a collection."""
    return RedirectResponse("/browse", 303)


for address in ADDRESSES:
    router.add_api_route(address, page, methods=["GET", "HEAD"])


async def not_found_page(request: Request, error: HTTPException) -> Response | None:
    """Return the HTML document with status 404 if a browser asks for a page that does not exist,
    else None."""
    wants_html = "text/html" in request.headers.get("accept", "")
    is_page = not request.url.path.startswith(("/api/", "/static/"))
    if wants_html and is_page and error.status_code == 404:
        return _document(404)
    return None


@router.get("/login")
async def login(context: Context, once: str = "") -> Response:
    """Log the browser in if the link's one-time code is valid, else show the login page."""
    if context.auth_secrets is None:
        return RedirectResponse("/", 303)
    if once and context.auth_secrets.use_one_time_code(once):
        return _log_in(context.auth_secrets)
    return _login_page(401 if once else 200)


@router.post("/login")
async def log_in(context: Context, token: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Log the browser in if the token of the form is right."""
    if context.auth_secrets is None:
        return RedirectResponse("/", 303)
    if context.auth_secrets.is_token(token):
        return _log_in(context.auth_secrets)
    return _login_page(401)


def _log_in(auth_secrets: AuthSecrets) -> Response:
    """Return a redirect to the first page that sets the session cookie."""
    response = RedirectResponse("/", 303)
    response.set_cookie(
        auth_secrets.cookie_name, auth_secrets.session, httponly=True, samesite="strict"
    )
    return response


def add_static_files(app: FastAPI) -> None:
    """Serve the scripts, styles and images of the pages."""
    app.mount("/static", _StaticFiles(directory=STATIC), name="static")


class _StaticFiles(StaticFiles):
    """Serve static files.

    The addresses of files that the document names contain a digest, and browsers keep these files.
    Browsers revalidate all other files each time, so that an upgrade shows at once.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        file = read_page_files().by_path.get(path.replace(os.sep, "/"))
        if file is not None and scope["method"] in ("GET", "HEAD"):
            return _kept_file(file, Headers(scope=scope))
        return await super().get_response(path, scope)

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        if isinstance(response, FileResponse):  # not the answer "not modified"
            media_type = MEDIA_TYPES.get(Path(response.path).suffix)
            if media_type is not None:
                response.headers["Content-Type"] = media_type
        return response


def _kept_file(file: PageFile, request_headers: Headers) -> Response:
    """Return a file that browsers keep, compressed if the browser accepts gzip."""
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    content = file.content
    if "gzip" in request_headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = file.compressed, "gzip"
    return Response(content, headers=headers, media_type=file.media_type)
