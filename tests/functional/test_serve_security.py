"""serve: attacks and the answers they must get. Nothing outside the folder is served."""

import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from draw_images import draw, save_drawing
from PIL import Image
from run_cli import sokkuri
from run_server import Server, assert_problem, read_all, serving
from tiny_model import write_tiny_model

SECRET = b"root:x:0:0: nobody may read this"
MIB = 2**20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures with links that lead out, and secrets beside it and in its store."""
    home = tmp_path_factory.mktemp("security")
    photos = home / "photos"
    for seed in range(6):
        save_drawing(photos / "trip" / f"{seed:02d}.png", seed)
    (home / "secret.txt").write_bytes(SECRET)
    save_drawing(home / "elsewhere" / "outside.png", 50)
    (photos / "link.png").symlink_to(home / "elsewhere" / "outside.png")
    (photos / "chain.png").symlink_to(photos / "link.png")
    (photos / "inner.png").symlink_to(photos / "trip" / "00.png")
    sokkuri("index", photos, "--model", write_tiny_model(home / "tiny.onnx"))
    return photos


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, "--max-upload", 1) as started:
        yield started


def up(count: int, dots: str = "..", slash: str = "/") -> str:
    return slash.join([dots] * count)


ESCAPES = [
    up(3) + "/secret.txt",
    up(9) + "/etc/passwd",
    up(3, "%2e%2e") + "/secret.txt",
    up(9, "%2E%2E", "%2F") + "%2Fetc%2Fpasswd",
    up(9, "..", "%2f") + "%2fetc%2fpasswd",
    up(9, "%252e%252e", "%252f") + "%252fetc%252fpasswd",
    up(9, "..", "\\") + "\\etc\\passwd",
    up(9, "..", "%5c") + "%5cetc%5cpasswd",
    up(9, "....", "//") + "//etc/passwd",
    up(9, "%c0%ae%c0%ae", "%c0%af") + "%c0%afetc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    ".sokkuri/catalog.sqlite",
    "trip/../../secret.txt",
    "trip/00.png/../../../secret.txt",
    "trip/00.png%00.txt",
    "../app.py",
    "%2e%2e/app.py",
    "..%2fserver.py",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_no_path_leads_out_of_the_folder(server: Server, path: str) -> None:
    for target in (
        f"/static/{path}",
        f"/{path}",
        f"/api/v1/images/{path}",
        f"/api/v1/images/{path}/file",
        f"/api/v1/images/{path}/thumbnail",
        f"/api/v1/images/{path}/similar",
        f"/similar/{path}",
    ):
        answer = server.ask(target)
        assert answer.status in (404, 422), target
        assert answer.headers["content-type"] == "application/problem+json"
        assert SECRET not in answer.body
        assert b"root:" not in answer.body


@pytest.mark.parametrize(
    "under",
    ["..", "../elsewhere", "trip/../../elsewhere", "%2e%2e", "..%2f..%2f", "/etc", "%2fetc",
     "/", "trip/..", "a%00b"],
)  # fmt: skip
def test_filters_read_no_other_folder(server: Server, under: str) -> None:
    for route in ("images", "grid", "grid/items", "images/trip/00.png/similar"):
        assert_problem(server.ask(f"/api/v1/{route}?under={under}"), 422, "invalid")
    for odd in ("x\\..\\..", "x....//", "~root", "trip\\..", "%252e%252e", "file:"):
        assert json.loads(server.ask(f"/api/v1/grid?under={odd}").body)["count"] == 0


def test_files_of_links_that_lead_out_are_not_served(server: Server, folder: Path) -> None:
    """They are indexed, so searches return them. The server does not send their files."""
    for id_ in ("link.png", "chain.png"):
        assert server.api(f"images/{id_}/similar")["hits"][0]["id"] == id_
        for what in ("file", "thumbnail", "thumbnail?mosaic=1", "file?mosaic=1"):
            refused = server.get(f"/api/v1/images/{id_}/{what}")
            assert id_ in assert_problem(refused, 403, "withheld")
        cropped = server.post("/api/v1/search", json={"ids": [id_], "crop": "0,0,9,9"})
        assert_problem(cropped, 403, "withheld")
        assert server.api(f"images/{id_}")["exif"] == {}
    inner = server.get("/api/v1/images/inner.png/file")
    assert inner.content == (folder / "trip" / "00.png").read_bytes()


def test_files_of_a_folder_that_became_a_link_are_not_served(server: Server, folder: Path) -> None:
    """The file may now be anything."""
    (folder / "trip").rename(folder.parent / "moved away")
    (folder / "trip").symlink_to(folder.parent / "moved away")
    try:
        refused = server.get("/api/v1/images/trip/01.png/file")
        assert_problem(refused, 403, "withheld")
    finally:
        (folder / "trip").unlink()
        (folder.parent / "moved away").rename(folder / "trip")


@pytest.mark.parametrize(
    ("kind", "limit", "words"),
    [
        ("multipart/form-data; boundary=x", MIB, "1 MiB"),
        ("application/json", MIB // 16, "64 KiB"),
    ],
)
def test_large_bodies_are_refused(server: Server, kind: str, limit: int, words: str) -> None:
    """By the header Content-Length before the body is read, or by the bytes that arrive."""
    headers = {"Content-Type": kind}
    told = {**headers, "Content-Length": str(limit + 1)}
    answer = server.ask("/api/v1/search", "POST", told)
    assert words in assert_problem(answer, 413, "too-large")
    assert answer.headers["connection"] == "close"
    start = b"--x\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\n")
        connection.sendall(b"Transfer-Encoding: chunked\r\n")
        connection.sendall(b"Content-Type: %s\r\n\r\n" % kind.encode())
        for part in (
            start,
            bytes(limit - len(start)),
            b"x",
        ):  # a byte too much, and nothing after it
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["type"] == "urn:sokkuri:problem:too-large"


@pytest.mark.parametrize("length", ["-1", "1e3", "abc", "9" * 19, "9" * 5000, "1, 2"])
def test_invalid_lengths_are_refused(server: Server, length: str) -> None:
    with server.connect() as connection:
        head = f"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())
        status = read_all(connection).split(b" ", 2)[1]
    assert status in (b"400", b"413")


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims an enormous size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bomb(100_000, 100_000), "100,000,000"),
        (bomb(2**31 - 1, 2**31 - 1), "100,000,000"),
        (b"GIF89a, or so it says", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", ""),
        (b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        (b"no picture", "text"),
        (b"", "empty"),
    ],
    ids=["bomb", "larger bomb", "cut GIF", "SVG", "PostScript", "text", "nothing"],
)
def test_files_that_are_no_pictures_are_refused(server: Server, data: bytes, reason: str) -> None:
    for field in ("image", "not_image"):
        good = ("image", ("good.png", save_bytes(1)))
        answer = server.post("/api/v1/search", files=[good, (field, ("my picture", data))])
        detail = assert_problem(answer, 422, "unreadable-image")
        assert reason in detail
        assert "my picture" in detail


def save_bytes(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(draw(seed, 40, 30)).save(out, "PNG")
    return out.getvalue()


FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("kind", "body", "status", "name"),
    [
        ("application/json", b"{", 400, "refused"),
        ("application/json", b"", 400, "refused"),
        ("application/json", b"\xff\xfe{}", 400, "refused"),
        ("application/json", b"[" * 60_000, 400, "refused"),
        ("application/json", b'{"k": ' + b"9" * 5000 + b"}", 400, "refused"),
        ("application/json", b'{"ids": ["trip/00.png"], "max_distance": NaN}', 422, "invalid"),
        (FORM, b"no form at all", 400, "refused"),
        ("multipart/form-data", b"--x--", 400, "refused"),
        (FORM, b"--x\r\nContent-Disposition: form-data; name=id\r\n\r\ntrip", 422, "invalid"),
        (FORM, b"--x\r\nContent-Disposition: form-data; name=image\r\n\r\na\r\n--x--", 422,
         "invalid"),
        (FORM, b"--x\r\nContent-Disposition: form-data; name=id; filename=a\r\n\r\na\r\n--x--",
         422, "invalid"),
        (FORM, b"".join(b"--x\r\nContent-Disposition: form-data; name=id\r\n\r\na\r\n"
                        for _ in range(201)) + b"--x--", 400, "refused"),
        (FORM, b"".join(b"--x\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n\r\n"
                        for _ in range(17)) + b"--x--", 400, "refused"),
        ("text/plain", b"{}", 415, "refused"),
        ("application/x-www-form-urlencoded", b"id=trip/00.png", 415, "refused"),
        ("", b"{}", 415, "refused"),
    ],
    ids=lambda value: ascii(value)[:30],
)  # fmt: skip
def test_malformed_bodies_are_refused(
    server: Server, kind: str, body: bytes, status: int, name: str
) -> None:
    answer = server.ask("/api/v1/search", "POST", {"Content-Type": kind}, body)
    assert_problem(answer, status, name)


def test_many_unknown_fields_get_one_short_answer(server: Server) -> None:
    """Guarantee: a body of wrong names costs no more than a right one."""
    for count in (3, 30, 5000):
        body = json.dumps({"ids": ["trip/00.png"], **{f"x{n:x}": 1 for n in range(count)}})
        answer = server.ask(
            "/api/v1/search", "POST", {"Content-Type": "application/json"}, body.encode()
        )
        detail = assert_problem(answer, 422, "invalid")
        assert len(detail) < 500
    assert detail == "body: has 5,001 fields, most of them unknown"
    ids = {"ids": [1] * 64}
    many = server.ask(
        "/api/v1/search", "POST", {"Content-Type": "application/json"}, json.dumps(ids).encode()
    )
    assert assert_problem(many, 422, "invalid").endswith("ids.4: must be a text; and 59 more")


FOREIGN = [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
]  # fmt: skip


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_pages_of_other_sites_cannot_send_pictures(server: Server, headers: dict[str, str]) -> None:
    """Guarantee: a page elsewhere cannot keep this server busy. Its body is not even read."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with server.connect() as connection:
        connection.sendall(
            b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\nConnection: close\r\n"
            + f"{head}\r\n".encode()
        )
        answer, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert json.loads(body)["type"] == "urn:sokkuri:problem:origin"


