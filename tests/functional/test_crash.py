"""A file that crashes the image library stops no collection forever."""

import os
import subprocess
from pathlib import Path

from draw_images import save_drawing
from run_cli import as_json, assert_sound, command_line

CRASH = '''
"""Make the image library abort on a marked file. Python loads this at start-up."""
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
    """After two processes have died while they read the file, it is read in a process of its own
    and becomes a failure row."""
    folder = tmp_path / "photos"
    for seed in range(8):
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
    assert status["total"] == 8
    (failure,) = status["failures"]
    assert failure["id"] == "07b.png"
    assert failure["reason"] == "the image library crashes on it (SIGABRT)"
    assert_sound(folder)
