"""Write the types of the HTTP API for the pages' scripts, from the server's OpenAPI document.

    python tools/write_api_types.py

The types are declared in src/sokkuri/web/static/base/api_types.d.ts. Only the type checker reads
this file. A test compares it with the document.
"""

import json
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sokkuri.web.app import API_ROUTERS
from sokkuri.web.schemas.indexing import (
    EstimateDocument,
    IndexStartedDocument,
    SetupDocument,
    SetupRequestDocument,
)
from sokkuri.web.schemas.search import SearchRequestDocument
from sokkuri.web.schemas.state import StatusEventDocument

TYPES = Path(__file__).parents[1] / "src/sokkuri/web/static/base/api_types.d.ts"

API = "/api/v1"
FIRST_RUN_ANSWERS: dict[tuple[str, str], type[BaseModel]] = {
    ("get", "/setup"): SetupDocument,
    ("get", "/setup/estimate"): EstimateDocument,
    ("post", "/setup"): IndexStartedDocument,
}
"""What the server of a first run answers. The OpenAPI document lacks its addresses."""
FIRST_RUN_PARAMETERS = {"/setup/estimate": ["network"]}
BODIES: dict[str, type[BaseModel]] = {
    "/setup": SetupRequestDocument,
    "/search": SearchRequestDocument,
}
"""Bodies of requests that the OpenAPI document lacks, or describes without a name."""
EVENTS = StatusEventDocument
"""The data of events, which are no answers."""

PLAIN_TYPES = {
    "string": "string", "integer": "number", "number": "number", "boolean": "boolean",
    "null": "null",
}  # fmt: skip

HEAD = """\
// Made by tools/write_api_types.py from the OpenAPI document of the server. Do not edit.
// Ids are strings that may hold lone surrogates: see query.js."""


def api_document() -> dict[str, Any]:
    """Return the OpenAPI document of the server, without a collection to serve."""
    app = FastAPI()
    for router in API_ROUTERS:
        app.include_router(router)
    return app.openapi()


def write_types(document: dict[str, Any]) -> str:
    """Return the text of the file: the documents, then the answers and bodies of each path."""
    schemas = {**_schemas_beyond(), **document["components"]["schemas"]}
    blocks = [HEAD, *(_interface(name, schemas[name]) for name in sorted(schemas))]
    answers, bodies = _by_path(document["paths"])
    names = {path: _parameter_names(document["paths"], path) for path in answers["get"]}
    blocks += [
        _path_types("GetAnswers", "The answers to GET requests", answers["get"]),
        _path_types("GetParameters", "The names of parameters of GET requests", names),
        _get_path(answers["get"]),
        _choice("GetAnswer", "GetAnswers", "The answer to a GET request", answers["get"]),
        _choice("GetParameter", "GetParameters", "A parameter of a GET request", names),
        _path_types("PostAnswers", "The answers to POST requests", answers["post"]),
        _path_types("PostBodies", "The bodies of POST requests", bodies),
    ]
    return "\n\n".join(blocks) + "\n"


def _schemas_beyond() -> dict[str, Any]:
    """Return the schemas that the document lacks."""
    models: list[type[BaseModel]] = [*FIRST_RUN_ANSWERS.values(), *BODIES.values(), EVENTS]
    _, schema = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    found: dict[str, Any] = schema["$defs"]
    return found


