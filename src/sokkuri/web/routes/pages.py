"""The pages: one document for every address, its files, and the way in where a token is wanted."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from sokkuri.web.context import Hall
from sokkuri.web.login import Keys

STATIC = Path(__file__).parents[1] / "static"
ADDRESSES = ("/", "/browse", "/search", "/rings", "/image", "/duplicates", "/label", "/status")
router = APIRouter(include_in_schema=False)


def _page(name: str, status: int = 200) -> Response:
    return FileResponse(STATIC / name, status, headers={"Cache-Control": "no-cache"})


async def page() -> Response:
    """The document that shows whatever its address says."""
    return _page("index.html")


for address in ADDRESSES:
    router.add_api_route(address, page, methods=["GET"])


async def no_page(request: Request, error: HTTPException) -> Response | None:
    """For a browser that asks for an address without a page: the page that says so."""
    wanted = "text/html" in request.headers.get("accept", "")
    inside = request.url.path.startswith(("/api/", "/static/"))
    return _page("index.html", 404) if wanted and not inside and error.status_code == 404 else None


@router.get("/login")
async def login(hall: Hall, once: str = "") -> Response:
    """A link that works once lets the browser in; else the token is asked for."""
    if hall.keys is None:
        return RedirectResponse("/", 303)
    if once and hall.keys.use_once(once):
        return _let_in(hall.keys)
    return _page("login.html", 401 if once else 200)


@router.post("/login")
async def log_in(hall: Hall, token: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """The token, typed into the page."""
    if hall.keys is None:
        return RedirectResponse("/", 303)
    return _let_in(hall.keys) if hall.keys.is_token(token) else _page("login.html", 401)


def _let_in(keys: Keys) -> Response:
    answer = RedirectResponse("/", 303)
    answer.set_cookie(keys.cookie, keys.session, httponly=True, samesite="strict")
    return answer


def add_files(app: FastAPI) -> None:
    """Serve what the pages consist of."""
    app.mount("/static", _Files(directory=STATIC), name="static")


class _Files(StaticFiles):
    """Asked for again each time, and answered with 304: an upgrade shows at once."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = "no-cache"
        return answer