def test_pages_that_cors_names_may_search(folder: Path) -> None:
    theirs = {"Origin": "https://gallery.example", "Sec-Fetch-Site": "cross-site"}
    files = {"image": ("a.png", save_bytes(1))}
    with serving(folder, "--cors", "https://gallery.example") as server:
        assert server.post("/api/v1/search", files=files, headers=theirs).status_code == 200
        other = {**theirs, "Origin": "https://evil.example"}
        answer = server.post("/api/v1/search", files=files, headers=other)
        assert_problem(answer, 403, "origin")


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True), ("LOCALHOST:8000", True), ("localhost.", True),
        ("127.0.0.1", True), ("127.0.0.1:80", True), ("192.168.1.7:8000", True),
        ("[::1]", True), ("[::1]:8000", True), ("[fe80::1]:8000", True),
        ("photos.example", True), ("Photos.Example:8000", True),
        ("evil.example", False), ("evil.example:8000", False), ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False), ("photos.example.evil.example", False),
        ("[evil.example]", False), ("2130706433", False), ("0x7f.1", False), ("", False),
        ("127.0.0.1:80@evil.example", False), ("127.0.0.1:80[", False), ("localhost:", True),
    ],
)  # fmt: skip
def test_only_known_host_names_are_answered(named: Server, host: str, ours: bool) -> None:
    """DNS rebinding: the requests of another site's page carry its host name."""
    for target in ("/healthz", "/api/v1/info", "/", "/nowhere", "/static/nowhere"):
        answer = named.ask(target, headers={"Host": host})
        if ours:
            assert answer.status == (404 if "nowhere" in target else 200)
        else:
            assert "--allow-host" in assert_problem(answer, 421, "wrong-host")


