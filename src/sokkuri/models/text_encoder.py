"""Compute the vectors of texts with the text side of a joint network.

Takes a text; returns a vector of the space that the vectors of pictures are in. One encoder serves
any number of threads.
"""

import string

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ModelError, UsageError
from sokkuri.models import Model
from sokkuri.models.session import TextSession, first_line, runtime_errors
from sokkuri.models.tokenizer import WordTokenizer

MAX_CHARACTERS = 2000
"""The longest text. Networks read 16 to 77 tokens of it, or some hundreds."""

_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


class TextEncoder:
    """The text side of a model. Raises ModelError when it has none, or its files cannot be used;
    MissingExtraError without the extra `words`."""

    def __init__(self, model: Model) -> None:
        if model.card.text is None or model.text is None:
            raise ModelError(f"{model.card.name} knows no words")
        self._card = model.card.text
        self._path = model.text.network
        self._dimension = model.card.dimension
        self._tokenizer = WordTokenizer(model.text.tokenizer, self._card.context, self._card.pad)
        self._session = TextSession(self._path, self._card)

    def encode(self, text: str) -> NDArray[np.float32]:
        """Return the vector of a text : (D,) float32 of length 1, the mean over the prompts.

        Raises UsageError for an empty or too long text, ModelError when the network fails.
        """
        check_text(text)
        words = clean_text(text, canonical=self._card.canonical)
        prompts = [
            clean_text(template.replace("{}", words), canonical=self._card.canonical)
            for template in self._card.templates
        ]
        vectors = np.stack([self._encode_prompt(prompt) for prompt in prompts])
        mean = _unit(vectors.mean(axis=0))
        if mean is None:
            raise ModelError(f"{self._path} gives no direction for {text!r}")
        return mean.astype(np.float32)

    def _encode_prompt(self, prompt: str) -> NDArray[np.float64]:
        """Return the vector of one prompt : (D,) float64 of length 1."""
        ids, mask = self._tokenizer.encode(prompt)
        try:
            out = self._session.run(ids[None], mask[None])
        except runtime_errors() as error:
            raise ModelError(f"{self._path} failed: {first_line(error)}") from error
        vector = np.asarray(out, np.float64).reshape(-1)
        if vector.size != self._dimension:
            raise ModelError(
                f"{self._path} returned {vector.size} numbers, "
                f"not {self._dimension} as its card says"
            )
        unit = _unit(vector)
        if unit is None:
            raise ModelError(f"{self._path} returned a vector that is zero or not finite")
        return unit


def check_text(text: str) -> None:
    """Raise UsageError for a text that nothing can be searched with."""
    if not text.strip():
        raise UsageError("a text to search for needs at least one word")
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"a text to search for may have up to {MAX_CHARACTERS:,} characters")


def clean_text(text: str, *, canonical: bool) -> str:
    """Return the text with single spaces. canonical : in lower case and without punctuation, as
    the text sides of SigLIP and its kin were trained. Lone surrogates become question marks."""
    sound = text.encode("utf-8", "replace").decode("utf-8")
    words = " ".join(sound.split())
    if canonical:
        plain = " ".join(words.translate(_WITHOUT_PUNCTUATION).lower().split())
        words = plain or words  # a text of nothing but punctuation stays as it is
    return words


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the vector with length 1, None if it has no direction."""
    length = float(np.linalg.norm(vector))
    return vector / length if np.isfinite(length) and length > 0 else None
