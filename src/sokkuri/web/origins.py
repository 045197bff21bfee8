"""Tell whether a request comes from a page of another site, by what the browser says about it.

Any page can make a browser send a form with files to this server. Browsers name the page's origin
in such requests; programs send no such header.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def is_from_own_page(headers: Headers) -> bool:
    """Return whether the request comes from this server's own pages, or from a program.

    The scheme is not compared: behind a proxy the page uses HTTPS, and this server does not.
    """
    host = headers.get("host", "").lower()
    origin = headers.get("origin", f"http://{host}")
    return headers.get("sec-fetch-site", "same-origin") == "same-origin" and (
        _host_of(origin) == host
    )


def may_send(headers: Headers, allowed: Collection[str]) -> bool:
    """Return whether the request comes from an own page, a program, or an allowed origin."""
    return is_from_own_page(headers) or bool({"*", headers.get("origin", "")} & {*allowed})


def _host_of(origin: str) -> str | None:
    """Return host and port of an origin, or None if it has none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:  # brackets without an address in them
        return None
