"""Words to vectors: right, padded, cut and cleaned as the card says, and refused in one line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joint_model import CONTEXT, DIMENSION, PAD, expected_vector, write_joint_model
from onnx import TensorProto

from sokkuri.core.errors import ModelError, UsageError
from sokkuri.models import resolve_model
from sokkuri.models.text_encoder import MAX_CHARACTERS, TextEncoder, clean_text


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for all tests: a tokenizer is tried out once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOKKURI_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def encoder(folder: Path, **changes: Any) -> TextEncoder:
    return TextEncoder(resolve_model(str(write_joint_model(folder, **changes))))


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "BPE"},
        {"kind": "Unigram"},
        {"input": "input_ids", "mask": "attention_mask", "input_type": TensorProto.INT64},
        {"context": None},
    ],
    ids=["BPE", "Unigram", "with a mask", "of any length"],
)
def test_a_text_gets_the_vector_of_its_words(changes: dict[str, Any], tmp_path: Path) -> None:
    vector = encoder(tmp_path, **changes).encode("  a red\tphoto ")
    np.testing.assert_allclose(vector, expected_vector("a", "red", "photo"), atol=1e-6)
    assert vector.dtype == np.float32


def test_a_long_text_is_cut_to_the_context(tmp_path: Path) -> None:
    words = ["red"] * (CONTEXT - 2)  # a start and an end are added
    vector = encoder(tmp_path).encode(" ".join([*words, *["blue"] * 50]))
    np.testing.assert_allclose(vector, expected_vector(*words), atol=1e-6)


def test_canonical_texts_have_lower_case_and_no_punctuation(tmp_path: Path) -> None:
    plain = encoder(tmp_path / "plain").encode("Red")
    np.testing.assert_allclose(plain, expected_vector("Red"), atol=1e-6)
    cleaned = encoder(tmp_path / "clean", text="canonical = true").encode("Red, a photo!")
    np.testing.assert_allclose(cleaned, expected_vector("red", "a", "photo"), atol=1e-6)
    assert clean_text("?!", canonical=True) == "?!"


def test_the_prompts_of_a_card_are_averaged(tmp_path: Path) -> None:
    model = encoder(tmp_path, text='templates = ["a photo of {}", "light {}"]')
    mean = expected_vector("red") + expected_vector("light", "red")
    np.testing.assert_allclose(model.encode("red"), mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize("text", ["", " \n", "x" * (MAX_CHARACTERS + 1)])
def test_a_text_that_says_nothing_or_too_much_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a text to search for"):
        encoder(tmp_path).encode(text)


def test_any_other_text_has_a_vector(tmp_path: Path) -> None:
    model = encoder(tmp_path)
    for text in ("\udcff", "自転車", "\0", PAD, "🚲" * 500):
        assert model.encode(text).shape == (DIMENSION,)


def test_a_card_that_does_not_fit_its_text_network_is_one_line(tmp_path: Path) -> None:
    card = write_joint_model(tmp_path)
    for old, new, hint in (
        ('input = "text"', 'input = "tokens"', "has inputs .'text'. .* as its card says"),
        ('input = "text"', 'input = "text"\nmask = "m"', "has inputs"),
        (f'pad = "{PAD}"', 'pad = "<none>"', "has no token '<none>', which the card pads with"),
        (f"context = {CONTEXT}", "context = 5", "failed"),
        (f"dimension = {DIMENSION}", "dimension = 7", "returned 8 numbers, not 7"),
        ('tokenizer = "tokenizer.json"', 'tokenizer = "none.json"', "lacks none.json"),
        ('"tokenizer.json"', '"tokenizer.json"\nlogit_scale = nan', "logit_scale must be a number"),
        ('"tokenizer.json"', '"tokenizer.json"\ntemplates = ["x"]', "templates must be a list"),
        ('"tokenizer.json"', '"../tokenizer.json"', r"text\.tokenizer must be the name of a file"),
    ):
        wrong = tmp_path / "wrong.toml"
        wrong.write_text(card.read_text().replace(old, new))
        with pytest.raises(ModelError, match=hint) as raised:
            TextEncoder(resolve_model(str(wrong))).encode("red")
        assert "\n" not in str(raised.value)


def test_a_model_without_a_text_side_knows_no_words() -> None:
    with pytest.raises(ModelError, match="knows no words"):
        TextEncoder(resolve_model())
