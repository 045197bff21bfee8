"""The texts of the pages: each is in the catalogue, and each has its Japanese."""

import ast
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from sokkuri.curation.duplicates import keep_evidence, keep_rules
from sokkuri.curation.duplicates.edit_kinds import KINDS
from sokkuri.images import exif
from sokkuri.web import errors
from sokkuri.web.services.page_files import STATIC

PROJECT = Path(__file__).parents[3]
NODE = shutil.which("node")
SAME_IN_JAPANESE = {"EXIF", "cat, dog, car"}
NAME = "sokkuri"

pytestmark = pytest.mark.skipif(
    NODE is None or not (PROJECT / "node_modules/acorn").is_dir(),
    reason="needs Node, and acorn, which tests/install_browser.sh fetches with npm",
)


@cache
def read_texts(folder: Path = STATIC) -> dict[str, Any]:
    """What tools/page_texts.mjs says about the modules in a folder."""
    assert NODE is not None
    command = [NODE, str(PROJECT / "tools/page_texts.mjs"), str(folder)]
    texts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert isinstance(texts, dict)
    return texts


class _Document(HTMLParser):
    """Collects the texts and labels of an HTML document, without those in another language."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[bool] = []  # whether each open element has texts for the catalogue

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.texts += [given[name] or "" for name in ("aria-label", "title") if name in given]
        if tag not in ("meta", "link", "img", "input", "br"):
            inside = self._open[-1] if self._open else True
            own = tag not in ("noscript", "script", "title") and given.get("lang", "en") == "en"
            self._open.append(inside and own)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open[-1]:
            self.texts.append(data.strip())


def document_texts() -> set[str]:
    document = _Document()
    document.feed((STATIC / "index.html").read_text("utf-8"))
    return set(document.texts) - {NAME}


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_visible_text_goes_through_the_catalogue() -> None:
    """If this fails, write `t("…")` around the text. See CONTRIBUTING.md, "Add a text"."""
    texts = read_texts()
    assert texts["outside"] == []
    assert texts["unclear"] == [], "write out the text in the call of `t`"
    assert len(texts["used"]) > 500


def test_every_text_gets_the_values_that_it_names() -> None:
    wrong = [
        use
        for use in read_texts()["used"]
        if use["values"] is not None
        and not names_in(use["text"]) <= set(use["values"]) <= names_in(use["text"]) | {"count"}
    ]
    assert wrong == []


def test_the_japanese_catalogue_has_exactly_the_texts_of_the_pages() -> None:
    """Once each, with the same names of values, and no English text among them."""
    texts = read_texts()
    used = {use["text"] for use in texts["used"]} | document_texts()
    keys = Counter(key for part in texts["japanese"].values() for key in part)
    assert sorted(used - set(keys)) == [], "texts without Japanese"
    assert sorted(set(keys) - used) == [], "Japanese of texts that no page has"
    assert [key for key, times in keys.items() if times > 1] == [], "twice in the catalogue"
    japanese = {key: text for part in texts["japanese"].values() for key, text in part.items()}
    for english, text in {**japanese, **texts["server"]}.items():
        for form in english.split("|"):
            assert names_in(form) <= names_in(english), english
        assert names_in(text) == names_in(english), english
        assert english in SAME_IN_JAPANESE or re.search(r"[ぁ-んァ-ヶ一-龠]|^\W*\{", text), english


def test_the_fixed_texts_of_the_server_have_their_japanese() -> None:
    reasons = [*keep_evidence.ADVANTAGES.values(), *keep_rules._LAST]
    fixed = {*KINDS, *reasons, *exif._LABELS} - {"Position"}  # the server never tells positions
    assert sorted(fixed - set(read_texts()["server"])) == []


def raised_texts(module: Path) -> Iterator[str]:
    """The texts of the errors that a module raises, with `…` for what they insert."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            texts = list(_written(node.args[0]))
            if node.func.id.endswith("Error") and "".join(texts).strip("… "):
                yield ("field: " if node.func.id == "ValueError" else "") + "".join(texts)


