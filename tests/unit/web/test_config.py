"""The defaults of ServeConfig, and the hosts that only this machine can reach."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.web.config import ServeConfig, is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_loopback_hosts_are_reached_from_this_machine_only(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "192.168.0.1", "example.org", "localhost.example.org", "127.1"]
)
def test_other_hosts_are_reached_from_other_machines(host: str) -> None:
    """A name may stand for any address."""
    assert not is_loopback(host)


@given(st.ip_addresses())
def test_addresses_are_loopback_if_the_standard_library_says_so(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert is_loopback(str(address)) is address.is_loopback


def test_the_defaults_allow_no_access_from_outside() -> None:
    config = ServeConfig()
    assert is_loopback(config.host)
    assert (config.origins, config.hosts, config.token) == ((), (), None)
    assert 0 < config.header_seconds <= 10
    assert 0 < config.max_upload <= 64 * 2**20
