"""ServeConfig: closed unless told otherwise; and which hosts only this machine reaches."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.web.config import ServeConfig, is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "192.168.0.1", "example.org", "localhost.example.org", "127.1"]
)
def test_others_too(host: str) -> None:
    """What is no address may stand for any."""
    assert not is_loopback(host)


@given(st.ip_addresses())
def test_addresses_are_told_apart_as_the_standard_library_does(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert is_loopback(str(address)) is address.is_loopback


def test_nothing_is_open_that_was_not_opened() -> None:
    config = ServeConfig()
    assert is_loopback(config.host)
    assert (config.origins, config.hosts, config.token) == ((), (), None)
    assert 0 < config.header_seconds <= 10
    assert 0 < config.max_upload <= 64 * 2**20