def _by_path(paths: dict[str, Any]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return the types of answers by method and path, and those of bodies by path: JSON only."""
    answers: dict[str, dict[str, str]] = {"get": {}, "post": {}}
    bodies = {}
    for path, operations in paths.items():
        if not path.startswith(f"{API}/"):
            continue
        for method, operation in operations.items():
            short = path.removeprefix(API)
            content = operation["responses"]["200"]["content"]
            if "application/json" in content:
                answers[method][short] = _type(content["application/json"]["schema"])
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None:
                model = BODIES.get(short)
                bodies[short] = model.__name__ if model else _type(body["schema"])
    for (method, path), model in FIRST_RUN_ANSWERS.items():
        answers[method][path] = model.__name__
    bodies |= {path: model.__name__ for path, model in BODIES.items()}
    return answers, bodies


def _parameter_names(paths: dict[str, Any], path: str) -> str:
    """Return the type of the names of the parameters in the query string, `never` if there are
    none."""
    if ("get", path) in FIRST_RUN_ANSWERS:
        names = FIRST_RUN_PARAMETERS.get(path, [])
    else:
        parameters = paths[API + path]["get"].get("parameters", [])
        names = [one["name"] for one in parameters if one["in"] == "query"]
    return " | ".join(map(json.dumps, names)) or "never"


def _path_types(name: str, meaning: str, types: dict[str, str]) -> str:
    """Return the declaration of the types by path, for paths without an id."""
    lines = [f'  "{path}": {kind};' for path, kind in sorted(types.items()) if "{" not in path]
    return "\n".join(
        [f"/** {meaning}, by path below {API}. */", f"export interface {name} {{", *lines, "}"]
    )


def _get_path(paths: Iterable[str]) -> str:
    """Return the type of a path of a GET request."""
    lines = [f"  | {path}" for path in ["keyof GetAnswers", *map(_pattern, _longest_first(paths))]]
    return "/** A path of a GET request. */\nexport type GetPath =\n" + "\n".join(lines) + ";"


def _choice(name: str, plain: str, meaning: str, types: dict[str, str]) -> str:
    """Return a type that depends on the path of a GET request.

    plain : the type by path, for paths without an id. types : of the other paths.
    """
    lines = [
        f"/** {meaning}. */",
        f"export type {name}<Path extends GetPath> =",
        f"  Path extends keyof {plain} ? {plain}[Path]",
        *(f"  : Path extends {_pattern(path)} ? {types[path]}" for path in _longest_first(types)),
        "  : never;",
    ]
    return "\n".join(lines)


def _longest_first(paths: Iterable[str]) -> list[str]:
    """Return the paths with an id. The end of a longer one may be a part of an id."""
    with_id = [path for path in paths if "{" in path]
    return sorted(with_id, key=lambda path: (-path.count("/"), path))


def _pattern(path: str) -> str:
    return "`" + re.sub(r"\{\w+\}", "${string}", path) + "`"


def _interface(name: str, schema: dict[str, Any]) -> str:
    """Return the declaration of a document."""
    comment = textwrap.fill(
        " ".join(schema["description"].split()).replace(" : ", ": "), 96, break_on_hyphens=False
    )
    lines = textwrap.indent(comment, " * ") if len(comment) > 90 or "\n" in comment else None
    text = f"/**\n{lines}\n */\n" if lines else f"/** {comment} */\n"
    required = schema.get("required", [])
    fields = [
        f"  {field}{'' if field in required else '?'}: {_type(shape)};"
        for field, shape in schema["properties"].items()
    ]
    return text + f"export interface {name} {{\n" + "\n".join(fields) + "\n}"


def _type(schema: dict[str, Any]) -> str:
    """Return the type of a JSON schema. Raises KeyError for a schema of another kind."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    values = schema.get("enum") or [schema[word] for word in ["const"] if word in schema]
    if values:
        return " | ".join(json.dumps(value) for value in values)
    if schema["type"] == "array":
        return _array_type(schema)
    return _dictionary_type(schema) if schema["type"] == "object" else PLAIN_TYPES[schema["type"]]


def _array_type(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(item) for item in schema['prefixItems'])}]"
    item = _type(schema["items"])
    if schema.get("minItems") == schema.get("maxItems", 0) and schema["maxItems"] <= 2:
        return f"[{', '.join([item] * schema['maxItems'])}]"
    return f"({item})[]" if "|" in item else f"{item}[]"


def _dictionary_type(schema: dict[str, Any]) -> str:
    value = _type(schema["additionalProperties"])
    if "propertyNames" in schema:
        return f"Partial<Record<{_type(schema['propertyNames'])}, {value}>>"
    return f"Record<string, {value}>"


if __name__ == "__main__":
    TYPES.write_text(write_types(api_document()), "utf-8")