def _written(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            for part in parts:
                yield str(part.value) if isinstance(part, ast.Constant) else "…"
        case ast.BinOp(left=left, right=right):
            yield from _written(left)
            yield from _written(right)
        case _:
            yield "…"


SOURCE = PROJECT / "src/sokkuri"
RAISING = [
    *[path for path in SOURCE.glob("web/**/*.py") if path.name != "server.py"],  # it starts it
    *[SOURCE / "store" / f"{name}.py" for name in ("filters", "filter_columns", "labels",
                                                   "label_edits", "selected_images", "content")],
    *[SOURCE / "curation/trash" / f"{name}.py" for name in ("apply", "chosen", "hard_links",
                                                            "merge", "places", "ways")],
    SOURCE / "search/terms.py",
]  # fmt: skip
"""Modules whose errors a page can meet."""
NEVER = {"it changed", "it was changed", "it or the file to keep was changed"}
"""Errors of the operating system that these modules raise: they are reasons in other texts."""


def test_every_problem_that_a_page_can_meet_has_its_japanese() -> None:
    """The title of each status, and the text of each error. Any other text would be shown in
    English, behind the note that the server said it."""
    server = read_texts()["server"]
    statuses = {status for _, status, _ in errors._STATUS_AND_NAME}
    for status in (*statuses, 401, 404, 405, 421, 500):
        assert HTTPStatus(status).phrase.capitalize() in server, status
    patterns = [re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(text))) for text in server]
    raised = {text for module in RAISING for text in raised_texts(module)} - NEVER
    assert len(raised) > 60
    assert sorted(text for text in raised if not any(p.fullmatch(text) for p in patterns)) == []


def test_the_check_finds_texts_outside_the_catalogue(tmp_path: Path) -> None:
    """Wherever a person would see them; names of the program pass."""
    (tmp_path / "page.js").write_text(
        """import { h } from "./dom.js";
        const kinds = { a: "Never seen before", b: t("{count} seen") };
        export function show(host, name, n) {
          host.append(h("p", { class: "two words", title: "tooltip" }, n ? "yes" : `${n} left`));
          host.setAttribute("aria-label", `Remove ${name}`);
          host.textContent = ["words", name].filter(Boolean).join(", ");
          toast(name || "nothing"); toast(t(kinds[name]));
          if (name === "Some name") host.dataset.state = "a state of it";
          return h("code", null, "sokkuri index") ?? t("A " + "text", { name });
        }""",
        "utf-8",
    )
    texts = read_texts(tmp_path)
    assert [found["text"] for found in texts["outside"]] == [
        "Never seen before", "tooltip", "yes", " left", "Remove ", "words", "nothing",
    ]  # fmt: skip
    assert texts["unclear"] == ["page.js:7"]
    assert [(use["text"], use["values"]) for use in texts["used"]] == [
        ("{count} seen", []),
        ("A text", ["name"]),
    ]


MESSAGES = """
globalThis.document = { documentElement: { lang: process.argv[1] } };
const { t, rich, list, locale, serverText, serverList } = await import(process.argv[2]);
const { problemText } = await import(process.argv[2].replace("messages", "problem_text"));
console.log(JSON.stringify([
  t("{count} image|{count} images", { count: 1 }),
  t("{count} image|{count} images", { count: 1200 }),
  t("Select {name}", { name: "a|b {c}" }), rich("Run {command}. The images then appear here.",
    { command: ["x"] }).length, list(["a", "b"]), locale, t("A text without Japanese"),
  serverText("the file is cut short: 12% of the picture is missing"),
  serverText("a rare fault"), serverList("has its colours, a rare reason"),
  problemText("a rare fault"), problemText("in `w`: expected one of = !=, but found the end"),
]));
"""


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (
            "en",
            [
                "1 image", "1,200 images", "Select a|b {c}", 3, "a, b", "en",
                "A text without Japanese",
                "the file is cut short: 12% of the picture is missing",
                "a rare fault", "has its colours, a rare reason",
                "a rare fault", "in `w`: expected one of = !=, but found the end",
            ],
        ),
        (
            "ja",
            [
                "1 枚", "1,200 枚", "a|b {c} を選択", 3, "a、b", "ja", "A text without Japanese",
                "ファイルが途中で切れています（12% が欠けています）",
                "a rare fault", "色が残っている、a rare reason", "サーバーの返答：a rare fault",
                "「w」に誤りがあります。必要なもの：次のどれか：= !=、見つかったもの：終わり",
            ],
        ),
    ],
)  # fmt: skip
def test_texts_have_plurals_numbers_and_values_of_the_language(
    language: str, shown: list[object]
) -> None:
    """A text that is not in the catalogue is shown as it is."""
    assert NODE is not None
    script = ["--input-type=module", "-e", MESSAGES, language]
    module = (STATIC / "base/messages.js").as_uri()
    answer = subprocess.run([NODE, *script, module], check=True, capture_output=True)
    assert json.loads(answer.stdout) == shown
