"""Cards: TOML there and back, each mistake named, the fingerprint of all that shapes a vector."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import ModelError
from sokkuri.models import ModelCard, TextCard, card_text, read_card

TEXT = TextCard("text.onnx", "tokenizer.json", "text", "embedding", 77)
CARD = ModelCard("plain", "images", "features", "NCHW", (224, 224), 1280)

TEXT_TABLE = (
    '{file = "t.onnx", tokenizer = "t.json", input = "text", output = "embedding", context = 77}'
)

text = st.text(st.characters(exclude_categories=["Cs"]))
number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
factor = st.floats(1e-6, 1e6) | st.integers(1, 1000)
files = st.from_regex(r"([a-z]{1,8}/)?[a-z][a-z0-9 ._-]{0,20}\.(onnx|json)", fullmatch=True)
digests = st.sampled_from(["0" * 64, "0123456789abcdef" * 4])
text_cards = st.builds(
    TextCard,
    file=files,
    tokenizer=files,
    input=text,
    output=text,
    context=st.integers(1, 8192),
    mask=text,
    pad=text,
    canonical=st.booleans(),
    templates=st.lists(text.map(lambda line: line.replace("{}", "") + "{}"), min_size=1, max_size=3)
    .filter(lambda templates: all(template.count("{}") == 1 for template in templates))
    .map(tuple),
    logit_scale=st.none() | number,
    logit_bias=st.none() | number,
)
cards = st.builds(
    ModelCard,
    name=st.from_regex(r"[a-z][a-z0-9._-]{0,20}[a-z0-9]", fullmatch=True),
    input=text,
    output=text,
    layout=st.sampled_from(["NCHW", "NHWC"]),
    size=st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    dimension=st.integers(1, 10_000),
    source=text,
    licence=text,
    sha256=st.sampled_from(["", "0123456789abcdef" * 4]),
    file=st.just("") | st.from_regex(r"[a-zé][a-z0-9 ._-]{0,20}\.onnx", fullmatch=True),
    package=text,
    url=st.just("") | text.map("https://".__add__),
    scale=factor,
    mean=st.tuples(number, number, number),
    std=st.tuples(factor, factor, factor),
    resample=st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
    orientation=st.booleans(),
    decode=st.sampled_from(["colour", "fast", "exact"]),
    metric=st.sampled_from(["cosine", "l2"]),
    resize=st.sampled_from(["squash", "shortest-crop", "pad"]),
    fill=st.tuples(*[st.integers(0, 255)] * 3),
    pooling=st.sampled_from(["none", "first"]),
    files=st.dictionaries(files, digests, max_size=3),
    text=st.none() | text_cards,
)


def test_a_centre_is_written_and_read_to_the_last_digit(tmp_path: Path) -> None:
    card = replace(CARD, dimension=3, centre=(0.1234567, -1e-9, 3.0))
    (tmp_path / "card.toml").write_text(card_text(card))
    assert read_card(tmp_path / "card.toml") == card


@given(card=cards.filter(lambda card: card.text is None or card.metric == "cosine"))
def test_a_card_written_and_read_is_the_same(
    card: ModelCard, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cards") / "card.toml"
    path.write_text(card_text(card), encoding="utf-8")
    assert read_card(path) == card


def lines(**changed: str) -> str:
    """A sound card as TOML, with some values written otherwise; None of them quoted."""
    values = {
        "name": '"plain"', "input": '"images"', "output": '"features"', "layout": '"NCHW"',
        "size": "224", "dimension": "1280",
    }  # fmt: skip
    return "\n".join(f"{key} = {value}" for key, value in {**values, **changed}.items())


def test_one_number_is_a_square(tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text(lines())
    assert read_card(tmp_path / "card.toml") == CARD


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({"colour": '"red"'}, "unknown key: colour"),
        ({"name": '"../evil"'}, "name must be"),
        ({"name": '""'}, "name must be"),
        ({"name": '".."'}, "name must be"),
        ({"input": "1"}, "input must be a text"),
        ({"layout": '"CHWN"'}, "layout must be one of NCHW, NHWC"),
        ({"size": "0"}, "size must be"),
        ({"size": "[224]"}, "size must be"),
        ({"size": "[224, -1]"}, "size must be"),
        ({"size": "true"}, "size must be"),
        ({"size": "100_000"}, "size must be a number of pixels up to 4,096"),
        ({"dimension": "1.5"}, "dimension must be"),
        ({"dimension": "1_000_000_000"}, "dimension must be"),
        ({"file": '"../../secret.onnx"'}, "file must be the name of a file beside the card"),
        ({"url": '"file:///etc/passwd"'}, "url must be an http address"),
        ({"input": "[" * 100_000}, "is not TOML"),
        ({"sha256": '"abc"'}, "sha256 must be 64"),
        ({"scale": "0"}, "scale must be"),
        ({"scale": '"255"'}, "scale must be"),
        ({"mean": "[0, 0]"}, "mean must be three numbers"),
        ({"std": "[1, 0, 1]"}, "std must be"),
        ({"resample": '"cubic"'}, "resample must be one of"),
        ({"orientation": "1"}, "orientation must be true or false"),
        ({"metric": '"hamming"'}, "metric must be one of cosine, l2"),
        ({"resize": '"crop"'}, "resize must be one of squash, shortest-crop, pad"),
        ({"shortest": "300"}, "shortest is for shortest-crop"),
        ({"shortest": '200\nresize = "shortest-crop"'}, "not below the size"),
        ({"fill": "[0, 0, 256]"}, "fill must be three whole numbers"),
        ({"centre": "[1, 2]"}, "centre has 2 numbers, not 1,280"),
        ({"centre": '["a"]'}, "centre must be a list of numbers"),
        ({"dimension": "1", "centre": "[nan]"}, "centre must be a list of numbers"),
        ({"centre": str([0.5] * 1280), "text": TEXT_TABLE}, "not compared with centred pictures"),
        ({"files": '{"../x.onnx" = "0"}'}, "files must be SHA-256 digests"),
        ({"text": "1"}, "text must be a table"),
        ({"text": '{file = "t.onnx"}'}, r"lacks the key text\.tokenizer"),
        ({"text": "{colour = 1}"}, r"unknown key: text\.colour"),
    ],
)
def test_a_wrong_key_is_one_line_that_names_it(
    changed: dict[str, str], hint: str, tmp_path: Path
) -> None:
    (tmp_path / "wrong.toml").write_text(lines(**changed))
    with pytest.raises(ModelError, match=hint) as raised:
        read_card(tmp_path / "wrong.toml")
    assert "wrong.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("key", ["name", "input", "output", "layout", "size", "dimension"])
def test_a_missing_key_is_named(key: str, tmp_path: Path) -> None:
    kept = [line for line in lines().splitlines() if not line.startswith(f"{key} ")]
    (tmp_path / "card.toml").write_text("\n".join(kept))
    with pytest.raises(ModelError, match=f"lacks the key {key}"):
        read_card(tmp_path / "card.toml")


def test_a_card_that_is_not_toml_is_named(tmp_path: Path) -> None:
    for content in (b"name = ", b"\xff\xfe", None):
        if content is not None:
            (tmp_path / "card.toml").write_bytes(content)
        else:
            (tmp_path / "card.toml").unlink()
        with pytest.raises(ModelError, match=r"card\.toml"):
            read_card(tmp_path / "card.toml")


@pytest.mark.parametrize(
    "change",
    [
        {"input": "x"}, {"output": "x"}, {"layout": "NHWC"}, {"size": (224, 225)}, {"scale": 1.0},
        {"mean": (0.0, 0.0, 0.1)}, {"std": (1.0, 1.0, 2.0)}, {"resample": "bilinear"},
        {"orientation": False}, {"decode": "exact"}, {"resize": "shortest-crop"},
        {"shortest": 256},
        {"resize": "pad"}, {"pooling": "first"}, {"text": TEXT}, {"centre": (0.0, 0.5)},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_change_that_alters_vectors_changes_the_fingerprint(change: dict[str, Any]) -> None:
    """Guarantee: features of different preprocessing never mix."""
    assert replace(CARD, **change).fingerprint("0" * 64) != CARD.fingerprint("0" * 64)
    assert CARD.fingerprint("1" * 64) != CARD.fingerprint("0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        {"input": "x"}, {"mask": "x"}, {"output": "x"}, {"context": 64}, {"pad": "x"},
        {"canonical": True}, {"templates": ("a {}",)},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_change_that_alters_vectors_of_texts_changes_the_fingerprint(
    change: dict[str, Any],
) -> None:
    joint = replace(CARD, text=TEXT)
    other = replace(CARD, text=replace(TEXT, **change))
    assert other.fingerprint("0" * 64) != joint.fingerprint("0" * 64)
    assert joint.fingerprint("0" * 64, "1") != joint.fingerprint("0" * 64, "2")
    padded = replace(CARD, resize="pad")
    assert replace(padded, fill=(1, 1, 1)).fingerprint("0") != padded.fingerprint("0")


def test_the_scale_of_probabilities_does_not_change_the_fingerprint() -> None:
    joint, scaled = (replace(CARD, text=replace(TEXT, logit_scale=x)) for x in (None, 100.0))
    assert joint.fingerprint("0" * 64) == scaled.fingerprint("0" * 64)


def test_name_and_licence_do_not_change_the_fingerprint(tmp_path: Path) -> None:
    other = replace(CARD, name="x", source="x", licence="x", file="x", package="x", metric="l2")
    assert other.fingerprint("0" * 64) == CARD.fingerprint("0" * 64)


def test_a_fingerprint_stays_what_it_was() -> None:
    """Guarantee: a newer version recognises the collections that this one makes."""
    assert CARD.fingerprint("0" * 64) == (
        "1646a61486f2c366b39415a27079540314c509ad495c628e06da754cdb001133"
    )
