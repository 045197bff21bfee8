"""The command line builds only what its arguments name, and says the same as the whole one."""

import pytest
from typer.main import get_command

from sokkuri.cli import app, build_app_for, run


@pytest.mark.parametrize("name", [*get_command(app).commands])  # type: ignore[attr-defined]
def test_a_command_alone_has_the_help_it_has_among_all(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [*get_command(build_app_for([name])).commands] == [name]  # type: ignore[attr-defined]
    assert run([name, "--help"]) == 0
    alone = capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        app([name, "--help"], prog_name="sokkuri")
    assert alone == capsys.readouterr().out
    assert alone.startswith(f"Usage: sokkuri {name} ")


def test_without_arguments_three_lines_say_how_to_begin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["serve", "index", "--help"]
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["serach"], ["--version", "index"]])
def test_without_the_name_of_a_command_all_are_built(arguments: list[str]) -> None:
    assert build_app_for(arguments) is app
