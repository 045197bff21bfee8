"""The contract of the command line: names, exit codes, and where it looks for a collection."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from draw_images import save_drawing
from PIL import Image
from run_cli import as_json, command_line, sokkuri
from tiny_model import write_tiny_model

VERBS = ("index", "search", "status", "verify", "remove", "compact", "models")
COUNT = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cli") / "my photos"
    (home / "sub").mkdir(parents=True)
    for seed in range(COUNT):
        pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((96, 72)).save(home / "sub" / f"{seed:02d}.png")
    sokkuri("index", home)
    return home


def test_help_names_every_verb_and_every_verb_has_help() -> None:
    help_text = sokkuri("--help").stdout
    for verb in VERBS:
        assert verb in help_text
        text = sokkuri(verb, "-h").stdout
        assert "--json" in text
        assert ("--collection" in text) == (verb != "models")


def test_version_prints_the_version_of_the_package(folder: Path) -> None:
    from importlib.metadata import version

    assert sokkuri("--version").stdout == version("sokkuri") + "\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["index", "nowhere"], "nowhere is not a folder"),
        (["index", ".", "--model", "nonsense"], "efficientnet-lite0"),
        (["index", ".", "-C", "."], "-C"),
        (["search"], "name the images to search with"),
        (["search", "x", "-k", "0"], "-k"),
        (
            ["search", "x", "--metric", "hamming"],
            "--metric': 'hamming' is not one of 'cosine'",
        ),
        (
            ["duplicates", "--min-grade", "good"],
            "--min-grade': 'good' is not one of",
        ),
        (["serach"], "No such command 'serach'. Did you mean 'search'?"),
        (["index", "--workers", "0"], "workers"),
    ],
)
def test_usage_errors_exit_with_2(arguments: list[str], hint: str, tmp_path: Path) -> None:
    failed = sokkuri(*arguments, code=2, cwd=tmp_path)
    assert hint in failed.stderr
    assert failed.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", [["status"], ["verify"], ["compact"], ["search", "a.jpg"]])
def test_a_missing_collection_gives_one_clear_line(verb: list[str], tmp_path: Path) -> None:
    for where in ([], ["-C", "."]):
        failed = sokkuri(*verb, *where, code=1, cwd=tmp_path)
        assert failed.stderr.count("\n") == 1
        assert "sokkuri index" in failed.stderr


def test_a_collection_is_found_as_git_finds_a_repository(folder: Path, tmp_path: Path) -> None:
    """-C takes the folder or the store. Without -C it is the nearest collection in the parent
    folders, for a search also in those of the query image."""
    for where in (folder, folder / ".sokkuri"):
        assert as_json("status", "-C", where)["total"] == COUNT
    assert as_json("status", cwd=folder / "sub")["total"] == COUNT
    found = as_json("search", folder / "sub" / "00.png", cwd=tmp_path)
    assert found["hits"][0]["id"] == "sub/00.png"
    assert as_json("search", "03.png", cwd=folder / "sub")["hits"][0]["id"] == "sub/03.png"
    assert as_json("search", "sub/04.png", cwd=folder / "sub")["hits"][0]["id"] == "sub/04.png"


def test_the_json_of_a_search_has_its_documented_keys(folder: Path) -> None:
    found = as_json("search", "sub/00.png", "-C", folder, "-k", 3, "--metric", "l2")
    assert found.keys() == {"query", "metric", "hits", "exact", "recall"}
    assert (found["query"], found["metric"]) == (["sub/00.png"], "l2")
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
    assert all(hit.keys() == {"rank", "id", "path", "distance"} for hit in found["hits"])
    assert found["hits"][0]["path"] == str(folder / "sub" / "00.png")
    ranked = [hit["distance"] for hit in found["hits"]]
    assert ranked == sorted(ranked)
    assert as_json("search", "sub/00.png", "-C", folder)["metric"] == "cosine"


def test_search_equals_a_brute_force_search(folder: Path) -> None:
    """Both metrics equal a float64 computation over the shard files in the article's format."""
    features = np.load(next(folder.glob(".sokkuri/features/*/0000.features.npy"))).astype(float)
    ids = np.load(next(folder.glob(".sokkuri/features/*/0000.object_ids.npy"))).tolist()
    query = features[ids.index("sub/07.png")]
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(query)
    truth = {
        "l2": np.linalg.norm(features - query, axis=1),
        "cosine": 1 - features @ query / lengths,
    }
    for metric, expected in truth.items():
        hits = as_json("search", "sub/07.png", "-C", folder, "--metric", metric)["hits"]
        assert [hit["id"] for hit in hits] == [ids[n] for n in np.argsort(expected)[:10]]
        np.testing.assert_allclose(
            [hit["distance"] for hit in hits], np.sort(expected)[:10], atol=1e-9
        )


