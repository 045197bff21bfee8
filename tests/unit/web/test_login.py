"""The token, the one-time link and the session cookie, and their comparison in constant time."""

import hmac
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.web.login import AuthSecrets

TOKEN = "a token of some length"
KEYS = AuthSecrets(TOKEN)


def test_each_secret_is_valid_for_its_own_check_only() -> None:
    secrets = AuthSecrets(TOKEN)
    assert secrets.is_token(TOKEN)
    assert secrets.is_session(secrets.session)
    assert len({TOKEN, secrets.session, secrets.one_time_code}) == 3
    for wrong in (secrets.session, secrets.one_time_code, "", TOKEN[:-1]):
        assert not secrets.is_token(wrong)
    for wrong in (TOKEN, secrets.one_time_code, ""):
        assert not secrets.is_session(wrong)
        assert wrong == secrets.one_time_code or not secrets.use_one_time_code(wrong)
    assert secrets.use_one_time_code(secrets.one_time_code), "a wrong code does not use it up"
    assert not secrets.use_one_time_code(secrets.one_time_code)


def test_two_servers_share_no_secret() -> None:
    first, second = AuthSecrets(TOKEN), AuthSecrets(TOKEN)
    assert first.session != second.session
    assert first.one_time_code != second.one_time_code
    assert min(len(first.session), len(first.one_time_code)) >= 20


@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_no_other_text_is_the_token(given: str) -> None:
    """Lone surrogates and other text that is not ASCII raise no error."""
    assert KEYS.is_token(given) is (given == TOKEN)
    assert not KEYS.is_session(given)
    assert not KEYS.use_one_time_code(given)


def test_the_link_works_for_one_of_many_clients() -> None:
    for _ in range(20):
        secrets = AuthSecrets(TOKEN)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(secrets.use_one_time_code, [secrets.one_time_code] * 8)) == 1


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every comparison passes both whole texts to hmac.compare_digest."""
    seen: list[tuple[bytes, bytes]] = []

    def noting(one: bytes, other: bytes) -> bool:
        seen.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", noting)
    secrets = AuthSecrets(TOKEN)
    secrets.is_token("x")
    secrets.is_session("y")
    secrets.use_one_time_code("z")
    assert seen == [
        (b"x", TOKEN.encode()),
        (b"y", secrets.session.encode()),
        (b"z", secrets.one_time_code.encode()),
    ]
