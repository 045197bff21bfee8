"""A process that gives way: its priority, and that of the processes that it starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from sokkuri.cli import run

GIVES_WAY = """
import subprocess, sys
from sokkuri.cli.priority import lower_priority
lower_priority()
show = "import psutil; print(int(psutil.Process().nice()))"
exec(show)
subprocess.run([sys.executable, "-c", show])
"""


def test_a_process_and_its_children_give_way() -> None:
    shown = subprocess.check_output([sys.executable, "-c", GIVES_WAY], text=True, timeout=60)
    lowest = 0x40 if sys.platform == "win32" else 19  # IDLE_PRIORITY_CLASS on Windows
    assert [*map(int, shown.split())] == [lowest, lowest]


def test_a_run_in_the_background_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # The tests keep their own priority.
    monkeypatch.setattr(sys.modules["sokkuri.cli.index"], "lower_priority", lambda: None)
    assert run(["index", str(tmp_path / "none"), "--background"]) != 0
    assert "all other programs of this machine go first" in capsys.readouterr().err


def test_machines_of_a_cluster_do_not_give_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", "photos", "--background", "--executor", "ray"]) == 2
    assert "leave out --executor ray" in capsys.readouterr().err