def test_a_copy_outside_the_collection_finds_its_original(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes((folder / "sub" / "05.png").read_bytes())
    first = as_json("search", outside, "-C", folder)["hits"][0]
    assert first["id"] == "sub/05.png"
    assert abs(first["distance"]) < 1e-5


def test_several_query_images_are_averaged(folder: Path) -> None:
    found = as_json("search", "sub/01.png", "sub/02.png", "-C", folder)
    assert found["query"] == ["sub/01.png", "sub/02.png"]
    assert {hit["id"] for hit in found["hits"][:2]} == {"sub/01.png", "sub/02.png"}
    near = [hit["distance"] for hit in found["hits"][:2]]
    assert near[0] == pytest.approx(near[1], abs=1e-6)


def test_an_unreadable_query_gives_one_clear_line(folder: Path, tmp_path: Path) -> None:
    failed = sokkuri("search", "nobody.png", "-C", folder, code=1)
    assert "neither an image file nor an id" in failed.stderr
    (tmp_path / "poem.jpg").write_text("I am a poem.")
    failed = sokkuri("search", tmp_path / "poem.jpg", "-C", folder, code=1)
    assert "poem.jpg: it is not an image: it looks like a text file" in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_k_beyond_the_size_of_the_collection_gives_all_images(folder: Path) -> None:
    assert len(as_json("search", "sub/00.png", "-C", folder, "-k", 1000)["hits"]) == COUNT


def test_models_lists_and_shows_cards(tmp_path: Path) -> None:
    listed = as_json("models")["models"]
    assert [card["name"] for card in listed] == [
        "efficientnet-lite0-int8", "efficientnet-lite0", "mobilenet-v3-large",
    ]  # fmt: skip
    assert all(card["licence"] == "Apache-2.0" for card in listed)
    assert [card["default"] for card in listed] == [True, False, False]
    assert Path(listed[0]["weights"]).is_file()
    text = sokkuri("models").stdout
    assert text.startswith("efficientnet-lite0-int8, the default of new collections\n")
    assert "bring the file" in text
    recommended = as_json("models")["recommended"]
    assert [one["name"] for one in recommended if one["japanese"]]
    assert all(f"  {one['name']}\n" in text for one in recommended)
    assert "recommended" not in as_json("models", "efficientnet-lite0")
    shown = sokkuri("models", "efficientnet-lite0").stdout
    assert "1280" in shown
    own = write_tiny_model(tmp_path / "own.onnx")
    assert as_json("models", own)["models"][0]["dimension"] == 8
    failed = sokkuri("index", tmp_path, "--model", "mobilenet-v3-large", code=1)
    assert "--model FILE.onnx" in failed.stderr


def test_json_alone_is_on_stdout(folder: Path) -> None:
    """Stdout has one JSON document and nothing else. Messages go to stderr."""
    (folder / "broken.jpg").write_bytes(b"broken")
    try:
        done = sokkuri("index", folder, "--json")
        assert json.loads(done.stdout)["failed"] == 1
        plain = sokkuri("index", folder)
        assert plain.stdout.startswith(f"{COUNT} images: ")
        assert "1 image could not be read" in plain.stderr
    finally:
        (folder / "broken.jpg").unlink()
        sokkuri("index", folder)


def test_a_closed_pipe_gives_no_traceback(folder: Path) -> None:
    line = subprocess.list2cmdline(command_line("search", "sub/00.png", "-C", folder, "-k", "30"))
    done = subprocess.run(
        ["sh", "-c", f"{line} | head -n 1"], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_terminal_sees_a_progress_bar(folder: Path) -> None:
    """The bar is on stderr; stdout stays clean."""
    import pty

    master, slave = pty.openpty()
    done = subprocess.run(
        command_line("index", folder, "--json"), stdout=subprocess.PIPE, stderr=slave, check=True
    )
    os.close(slave)
    assert b"listing" in os.read(master, 100_000)
    os.close(master)
    assert json.loads(done.stdout)["total"] == COUNT


def test_the_installed_script_is_the_command(folder: Path) -> None:
    script = Path(sys.executable).with_name("sokkuri")
    done = subprocess.run(
        [script, "status", "-C", folder, "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["total"] == COUNT


def test_a_missing_device_is_reported_and_the_cpu_is_used(tmp_path: Path) -> None:
    for seed in range(3):
        save_drawing(tmp_path / f"{seed}.png", seed)
    done = sokkuri("index", tmp_path, "--device", "cuda:1")
    assert done.stdout.startswith("3 images: 3 added")
    assert "no GPU is used: " in done.stderr
    assert sokkuri("index", tmp_path, "--device", "auto").stderr == ""
    refused = sokkuri("index", tmp_path, "--device", "tpu", code=2)
    assert refused.stderr == "sokkuri: no device tpu: it is auto, cpu, cuda or cuda:N\n"
