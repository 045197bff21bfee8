"""Reasons of failures: one short line."""

from sokkuri.images import decode_errors


def test_a_reason_of_many_lines_becomes_one_short_line() -> None:
    """A reason is printed in a table: it is short and has no control characters."""
    text = decode_errors.decoder_text(ValueError("a\nb\x1b[31m" + "c" * 1000), b"")
    assert text.startswith("the image is damaged: a b?[31mccc")
    assert len(text) <= 200
    assert text.isprintable()
