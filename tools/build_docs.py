"""Build the documentation as a site, with Sphinx: warnings are errors.

    python tools/build_docs.py FOLDER

Copies the pages of docs/ to a temporary folder, writes the references beside them (the commands
from Typer, the Python interface from its docstrings, the HTTP interface from the OpenAPI document),
and runs Sphinx there. Nothing that is generated is kept in the repository.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from typer.main import get_command

import sokkuri
from sokkuri import Collection
from sokkuri.cli import app
from sokkuri.web.app import create_app

PROJECT = Path(__file__).parents[1]
CONFIGURATION = """
project = "sokkuri"
version = release = {version!r}
copyright = "the sokkuri maintainers"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = "sokkuri"
html_extra_path = ["openapi.json"]
myst_heading_anchors = 4
smartquotes = False  # would turn the -- of options into dashes
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
suppress_warnings = ["misc.highlighting_failure"]  # console blocks that are cut short
"""


def command_reference() -> str:
    """Return the page of all commands: usage, text, arguments and options, as Markdown."""
    root = get_command(app)
    context = root.make_context("sokkuri", [], resilient_parsing=True)
    blocks = [
        "# Commands\n\nEvery command of `sokkuri`, generated from the code.",
    ]
    commands: dict[str, Any] = root.commands  # type: ignore[attr-defined]
    for name, command in sorted(commands.items()):
        blocks += _command_blocks(
            command, command.make_context(name, [], parent=context, resilient_parsing=True)
        )
    return "\n\n".join(blocks) + "\n"


def _command_blocks(command: Any, context: Any) -> Iterator[str]:
    """Yield the Markdown blocks of a command."""
    yield f"## {context.command_path.removeprefix('sokkuri ')}"
    yield f"```text\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```"
    yield plain(command.help or "")
    rows = [_parameter_row(parameter, context) for parameter in command.get_params(context)]
    yield table(("option or argument", "meaning"), rows)


def _parameter_row(parameter: Any, context: Any) -> tuple[str, str]:
    """Return the names and the meaning of an argument or option, as `--help` shows them."""
    record = parameter.get_help_record(context)
    names, text = record or (parameter.make_metavar(context), getattr(parameter, "help", "") or "")
    return f"`{names}`", plain(text)


def python_reference() -> str:
    """Return the page of the public Python names: Sphinx fills it from their docstrings."""
    directives = "\n".join(
        f".. autoclass:: sokkuri.{name}\n   :members:\n   :inherited-members: Exception, tuple\n"
        for name in sokkuri.__all__
    )
    return (
        "# Python interface\n\nGenerated from the docstrings. [From Python](../python.md) has "
        f"examples.\n\n```{{eval-rst}}\n{directives}```\n"
    )


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document that `sokkuri serve` answers with, made from an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        with Collection.create(folder) as collection:
            for _ in collection.sync():
                pass
        return create_app(Path(folder)).openapi()


def http_reference(document: dict[str, Any]) -> str:
    """Return the page of the HTTP interface: each address, then each type, as Markdown."""
    blocks = [
        "# HTTP interface\n\nGenerated from the OpenAPI document.",
        "A server has it at `/api/v1/openapi.json`. [The HTTP API](../api.md) has examples.",
        "## Addresses",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            blocks += _operation_blocks(f"{method.upper()} {path}", operation)
    blocks.append("## Types")
    for name, schema in document["components"]["schemas"].items():
        blocks += _schema_blocks(name, schema)
    return "\n\n".join(blocks) + "\n"


def _operation_blocks(title: str, operation: dict[str, Any]) -> Iterator[str]:
    """Yield the Markdown blocks of an address: text, parameters, body, answers."""
    yield f"### `{title}`"
    yield plain(operation.get("description") or operation.get("summary", ""))
    parameters = [
        (
            f"`{parameter['name']}`",
            parameter["in"],
            type_text(parameter.get("schema", {})),
            plain(parameter.get("description", "")),
        )
        for parameter in operation.get("parameters", [])
    ]
    if parameters:
        yield table(("parameter", "in", "type", "meaning"), parameters)
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        yield f"Body, `{media_type}`: {type_text(schema)}"
        yield from _fields(schema)
    answers = [
        (
            status,
            _answer_type(answer),
            plain(answer.get("description", "")),
        )
        for status, answer in operation.get("responses", {}).items()
    ]
    yield table(("status", "type", "meaning"), answers)


def _schema_blocks(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Yield the Markdown blocks of a type: text and fields."""
    yield f"### {name}"
    yield plain(schema.get("description", ""))
    if "enum" in schema:
        yield "One of " + ", ".join(f"`{value}`" for value in schema["enum"])
    yield from _fields(schema)


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the table of a type's fields, if it has any."""
    required = schema.get("required", [])
    rows = [
        (
            f"`{field}`",
            type_text(value) + ("" if field in required else ", optional"),
            plain(value.get("description", "")),
        )
        for field, value in schema.get("properties", {}).items()
    ]
    if rows:
        yield table(("field", "type", "meaning"), rows)


def _answer_type(answer: dict[str, Any]) -> str:
    """Return the type of an answer in words; media types of one type count once."""
    types = [type_text(content.get("schema", {})) for content in answer.get("content", {}).values()]
    return ", ".join(dict.fromkeys(types))


def type_text(schema: dict[str, Any]) -> str:
    """Return the type of a JSON schema in words, with links to named types."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(type_text(part) for part in schema[key])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_text(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table. Cells are one line each."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(re.sub(r"\s+", " ", cell).replace("|", r"\|") for cell in line) + " |"
        for line in lines
    )


def plain(text: str) -> str:
    """Return a text from the code as Markdown: its marks stand for themselves, but for code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_<>\[\]#$])", r"\\\1", part) for part in parts
    )


def write_sources(folder: Path) -> None:
    """Write all that Sphinx reads: the pages, the references, the order of pages, the settings."""
    shutil.copytree(PROJECT / "docs", folder, dirs_exist_ok=True)
    changelog = (PROJECT / "CHANGELOG.md").read_text()
    (folder / "changelog.md").write_text(changelog.replace("](docs/", "]("))
    reference = folder / "reference"
    reference.mkdir()
    document = openapi_document()
    (folder / "openapi.json").write_text(json.dumps(document, indent=1))
    (reference / "commands.md").write_text(command_reference())
    (reference / "python.md").write_text(python_reference())
    (reference / "http.md").write_text(http_reference(document))
    (folder / "conf.py").write_text(CONFIGURATION.format(version=version("sokkuri")))
    index = folder / "index.md"
    text = index.read_text().replace("](../CHANGELOG.md)", "](changelog.md)")
    index.write_text(text + contents(text))
    decisions = folder / "decisions" / "README.md"
    decisions.write_text(decisions.read_text() + "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n")


def contents(index: str) -> str:
    """Return the navigation: the links of docs/index.md, under its headings."""
    trees = ""
    for section in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        pages = re.findall(r"^- \[.*?\]\((.*?)\)", section, re.MULTILINE)
        if section.startswith("Reference"):
            pages = ["reference/commands.md", "reference/python.md", "reference/http.md", *pages]
        if section.startswith("The project"):
            pages.append("changelog.md")
        listed = "\n".join(pages)
        caption = section.splitlines()[0]
        trees += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"
    return trees


def main(target: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        write_sources(Path(folder))
        sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto"]
        return subprocess.run(
            [*sphinx, "-b", "html", "-d", Path(folder) / ".doctrees", folder, target], check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
