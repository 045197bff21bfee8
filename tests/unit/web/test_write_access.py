"""Which pages may change something: only this server's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from sokkuri.core.errors import ChangesError
from sokkuri.web.write_access import check_origin

HOSTS = ("127.0.0.1:8000", "localhost:8000", "[::1]:8000", "photos.example", "photos.example:8443")


def may(**headers: str) -> bool:
    """Whether a request with these headers passes; `_` stands for `-`."""
    try:
        check_origin(Headers({name.replace("_", "-"): value for name, value in headers.items()}))
    except ChangesError:
        return False
    return True


@pytest.mark.parametrize("host", HOSTS)
def test_its_own_pages_may(host: str) -> None:
    assert may(host=host)  # a program: browsers say where a page comes from
    for scheme in ("http", "https"):  # behind a proxy the page's is another one than ours
        assert may(host=host, origin=f"{scheme}://{host}")
        assert may(host=host, origin=f"{scheme}://{host.upper()}", sec_fetch_site="same-origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "same-origin, cross-site"])
def test_what_the_browser_says_of_another_site_counts(site: str) -> None:
    assert not may(host=HOSTS[0], sec_fetch_site=site)
    assert not may(host=HOSTS[0], sec_fetch_site=site, origin=f"http://{HOSTS[0]}")


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://127.0.0.1", "http://127.0.0.1:8001", "http://127.0.0.1:80000",
     "http://127.0.0.1:8000.evil.example", "http://evil.example/127.0.0.1:8000",
     "http://127.0.0.1:8000@evil.example", "http://evil.example#127.0.0.1:8000",
     "http://user@127.0.0.1:8000", "http://[", "127.0.0.1:8000", "//", "http://"],
)  # fmt: skip
def test_another_origin_may_not(origin: str) -> None:
    assert not may(host=HOSTS[0], origin=origin)
    assert not may(host=HOSTS[0], origin=origin, sec_fetch_site="same-origin")


@given(st.text(st.characters(codec="latin-1"), max_size=60), st.sampled_from(HOSTS))
def test_any_origin_is_answered(origin: str, host: str) -> None:
    """None passes but one that ends with the host itself."""
    if may(host=host, origin=origin):
        assert origin.lower().partition("//")[2].startswith(host)


def test_no_host_is_no_origin() -> None:
    assert not may(origin="")
    assert not may(origin="null")
