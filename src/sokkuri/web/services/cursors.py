"""Encode the position after a page of a list as a cursor: text that clients send back unchanged."""

import base64
import binascii

from sokkuri.core.errors import UsageError


def encode_cursor(position: bytes) -> str:
    """Return the position as URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(position).decode().rstrip("=")


def decode_cursor(cursor: str) -> bytes:
    """Return the position that `encode_cursor` was given. Raises UsageError for other text."""
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error):
        raise invalid_cursor() from None


def invalid_cursor() -> UsageError:
    """Return the error for a cursor that no page returned."""
    return UsageError("this is not a cursor: send the `next` that a page returned")
