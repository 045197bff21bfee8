"""Cursors: positions as text that an address can hold."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import UsageError
from sokkuri.web.services.cursors import decode_cursor, encode_cursor


@given(st.binary(max_size=60))
def test_a_cursor_keeps_every_byte(position: bytes) -> None:
    cursor = encode_cursor(position)
    assert decode_cursor(cursor) == position
    assert cursor.isascii()
    assert not set(cursor) & set("=&+/?#% "), "an address can hold it without escapes"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Text that is not ASCII or not Base64 raises UsageError, and no other error."""
    with suppress(UsageError):
        assert isinstance(decode_cursor(text), bytes)
