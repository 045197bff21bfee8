"""Any ONNX extractor is a model, with or without a card. Models can be added by name."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from joint_model import write_joint_model
from model_fixtures import COUNT
from onnx import TensorProto
from PIL import Image
from run_cli import as_json, read_vectors, sokkuri
from tiny_model import write_tiny_model

from sokkuri import Collection
from sokkuri.core.errors import ModelMismatchError

NEWEST_OPSET = 24  # of ONNX Runtime 1.23 and later


pytestmark = pytest.mark.usefixtures("models")


KINDS: dict[str, dict[str, Any]] = {
    "NCHW": {},
    "NHWC": {"layout": "NHWC"},
    "tf2onnx's names": {"layout": "NHWC", "input": "inputs:0", "output": "feature_vector"},
    "several outputs": {"with_maps": True},
    "batch of 1": {"batch": 1},
    "batch of 3": {"batch": 3},
    "sizes left open": {"shape": ["N", 3, "H", "W"], "size": 224},
    "all left open": {"shape": ["N", "a", "b", "c"], "size": 224},
    "all left open, NHWC": {"shape": ["N", "a", "b", "c"], "layout": "NHWC", "size": 224},
    "bytes": {"input_type": TensorProto.UINT8},
    "half floats": {"input_type": TensorProto.FLOAT16},
    "external data": {"weights_file": "weights.bin"},
    **{f"opset {opset}": {"opset": opset} for opset in (9, 11, 13, 18, 21, NEWEST_OPSET)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_extractor_gives_the_features_of_onnx_runtime(
    kind: str, photos: Path, tmp_path: Path
) -> None:
    """The vectors of the collection equal those of ONNX Runtime for any layout, names, outputs,
    batch, opset and files."""
    options = {"size": 32, **KINDS[kind]}
    model = write_tiny_model(tmp_path / "net.onnx", **options)
    done = sokkuri("index", photos, "--model", model)
    layout, size = options.get("layout", "NCHW"), options["size"]
    assert f"assumed RGB / {1 if kind == 'bytes' else 255} at {size} x {size}, {layout}" in (
        done.stderr
    )
    session = onnxruntime.InferenceSession(model)
    given, output = session.get_inputs()[0], options.get("output", "features")
    found = read_vectors(photos / ".sokkuri")
    assert len(found) == COUNT
    for path in photos.glob("*.png"):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))
        values: Any = pixels[None] if layout == "NHWC" else pixels.transpose(2, 0, 1)[None]
        if kind != "bytes":
            values = values.astype(np.float32) / 255
            values = values.astype(np.float16) if kind == "half floats" else values
        values = values.repeat(options.get("batch", 1), 0)
        expected = session.run([output], {given.name: values})[0][0]
        np.testing.assert_allclose(
            np.frombuffer(found[path.name], np.float32), expected, rtol=1e-4, atol=1e-5
        )
    hits = as_json("search", photos / "3.png", "-C", photos)["hits"]
    assert hits[0]["id"] == "3.png"


def test_a_file_of_weights_is_part_of_the_model(photos: Path, tmp_path: Path) -> None:
    """The same graph with other weights in its file is another model."""
    model = write_tiny_model(tmp_path / "net.onnx", weights_file="weights.bin")
    sokkuri("index", photos, "--model", model)
    weights = bytearray((tmp_path / "weights.bin").read_bytes())
    weights[5] ^= 1
    (tmp_path / "weights.bin").write_bytes(weights)
    refused = sokkuri("index", photos, code=1)
    assert "cannot be compared" in refused.stderr
    (tmp_path / "weights.bin").unlink()
    refused = sokkuri("index", photos, code=1)
    assert "keeps its weights in weights.bin, which is not beside it" in refused.stderr


def test_sync_refuses_a_model_file_that_changed_since_the_collection_was_created(
    photos: Path, tmp_path: Path
) -> None:
    """The vectors of another network never get the old fingerprint."""
    network = write_tiny_model(tmp_path / "net.onnx", weights_file="weights.bin")
    with Collection.create(photos, model=str(network)) as collection:
        weights = bytearray((tmp_path / "weights.bin").read_bytes())
        weights[5] ^= 1
        (tmp_path / "weights.bin").write_bytes(weights)
        with pytest.raises(ModelMismatchError):
            list(collection.sync())
        assert collection.status().total == 0


def test_a_rewritten_graph_is_cached(photos: Path, tmp_path: Path) -> None:
    """A network with hard swishes is rewritten once, when it is first used. Without a cache it runs
    unchanged."""
    import onnx
    from benchmarks.mobilenet_v3 import build

    onnx.save(build("tf2onnx"), tmp_path / "net.onnx")
    sokkuri("index", photos, "--model", tmp_path / "net.onnx")
    (kept,) = (tmp_path / "cache" / "fused").iterdir()
    kinds = {node.op_type for node in onnx.load(kept).graph.node}
    assert "HardSigmoid" in kinds
    assert "Clip" not in kinds
    written = kept.stat().st_mtime_ns
    sokkuri("search", photos / "1.png", "-C", photos)
    assert kept.stat().st_mtime_ns == written
    (tmp_path / "no folder").touch()
    store = tmp_path / "other"
    sokkuri("index", photos, "--model", tmp_path / "net.onnx", "--store", store,
            SOKKURI_CACHE=str(tmp_path / "no folder"))  # fmt: skip
    one, other = read_vectors(photos / ".sokkuri"), read_vectors(store)
    for id_, data in one.items():
        a, b = np.frombuffer(data, np.float32), np.frombuffer(other[id_], np.float32)
        assert np.abs(a - b).max() <= 1e-5 * np.abs(a).max()


# Adding


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


Serve = Callable[[type[SimpleHTTPRequestHandler]], str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that serves the folder `web` and returns the address."""
    (tmp_path / "web").mkdir()
    servers = []

    def start(handler: type[SimpleHTTPRequestHandler] = QuietHandler) -> str:
        made = partial(handler, directory=str(tmp_path / "web"))
        server = ThreadingHTTPServer(("127.0.0.1", 0), made)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_model_is_fetched_checked_and_kept(
    serve: Serve, models: Path, photos: Path, tmp_path: Path
) -> None:
    """`models add URL --sha256` writes a card. Then the model is known by its name, without its
    server."""
    net = write_tiny_model(tmp_path / "web" / "tiny net.onnx", dimension=12)
    address = f"{serve(QuietHandler)}/tiny%20net.onnx?download=true"
    shown = as_json("models", "add", address, "--sha256", digest(net))["models"]
    assert [card["name"] for card in shown] == ["tiny net"]
    assert shown[0]["source"] == address
    assert shown[0]["sha256"] == digest(net)
    assert shown[0]["weights"] == str(models / "tiny net" / "tiny net.onnx")
    net.unlink()
    assert "tiny net" in {card["name"] for card in as_json("models")["models"]}
    sokkuri("index", photos, "--model", "tiny net")
    assert as_json("status", "-C", photos)["dimension"] == 12
    assert as_json("search", photos / "2.png", "-C", photos)["hits"][0]["id"] == "2.png"


