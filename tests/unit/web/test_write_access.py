"""Only this server's own pages may change the collection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from sokkuri.core.errors import ChangesError
from sokkuri.web.write_access import check_origin

HOSTS = ("127.0.0.1:8000", "localhost:8000", "[::1]:8000", "photos.example", "photos.example:8443")


def is_allowed(**headers: str) -> bool:
    """Return whether a request with these headers is allowed. `_` stands for `-`."""
    try:
        check_origin(Headers({name.replace("_", "-"): value for name, value in headers.items()}))
    except ChangesError:
        return False
    return True


@pytest.mark.parametrize("host", HOSTS)
def test_own_pages_and_programs_are_allowed(host: str) -> None:
    assert is_allowed(host=host)  # a program: a browser would send the origin
    for scheme in ("http", "https"):  # a proxy may use HTTPS
        assert is_allowed(host=host, origin=f"{scheme}://{host}")
        assert is_allowed(
            host=host, origin=f"{scheme}://{host.upper()}", sec_fetch_site="same-origin"
        )


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "same-origin, cross-site"])
def test_requests_from_other_sites_are_refused(site: str) -> None:
    assert not is_allowed(host=HOSTS[0], sec_fetch_site=site)
    assert not is_allowed(host=HOSTS[0], sec_fetch_site=site, origin=f"http://{HOSTS[0]}")


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://127.0.0.1", "http://127.0.0.1:8001", "http://127.0.0.1:80000",
     "http://127.0.0.1:8000.evil.example", "http://evil.example/127.0.0.1:8000",
     "http://127.0.0.1:8000@evil.example", "http://evil.example#127.0.0.1:8000",
     "http://user@127.0.0.1:8000", "http://[", "127.0.0.1:8000", "//", "http://"],
)  # fmt: skip
def test_other_origins_are_refused(origin: str) -> None:
    assert not is_allowed(host=HOSTS[0], origin=origin)
    assert not is_allowed(host=HOSTS[0], origin=origin, sec_fetch_site="same-origin")


@given(st.text(st.characters(codec="latin-1"), max_size=60), st.sampled_from(HOSTS))
def test_any_origin_is_allowed_or_refused(origin: str, host: str) -> None:
    """An allowed origin starts with the host itself."""
    if is_allowed(host=host, origin=origin):
        assert origin.lower().partition("//")[2].startswith(host)


def test_an_empty_origin_does_not_match_a_missing_host() -> None:
    assert not is_allowed(origin="")
    assert not is_allowed(origin="null")
