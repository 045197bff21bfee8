"""Authentication of clients: the token, a link that works once, and a session cookie.

A program sends the token in a header. A person opens the link that the server prints, or types the
token. The browser then gets a cookie that holds a session secret, not the token. The secret is
valid until the server stops.
"""

import hmac
import secrets
import threading


class AuthSecrets:
    """The secrets of one server. Thread-safe.

    cookie_name : differs between servers, because browsers send cookies to all ports of a host.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        self.cookie_name = f"sokkuri-{secrets.token_hex(4)}"
        self.session = secrets.token_urlsafe(32)
        self.one_time_code = secrets.token_urlsafe(16)
        self._lock = threading.Lock()
        self._code_used = False

    def is_token(self, text: str) -> bool:
        """Return whether the text is the token."""
        return _is_equal(text, self._token)

    def is_session(self, text: str) -> bool:
        """Return whether the text is the session secret."""
        return _is_equal(text, self.session)

    def use_one_time_code(self, text: str) -> bool:
        """Return whether the text is the link's code and the code was not used before."""
        with self._lock:
            is_valid = not self._code_used and _is_equal(text, self.one_time_code)
            self._code_used |= is_valid
            return is_valid


def _is_equal(text: str, secret: str) -> bool:
    """Compare in a time that does not depend on where the texts differ."""
    return hmac.compare_digest(text.encode("utf-8", "replace"), secret.encode("utf-8", "replace"))
