"""serve: the OpenAPI document is complete, and the server keeps to it for random requests."""

import io
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from draw_images import draw, save_drawing
from hypothesis import HealthCheck, Phase, given, settings
from PIL import Image
from run_cli import sokkuri
from run_server import Server, serving
from tiny_model import write_tiny_model
from trash_fixtures import home_environment

ENDLESS = "GET /api/v1/events"
OPERATIONS = [
    "GET /api/v1/changes", "GET /api/v1/damaged", "GET /api/v1/duplicates",
    "GET /api/v1/duplicates/drops", "GET /api/v1/duplicates/state",
    "GET /api/v1/failures", "GET /api/v1/folders", "GET /api/v1/grid", "GET /api/v1/grid/items",
    "GET /api/v1/grid/place",
    "GET /api/v1/healthz",
    "GET /api/v1/images",
    "GET /api/v1/images/{id}",
    "GET /api/v1/images/{id}/file",
    "GET /api/v1/images/{id}/film",
    "GET /api/v1/images/{id}/similar",
    "GET /api/v1/images/{id}/thumbnail", "GET /api/v1/index", "GET /api/v1/info",
    "GET /api/v1/labels",
    "GET /api/v1/labels/curve", "GET /api/v1/labels/export", "GET /api/v1/labels/near",
    "GET /api/v1/map", "GET /api/v1/map/find", "GET /api/v1/map/images",
    "GET /api/v1/map/passing", "GET /api/v1/map/points",
    "GET /api/v1/metrics", "GET /api/v1/report", "GET /api/v1/selections/{name}/images",
    "GET /api/v1/selections/{name}/list", "GET /api/v1/selections/{name}/zip",
    "GET /api/v1/status", "GET /api/v1/suggestions",
    "GET /api/v1/suggestions/state", "GET /api/v1/suggestions/words", "GET /healthz",
    "GET /metrics", "GET /similar/{id}", "POST /api/v1/duplicates/decisions",
    "POST /api/v1/duplicates/drops", "POST /api/v1/duplicates/find",
    "POST /api/v1/duplicates/undo", "POST /api/v1/index", "POST /api/v1/labels",
    "POST /api/v1/labels/rename", "POST /api/v1/labels/undo", "POST /api/v1/map",
    "POST /api/v1/search", "POST /api/v1/selections", "POST /api/v1/trash",
]  # fmt: skip
CAN_BE_WRONG = [
    "GET /api/v1/map/find", "GET /api/v1/map/images", "POST /api/v1/map",
    "GET /api/v1/damaged", "GET /api/v1/duplicates", "GET /api/v1/failures", "GET /api/v1/grid",
    "GET /api/v1/grid/items", "GET /api/v1/images", "GET /api/v1/images/{id}/file",
    "GET /api/v1/images/{id}/similar",
    "GET /api/v1/images/{id}/thumbnail", "GET /api/v1/labels/near", "GET /api/v1/suggestions",
    "GET /api/v1/suggestions/words",
    "POST /api/v1/duplicates/decisions", "POST /api/v1/duplicates/drops",
    "POST /api/v1/duplicates/find", "POST /api/v1/duplicates/undo", "POST /api/v1/index",
    "POST /api/v1/labels", "POST /api/v1/search",
    "POST /api/v1/selections", "GET /api/v1/selections/{name}/images",
    "GET /api/v1/selections/{name}/list", "POST /api/v1/trash",
]  # fmt: skip
"""Operations whose requests can contradict the document."""
MEDIA_TYPES = (
    "image/jpeg",
    "image/*",
    "video/*",
    "text/plain",
    "text/event-stream",
    "text/csv",
    "application/zip",
    "application/octet-stream",
)
REASONS = {"401", "421", "422", "500", "503"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("schema")
    for seed in range(5):
        save_drawing(home / "photos" / "0" / f"{seed}.png", seed, 40, 30)
    (home / "photos" / "broken.png").write_bytes(b"no picture")
    sokkuri("index", home / "photos", "--model", write_tiny_model(home / "tiny.onnx"))
    return home / "photos"


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A server that allows changes. Random requests name none of its images."""
    with serving(folder, "--allow-changes", **home_environment(folder.parent)) as started:
        yield started


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    return str(server.api("changes")["key"])


@pytest.fixture(scope="module")
def document(server: Server) -> Any:
    return server.api("openapi.json")


@pytest.fixture(scope="module")
def operations(document: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture(scope="module")
def schema(server: Server) -> Any:
    import schemathesis  # takes two seconds: only in the worker that runs these tests

    return schemathesis.openapi.from_url(f"{server.address}api/v1/openapi.json")


@pytest.mark.parametrize("name", OPERATIONS)
def test_answers_are_as_documented(schema: Any, key: str, name: str) -> None:
    """No fault, and only documented statuses, types and schemas."""
    explore(schema, name, "positive", key)


@pytest.mark.parametrize("name", CAN_BE_WRONG)
def test_refusals_are_as_documented(schema: Any, key: str, name: str) -> None:
    """The same for requests that contradict the document."""
    explore(schema, name, "negative", key)


def explore(schema: Any, name: str, mode: str, key: str) -> None:
    """Send random requests with the change key. mode : the name of a GenerationMode."""
    from schemathesis import checks
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi import checks as openapi_checks

    promises = [
        checks.not_a_server_error,
        openapi_checks.status_code_conformance,
        openapi_checks.content_type_conformance,
        openapi_checks.response_schema_conformance,
    ]
    change = {"X-Sokkuri-Change": key} if name.startswith("POST /api/v1/") else {}
    method, path = name.split()
    operation = schema[path][method]

    @settings(
        max_examples=settings().max_examples // 3,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def ask(case: Any) -> None:
        case.call_and_validate(checks=promises, headers=change)

    ask()


def test_the_document_describes_every_operation(operations: dict[str, Any]) -> None:
    assert sorted(operations) == sorted([*OPERATIONS, ENDLESS])
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"].rstrip().endswith("."), name
        assert operation["tags"], name
        for response in operation["responses"].values():
            assert response["description"] != "Successful Response", "FastAPI's default text"
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)


def test_every_operation_documents_its_problems(operations: dict[str, Any]) -> None:
    for name, operation in operations.items():
        if "healthz" in name:
            continue
        assert operation["responses"].keys() >= REASONS, name
        for code, answer in operation["responses"].items():
            assert answer["description"], name
            if int(code) >= 400:
                assert answer["content"]["application/problem+json"]["schema"] == {
                    "$ref": "#/components/schemas/ProblemDocument"
                }


def test_every_answer_has_a_schema_or_a_media_type(
    operations: dict[str, Any], document: Any
) -> None:
    """A schema for JSON, a media type for all else."""
    for name, operation in operations.items():
        for kind, content in operation["responses"]["200"]["content"].items():
            if kind == "application/json":
                assert content["schema"]["$ref"].startswith("#/components/schemas/"), name
            else:
                assert kind in MEDIA_TYPES, name
    shapes = document["components"]["schemas"]
    for name, shape in shapes.items():
        assert shape["type"] == "object", name
        assert shape["properties"], name
        assert shape["description"], name


def test_the_types_of_the_pages_scripts_are_those_of_the_document(document: Any) -> None:
    """If this fails, run `make api-types`, and commit the file."""
    tool = runpy.run_path(str(Path(__file__).parents[2] / "tools/write_api_types.py"))
    assert tool["TYPES"].read_text("utf-8") == tool["write_types"](document)


def test_the_examples_are_valid_requests(server: Server, document: Any) -> None:
    """The examples of the document can be sent, with ids that exist."""
    body = document["paths"]["/api/v1/search"]["post"]["requestBody"]["content"]
    for example in body["application/json"]["schema"]["examples"]:
        asked = {**example, "ids": ["0/1.png"]}
        found = server.post("/api/v1/search", json=asked).json()
        assert (
            found.keys()
            == document["components"]["schemas"]["SearchResultDocument"]["properties"].keys()
        )
    fields = body["multipart/form-data"]["schema"]["properties"]
    assert fields.keys() == {
        "image", "not_image", "id", "not_id", "text", "not_text", "image_weight",
        "not_image_weight", "k", "metric", "under", "where", "max_distance",
        "crop", "angles", "collapse", "recall",
    }  # fmt: skip
    out = io.BytesIO()
    Image.fromarray(draw(1, 40, 30)).save(out, "PNG")
    sent = server.post("/api/v1/search", files={"image": ("a.png", out.getvalue())}).json()
    assert sent["hits"][0]["id"] == "0/1.png"
