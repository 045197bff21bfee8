"""The watch of the server says what it does, also when a fault ended it."""

from pathlib import Path

import pytest

from sokkuri.web.services.folder_watch import FolderWatch


def test_a_fault_ends_the_watching_and_the_state_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody believes that new photos will appear when the thread has ended."""
    faults: list[str] = []
    monkeypatch.setattr("threading.excepthook", lambda fault: faults.append(str(fault.exc_value)))

    def say(_line: str) -> None:
        raise RuntimeError("a fault")

    (tmp_path / ".sokkuri").mkdir()
    (tmp_path / ".sokkuri" / "catalog.sqlite").write_bytes(b"not a catalog")
    watch = FolderWatch(tmp_path, None, say)
    watch.start()
    watch._thread.join(30)
    assert faults == ["a fault"]
    assert watch.state.state == "waiting"
    assert "start the server again" in watch.state.text
