"""Keys: the token, the link that works once, the cookie; and none of them guessed by its time."""

import hmac
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.web.login import Keys

TOKEN = "a token of some length"
KEYS = Keys(TOKEN)


def test_each_key_opens_its_own_door() -> None:
    keys = Keys(TOKEN)
    assert keys.is_token(TOKEN)
    assert keys.is_session(keys.session)
    assert len({TOKEN, keys.session, keys.once}) == 3
    for wrong in (keys.session, keys.once, "", TOKEN[:-1]):
        assert not keys.is_token(wrong)
    for wrong in (TOKEN, keys.once, ""):
        assert not keys.is_session(wrong)
        assert wrong == keys.once or not keys.use_once(wrong)
    assert keys.use_once(keys.once), "wrong codes do not use it up"
    assert not keys.use_once(keys.once)


def test_two_servers_have_no_secret_in_common() -> None:
    first, second = Keys(TOKEN), Keys(TOKEN)
    assert first.session != second.session
    assert first.once != second.once
    assert min(len(first.session), len(first.once)) >= 20


@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_no_other_text_is_the_token(given: str) -> None:
    """Lone surrogates and what is not ASCII too: it is wrong, and no error."""
    assert KEYS.is_token(given) is (given == TOKEN)
    assert not KEYS.is_session(given)
    assert not KEYS.use_once(given)


def test_of_many_who_use_the_link_one_gets_in() -> None:
    for _ in range(20):
        keys = Keys(TOKEN)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(keys.use_once, [keys.once] * 8)) == 1


def test_secrets_are_compared_in_a_time_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every comparison goes through hmac.compare_digest, whole on both sides."""
    seen: list[tuple[bytes, bytes]] = []

    def noting(one: bytes, other: bytes) -> bool:
        seen.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", noting)
    keys = Keys(TOKEN)
    keys.is_token("x")
    keys.is_session("y")
    keys.use_once("z")
    assert seen == [
        (b"x", TOKEN.encode()), (b"y", keys.session.encode()), (b"z", keys.once.encode()),
    ]  # fmt: skip
