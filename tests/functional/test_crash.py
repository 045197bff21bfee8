"""A file that crashes the image library does not stop the collection for good."""

import os
import subprocess
from pathlib import Path

from draw_images import save_drawing
from run_cli import as_json, assert_sound, command_line

CRASH = '''
"""Loaded at start-up: an image library whose C code aborts on a marked file."""
import os
import PIL.Image

ordinary = PIL.Image.open

def crashing(file, *arguments, **options):
    if b"crash here" in file.getvalue():
        os.abort()
    return ordinary(file, *arguments, **options)

PIL.Image.open = crashing
'''


def test_a_file_that_crashes_the_library_becomes_a_failure(tmp_path: Path) -> None:
    """A broken file never stops it: after two processes have died with the file in hand, it is
    tried in a process of its own, and is a failure row."""
    folder = tmp_path / "photos"
    for seed in range(20):
        save_drawing(folder / f"{seed:02d}.png", seed)
    (folder / "07b.png").write_bytes((folder / "07.png").read_bytes() + b"crash here")
    (tmp_path / "sitecustomize.py").write_text(CRASH)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    codes = [
        subprocess.run(
            command_line("index", folder), env=environment, capture_output=True, check=False
        ).returncode
        for _ in range(3)
    ]
    assert codes == [-6, -6, 0]
    status = as_json("status", "-C", folder)
    assert status["total"] == 20
    (failure,) = status["failures"]
    assert failure["id"] == "07b.png"
    assert failure["reason"] == "the image library crashes on it (SIGABRT)"
    assert_sound(folder)
