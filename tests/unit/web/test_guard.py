"""The guard's check of the Host header: it allows known names and IP addresses only."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.web.config import ServeConfig
from sokkuri.web.guard import Guard

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
NAMES = st.lists(st.text(LETTERS, min_size=1, max_size=12), min_size=1, max_size=4).map(".".join)
PORTS = st.none() | st.integers(0, 65535)


async def nothing(*_: Any) -> None:
    """An app that is never called."""


def is_allowed(host: str, *names: str, listens: str = "127.0.0.1") -> bool:
    guard = Guard(nothing, ServeConfig(host=listens, hosts=names), None)
    return guard._is_own_host(host)


def with_port(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port}"


@given(st.ip_addresses(), PORTS)
def test_every_address_is_allowed(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int | None
) -> None:
    """DNS rebinding needs a name."""
    host = f"[{address}]" if address.version == 6 else str(address)
    assert is_allowed(with_port(host, port))


@given(NAMES, PORTS)
def test_a_name_is_allowed_only_if_it_is_configured(name: str, port: int | None) -> None:
    host = with_port(name, port)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        assert is_allowed(host) is (name.lower() == "localhost")
    assert is_allowed(host, name.lower())
    assert is_allowed(host.upper(), name.lower())
    assert is_allowed(host, listens=name)


@given(NAMES, NAMES, PORTS)
def test_a_name_that_contains_an_allowed_name_is_refused(
    allowed: str, other: str, port: int | None
) -> None:
    for name in (f"{allowed}.{other}.x", f"{other}.{allowed}x", f"{allowed}-{other}.x"):
        assert (
            not is_allowed(with_port(name, port), allowed.lower())
            or name.lower() == allowed.lower()
        )


@given(st.text(max_size=40))
def test_any_text_is_allowed_or_refused(host: str) -> None:
    """An allowed host is a name or an address with an optional port."""
    if is_allowed(host):
        name, _, port = host.rpartition(":") if host[-1:].isdigit() or host.endswith(":") else (
            host, "", "")  # fmt: skip
        assert port.isdigit() or not port
        assert not set(host) & set("/@?# \t\r\n")
        assert name


@pytest.mark.parametrize(
    "host", ["", ":", ":80", "[", "]", "[]", "[]:80", "127.0.0.1:x", "127.0.0.1:80:80", "1.2.3",
             "[::1", "127.0.0.1:80@evil.example", "127.0.0.1:\u0668\u0660", "localhost:80[", "."]
)  # fmt: skip
def test_malformed_hosts_are_refused(host: str) -> None:
    assert not is_allowed(host)
