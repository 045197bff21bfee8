"""Moves that a person chose: only a log may have them."""

from pathlib import Path

import pytest

from sokkuri.core.errors import UsageError
from sokkuri.curation.trash.plan import (
    Move,
    TrashPlan,
    move_from_json,
    move_to_json,
    read_plan,
    write_plan,
)

CHOSEN = Move("a.jpg", "a.jpg", str(Path.cwd()), 3, bytes(16), "chosen", None)


def test_a_log_reads_a_chosen_move_as_it_was_written() -> None:
    assert move_from_json(move_to_json(CHOSEN), chosen=True) == CHOSEN


def test_a_plan_never_moves_a_file_without_a_copy_that_stays(tmp_path: Path) -> None:
    """Whoever edits a plan cannot leave out the file to keep."""
    file = tmp_path / "plan.json"
    write_plan(file, TrashPlan((CHOSEN,)))
    with pytest.raises(UsageError, match='"keep" is missing'):
        read_plan(file)
    for change in ({"grade": "same"}, {"grade": "identical"}, {"grade": 1}):
        with pytest.raises(ValueError, match="keep"):
            move_from_json({**move_to_json(CHOSEN), **change}, chosen=True)