@pytest.fixture(scope="module")
def named(folder: Path) -> Iterator[Server]:
    with serving(folder, "--allow-host", "Photos.example") as started:
        yield started


def test_security_headers_are_on_every_kind_of_answer(server: Server) -> None:
    for target in ("/", "/healthz", "/api/v1/info", "/nowhere", "/static/login.css",
                   "/api/v1/images/trip/00.png/file", "/api/v1/images/trip/00.png/thumbnail",
                   "/api/v1/images?limit=0", "/login", "/metrics"):  # fmt: skip
        headers = server.ask(target).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "server" not in headers
        assert "set-cookie" not in headers, "without a token nobody needs one"
        assert "access-control-allow-origin" not in headers
    refused = server.ask("/", headers={"Host": "evil.example"}).headers
    assert "frame-ancestors 'none'" in refused["content-security-policy"]


def test_scripts_of_other_sites_may_read_only_if_cors_names_them(
    server: Server, folder: Path
) -> None:
    theirs = {"Origin": "https://gallery.example", "Access-Control-Request-Method": "POST"}
    asked = server.ask("/api/v1/search", "OPTIONS", theirs)
    assert asked.status == 405
    assert "access-control-allow-origin" not in server.ask("/api/v1/info", headers=theirs).headers
    with serving(folder, "--cors", "https://gallery.example") as open_to_one:
        asked = open_to_one.ask("/api/v1/search", "OPTIONS", theirs)
        assert asked.status == 200
        assert asked.headers["access-control-allow-origin"] == "https://gallery.example"
        answer = open_to_one.ask("/api/v1/info", headers=theirs)
        assert answer.headers["access-control-allow-origin"] == "https://gallery.example"
        for other in ("https://evil.example", "null", "https://gallery.example.evil.example"):
            answer = open_to_one.ask("/api/v1/info", headers={**theirs, "Origin": other})
            assert "access-control-allow-origin" not in answer.headers


def test_head_tells_about_files_and_pages_without_their_bytes(server: Server) -> None:
    for target in ("/api/v1/images/trip/00.png/file", "/api/v1/images/trip/00.png/thumbnail", "/"):
        whole = server.ask(target)
        head = server.ask(target, "HEAD")
        assert (head.status, head.body) == (200, b"")
        for name in ("content-length", "content-type", "etag"):
            assert head.headers.get(name) == whole.headers.get(name)
    assert server.ask("/api/v1/images/nowhere.png/file", "HEAD").status == 404
