"""Who is let in where a token is wanted: the token itself, a link that works once, and a cookie.

A program shows the token in a header. A person opens the link that the server prints, or types the
token, and is given a cookie: not the token, but a secret that ends with this server.
"""

import hmac
import secrets
import threading


class Keys:
    """The secrets of one server. `cookie` : the cookie's name, its own, since browsers do not tell
    servers of one host apart by their ports. Shared by threads."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.cookie = f"sokkuri-{secrets.token_hex(4)}"
        self.session = secrets.token_urlsafe(32)
        self.once = secrets.token_urlsafe(16)
        self._lock = threading.Lock()
        self._used = False

    def is_token(self, given: str) -> bool:
        return _same(given, self._token)

    def is_session(self, given: str) -> bool:
        return _same(given, self.session)

    def use_once(self, given: str) -> bool:
        """Whether this is the link's code, for the first time."""
        with self._lock:
            right = not self._used and _same(given, self.once)
            self._used |= right
            return right


def _same(one: str, other: str) -> bool:
    """Whether two secrets agree, in a time that does not tell how far they do."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
