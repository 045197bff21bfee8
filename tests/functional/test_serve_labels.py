"""serve: labels, suggestions, nearby images, and no change without permission."""

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from draw_images import save_drawing
from run_cli import sokkuri
from run_server import Server, assert_problem, quote_id, serving
from tiny_model import write_tiny_model

ODD = os.fsdecode(b"b/caf\xe9.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for seed in range(8):
        save_drawing(root / "ab"[seed % 2] / f"{seed}.png", seed, 40, 30)
    save_drawing(root / "b/odd.png", 8, 40, 30).rename(root / ODD)
    sokkuri("index", root, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    return root


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, "--allow-changes") as started:
        yield started


def give(server: Server, labels: dict[str, str | None], **given: Any) -> httpx.Response:
    """Send labels as a page does. A given body or given headers replace the default ones."""
    body = {"labels": [{"id": id_, "label": label} for id_, label in labels.items()]}
    content = json.dumps(given.get("json", body)) if "content" not in given else given["content"]
    headers = given.get("headers", {"X-Sokkuri-Change": server.api("changes")["key"] or ""})
    sent = {"Content-Type": "application/json", **headers}
    return server.post("/api/v1/labels", content=content, headers=sent)


def test_a_label_of_another_page_is_not_replaced_unseen(server: Server) -> None:
    """Guarantee: two pages that label one image cannot overwrite each other without a word."""

    def change(*labels: dict[str, Any]) -> httpx.Response:
        return give(server, {}, json={"labels": labels})

    first = {"id": "a/0.png", "label": "cat", "was": None}
    assert change(first).status_code == 200
    assert change(first).json()["before"][0]["label"] == "cat", "sent again after a lost answer"
    late = change({"id": "b/1.png", "label": "dog", "was": None}, {**first, "label": "dog"})
    detail = assert_problem(late, 409, "conflict")
    assert detail == "a/0.png has the label cat by now: another page gave it"
    assert server.api("labels")["labels"] == [{"label": "cat", "count": 1}], "all or nothing"
    undone = {"id": "a/0.png", "label": None}
    assert_problem(change({**undone, "was": "dog"}), 409, "conflict")
    assert change({**undone, "was": "cat"}).status_code == 200
    assert change({**undone, "was": "cat"}).status_code == 200
    assert change({"id": "a/0.png", "label": "dog"}).status_code == 200, "without `was`"


def test_labels_can_be_set_counted_and_undone(server: Server) -> None:
    assert server.api("labels") == {"labels": [], "labelled": 0, "total": 9}
    answer = give(server, {"a/0.png": "cat", ODD: " dog "})
    assert answer.status_code == 200
    before = answer.json()["before"]
    assert before == [{"id": "a/0.png", "label": None}, {"id": ODD, "label": None}]
    assert server.api("labels") == {
        "labels": [{"label": "cat", "count": 1}, {"label": "dog", "count": 1}],
        "labelled": 2,
        "total": 9,
    }
    give(server, {one["id"]: one["label"] for one in before})
    assert server.api("labels")["labelled"] == 0


def test_labels_survive_a_restart_and_label_import_reads_the_export(
    folder: Path, tmp_path: Path
) -> None:
    """Labels of a page are in the catalog."""
    with serving(folder, "--allow-changes") as server:
        give(server, {"a/0.png": "cat", ODD: "dog"})
    with serving(folder) as server:
        answer = server.get("/api/v1/labels/export")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="labels.csv"'
    rows = [*csv.reader(io.StringIO(os.fsdecode(answer.content)))]
    assert rows == [["id", "label"], ["a/0.png", "cat"], [ODD, "dog"]]
    file = tmp_path / "labels.csv"
    file.write_bytes(answer.content)
    sokkuri("label", "-C", folder, "--import", file)


def test_suggestions_follow_the_labels(server: Server) -> None:
    """They leave out labelled and named images. They are cached until a label changes."""
    inside = server.api("suggestions", under="a")["suggestions"]
    assert {one["folder"] for one in inside} == {"a"}
    asked = f"suggestions?n=5&without=a/2.png&without={quote_id(ODD)}"
    first = server.api(asked)
    assert first == server.api(asked)
    found = [one["id"] for one in first["suggestions"]]
    assert found
    assert not {"a/2.png", ODD} & {*found}
    give(server, {found[0]: "cat"})
    later = server.api(asked)["suggestions"]
    assert found[0] not in [one["id"] for one in later]


def test_nearby_images_are_returned(server: Server) -> None:
    give(server, {"a/0.png": "cat", "a/2.png": "cat", "b/1.png": "dog"})
    found = server.api("labels/near", id="b/3.png", labelled=2, unlabelled=3)
    assert len(found["labelled"]) == 2
    assert len(found["unlabelled"]) == 3
    assert all(one["label"] is None for one in found["unlabelled"])
    assert "b/3.png" not in [one["id"] for one in found["unlabelled"]]
    far = [one["distance"] for one in found["labelled"]]
    assert far == sorted(far)
    assert found["guess"]["label"] in ("cat", "dog")
    inside = server.api("labels/near", id="b/3.png", labelled=9, unlabelled=9, under="a")
    assert {one["folder"] for one in inside["unlabelled"]} == {"a"}
    assert {one["id"] for one in inside["labelled"]} == {"a/0.png", "a/2.png", "b/1.png"}
    assert_problem(server.get("/api/v1/labels/near?id=none.png"), 404, "unknown-image")


def test_the_accuracy_curve_is_returned(server: Server) -> None:
    assert server.api("labels/curve") == {"curve": []}
    give(server, {f"{'ab'[seed % 2]}/{seed}.png": "xy"[seed % 2] for seed in range(8)})
    for point in server.api("labels/curve")["curve"]:
        assert 0 <= point["accuracy"] <= 1


@pytest.mark.parametrize(
    ("given", "status", "kind"),
    [
        ({"headers": {}}, 403, "changes"),
        ({"headers": {"X-Sokkuri-Change": "a guess"}}, 403, "changes"),
        ({"json": {"labels": [{"id": "a/0.png", "label": "cat"}, {"id": "none", "label": "cat"}]}},
         404, "unknown-image"),
        ({"json": {"labels": [{"id": "a/0.png", "label": ""}]}}, 422, "invalid"),
        ({"json": {"labels": [{"id": "a/0.png", "label": "a\nb"}]}}, 422, "invalid"),
        ({"json": {"labels": [{"id": "a/0.png", "label": "c" * 201}]}}, 422, "invalid"),
        ({"json": {"labels": [{"id": "a/0.png"}]}}, 422, "invalid"),
        ({"json": {"labels": []}}, 422, "invalid"),
        ({"content": b"{"}, 422, "invalid"),
    ],
)  # fmt: skip
def test_refused_changes_change_nothing(
    server: Server, given: dict[str, Any], status: int, kind: str
) -> None:
    assert_problem(give(server, {"a/0.png": "cat"}, **given), status, kind)
    assert server.api("labels")["labelled"] == 0


def test_a_label_is_renamed_and_deleted_for_all_images(server: Server) -> None:
    def post(path: str, body: dict[str, Any], *, key: str | None = None) -> httpx.Response:
        key = server.api("changes")["key"] if key is None else key
        return server.post(path, json=body, headers={"X-Sokkuri-Change": key})

    give(server, {"a/0.png": "cat", ODD: "cat", "b/1.png": "dog"})
    rename, undo = "/api/v1/labels/rename", "/api/v1/labels/undo"
    renamed = post(rename, {"label": "cat", "to": "animal"}).json()
    assert renamed == {"edit": 1, "label": "cat", "to": "animal", "changed": 2}
    assert post(rename, {"label": "animal", "to": None}).json()["changed"] == 2
    assert server.api("labels")["labels"] == [{"label": "dog", "count": 1}]
    assert post(undo, {"edit": 2}).json()["changed"] == 2
    assert_problem(post(undo, {"edit": 2}), 422, "invalid")
    assert_problem(post(rename, {"label": "cat", "to": "x"}), 422, "invalid")
    assert_problem(post(rename, {"label": "dog"}), 422, "invalid")
    assert_problem(post(rename, {"label": "dog", "to": None}, key="no"), 403, "changes")
    assert sorted(one["label"] for one in server.api("labels")["labels"]) == ["animal", "dog"]


def test_another_origin_is_refused(server: Server) -> None:
    key = server.api("changes")["key"]
    for header in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = give(server, {"a/0.png": "cat"}, headers={"X-Sokkuri-Change": key, **header})
        assert_problem(refused, 403, "changes")
    assert server.api("labels")["labelled"] == 0


def test_a_read_only_server_sets_no_labels(folder: Path) -> None:
    with serving(folder) as server:
        assert server.api("changes") == {"allowed": False, "key": None}
        assert_problem(give(server, {"a/0.png": "cat"}), 403, "changes")
        assert server.api("labels")["labelled"] == 0
        assert server.api("suggestions")["suggestions"]
