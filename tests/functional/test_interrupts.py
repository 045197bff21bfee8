"""Ctrl-C and SIGTERM end a command soon, and keep finished work."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import steps
from draw_images import save_drawing
from run_cli import (
    RunningCommand,
    as_json,
    assert_sound,
    index_command,
    read_positions,
    record_steps,
    sokkuri,
    start,
)
from tiny_model import write_tiny_model_with_card

PHOTOS = 100  # two or three batches

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the states of Linux")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with a card, so that nothing is said about it."""
    return write_tiny_model_with_card(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    for seed in range(PHOTOS):
        save_drawing(root / f"{seed:03d}.png", seed)
    return root


def test_an_interrupt_keeps_finished_work(photos: Path, model: Path, tmp_path: Path) -> None:
    """Ctrl-C stops within two seconds with exit code 130 and keeps finished work."""
    whole = [*index_command(photos, tmp_path / "whole", model), "--workers", 1]
    step_names = record_steps(tmp_path / "steps", *whole)
    second_batch = 1 + step_names.index(
        "open", step_names.index("COMMIT", step_names.index("open"))
    )
    store = tmp_path / "store"
    command = [*index_command(photos, store, model), "--workers", 1]
    process = start(*command, environment=steps.signal_environment(second_batch, signal.SIGSTOP))
    wait_until_stopped(process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=2)
    assert process.returncode == 130, errors
    assert errors == "sokkuri: interrupted; finished work is kept\n"
    done = read_positions(store)
    assert 0 < len(done) < PHOTOS
    assert_sound(store)
    report = as_json(*command)
    assert report["unchanged"] == len(done)
    assert report["added"] == PHOTOS - len(done)
    assert done.items() <= read_positions(store).items()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_heard_while_another_program_holds_the_lock(
    photos: Path, model: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Guarantee: it ends with one line and exit code 130, and nothing is half done."""
    store = tmp_path / "store"
    as_json(*index_command(photos, store, model))
    (id_, *_) = read_positions(store)
    command = ("label", "-C", store, id_, "a label")
    begin = 1 + record_steps(tmp_path / "steps", *command).index("BEGIN")
    sokkuri("label", "-C", store, "--remove", id_)
    process = start(*command, environment=steps.signal_environment(begin, signal.SIGSTOP))
    wait_until_stopped(process)
    with contextlib.closing(sqlite3.connect(store / "catalog.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        process.send_signal(signal.SIGCONT)
        wait_until(process, "S")
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 130, errors
    assert errors == "sokkuri: interrupted; finished work is kept\n"
    assert as_json("label", "-C", store)["labelled"] == 0
    assert_sound(store)


def wait_until_stopped(process: RunningCommand) -> None:
    wait_until(process, "T")


def wait_until(process: RunningCommand, state: str) -> None:
    """Wait until the main thread is in this state: T for stopped, S for waiting."""
    status = Path(f"/proc/{process.pid}/status")
    while f"State:\t{state}" not in status.read_text():
        assert process.poll() is None, "the run ended before it could be disturbed"
        time.sleep(0.01)


def test_an_interrupt_that_is_swallowed_still_ends_the_run(tmp_path: Path) -> None:
    """Here the main thread swallows the interrupt."""
    code = (
        "import sys, threading\n"
        "from sokkuri.cli.signals import install_handlers\n"
        "install_handlers()\n"
        "try:\n"
        "    print('ready', flush=True)\n"
        "    threading.Event().wait()\n"
        "except KeyboardInterrupt:\n"
        "    threading.Event().wait()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert errors == "sokkuri: interrupted; finished work is kept\n"
