"""The objects that the routes of a first run share."""

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sokkuri.web.config import ServeConfig
from sokkuri.web.context import Secrets
from sokkuri.web.login import AuthSecrets
from sokkuri.web.services.thread_pool import BoundedExecutor


@dataclass(frozen=True, slots=True, eq=False)
class SetupContext:
    """The shared objects of a server whose folder has no collection yet.

    config : allows changes, which `web.write_access` checks with the key. begin : creates the
    collection with a network and starts to index it. executor : one thread, which looks at the
    folder.
    """

    root: Path
    config: ServeConfig
    secrets: Secrets
    begin: Callable[[str], Awaitable[None]]
    executor: BoundedExecutor
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def auth_secrets(self) -> AuthSecrets | None:
        """The secrets of the login; None if clients need no token."""
        return self.secrets.auth

    @property
    def change_key(self) -> str:
        """The secret that the request to index must carry."""
        return self.secrets.change_key

    def is_closed(self) -> bool:
        """Return whether the server has stopped, or has a collection now."""
        return self.closed.is_set()

    def close(self) -> None:
        """Stop the thread at its next step."""
        self.closed.set()
        self.executor.close()