def test_a_wrong_digest_leaves_nothing_behind(serve: Serve, models: Path, tmp_path: Path) -> None:
    net = write_tiny_model(tmp_path / "web" / "net.onnx")
    address = f"{serve(QuietHandler)}/net.onnx"
    refused = sokkuri("models", "add", address, "--sha256", "0" * 64, code=1)
    assert f"has SHA-256 {digest(net)}, not {'0' * 64}: it was not added" in refused.stderr
    refused = sokkuri("models", "add", net, "--sha256", "1" * 64, code=1)
    assert "it was not added" in refused.stderr
    assert list(models.iterdir()) == []


class CutShort(QuietHandler):
    """A server that sends less than it announces."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"half a network")


@pytest.mark.parametrize("what", ["missing", "cut short", "nobody there", "no digest"])
def test_a_failed_download_gives_one_clear_error(
    what: str, serve: Serve, models: Path, tmp_path: Path
) -> None:
    write_tiny_model(tmp_path / "web" / "net.onnx")
    address = f"{serve(CutShort if what == 'cut short' else QuietHandler)}/net.onnx"
    hint = ""
    if what == "missing":
        address, hint = address.replace("net", "other"), "could not be fetched: "
    elif what == "nobody there":
        address, hint = "http://127.0.0.1:9/net.onnx", "could not be fetched: "
    arguments = ["models", "add", address, "--sha256", "0" * 64]
    if what == "no digest":
        refused = sokkuri(*arguments[:3], code=2)
        assert "say what" in refused.stderr
        assert not models.exists()
        return
    refused = sokkuri(*arguments, code=1)
    assert address in refused.stderr
    assert hint in refused.stderr
    assert list(models.iterdir()) == []


def test_a_file_is_added_with_its_weights_and_its_card(
    models: Path, photos: Path, tmp_path: Path
) -> None:
    """A file needs no digest. The files of its weights and its card are copied too."""
    net = write_tiny_model(tmp_path / "here" / "net.onnx", weights_file="weights.bin")
    net.with_suffix(".toml").write_text(
        'name = "mine"\ninput = "images"\noutput = "features"\nlayout = "NCHW"\nsize = 32\n'
        'dimension = 8\nmetric = "l2"\nlicence = "MIT"\n'
    )
    (card,) = as_json("models", "add", net)["models"]
    assert (card["name"], card["metric"], card["licence"]) == ("mine", "l2", "MIT")
    assert sorted(path.name for path in (models / "mine").iterdir()) == [
        "card.toml", "net.onnx", "weights.bin",
    ]  # fmt: skip
    for path in net.parent.iterdir():
        path.unlink()
    sokkuri("index", photos, "--model", "mine")
    assert as_json("search", "1.png", "-C", photos)["metric"] == "l2"


def test_a_joint_model_is_added_with_its_text_side(
    models: Path, photos: Path, tmp_path: Path
) -> None:
    """Every file is copied, and its SHA-256 is in the card. Another text side is another model."""
    card = write_joint_model(tmp_path / "here")
    (added,) = as_json("models", "add", card)["models"]
    assert added["text"]["tokenizer"] == "tokenizer.json"
    assert added["files"] == {
        name: digest(tmp_path / "here" / name) for name in ("text.onnx", "tokenizer.json")
    }
    sokkuri("models", "add", card)
    tokenizer = tmp_path / "here" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text() + " ")
    refused = sokkuri("models", "add", card, code=1)
    assert "another model is called colours already" in refused.stderr
    for path in tokenizer.parent.iterdir():
        path.unlink()
    sokkuri("index", photos, "--model", "colours")
    (models / "colours" / "text.onnx").write_bytes(b"x")
    damaged = sokkuri("index", photos, code=1)
    assert "text.onnx has SHA-256" in damaged.stderr


def test_the_network_of_a_card_with_an_address_is_fetched_by_add(
    serve: Serve, photos: Path, tmp_path: Path
) -> None:
    """A card has the address and the digest of its network. Only `add` fetches it."""
    net = write_tiny_model(tmp_path / "web" / "net.onnx")
    card = tmp_path / "hub.toml"
    card.write_text(
        f'name = "hub"\nurl = "{serve(QuietHandler)}/net.onnx"\nsha256 = "{digest(net)}"\n'
        'input = "images"\noutput = "features"\nlayout = "NCHW"\nsize = 32\ndimension = 8\n'
    )
    refused = sokkuri("index", photos, "--model", card, code=1)
    assert f"has a network to fetch: `sokkuri models add {card}`" in refused.stderr
    assert as_json("models", "add", card)["models"][0]["name"] == "hub"
    sokkuri("index", photos, "--model", "hub")


def test_a_model_name_cannot_be_used_twice(models: Path, tmp_path: Path) -> None:
    one = write_tiny_model(tmp_path / "net.onnx")
    other = write_tiny_model(tmp_path / "other" / "net.onnx", seed=1)
    sokkuri("models", "add", one)
    sokkuri("models", "add", one)
    refused = sokkuri("models", "add", other, code=1)
    assert "another model is called net already: choose a --name" in refused.stderr
    sokkuri("models", "add", other, "--name", "second")
    assert sorted(path.name for path in models.iterdir()) == ["net", "second"]
    for name in ("efficientnet-lite0", "a/b", ".."):
        sokkuri("models", "add", other, "--name", name, code=2 if "-" in name else 1)
    assert sorted(path.name for path in models.iterdir()) == ["net", "second"]
    for wrong in ([], [tmp_path], [tmp_path / "none.onnx"], ["ftp://127.0.0.1/net.onnx"]):
        sokkuri("models", "add", *wrong, code=2)
    sokkuri("models", "efficientnet-lite0", "--name", "x", code=2)
