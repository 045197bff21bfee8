"""int8 codes of feature vectors, with how far each row's code is from the row.

Takes rows, hands on codes that are a quarter of the bytes, and with them the cost of every row for
a query and a bound on its error. Row x is s c + r: a scale s, whole numbers c from -127 to 127, and
a residual r whose length is kept. A query q is t p + e in the same way, so that

    |q . x - t s (p . c)|  <=  |q| |r| + |e| |s c|  <=  |q| |r| + |e| (|x| + |r|)

by the triangle and Cauchy-Schwarz inequalities; p . c is exact, by NumKong's kernels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.records import Metric, StoredRows

_LEVELS = 127.0
_UP = 1.0 + 1e-9  # the lengths are computed in float64: this is far more than its rounding
_PACKED_FROM = 8  # queries at once from which the packed product is faster
_STEP = 4096
_TERMS = np.dtype([("scale", "<f8"), ("residual", "<f8"), ("length", "<f8")])


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """codes : (N, D) int8. terms : (N,) of `scale`, `residual` (|r|, rounded up), `length` (|x|),
    float64 each."""

    codes: NDArray[np.int8]
    terms: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.codes)

    def part(self, where: slice | NDArray[np.int64]) -> "Codes":
        """The codes of some of the rows."""
        return Codes(self.codes[where], self.terms[where])


def encode(rows: StoredRows) -> Codes:
    """The codes of (N, D) finite numbers."""
    codes = np.empty(rows.shape, np.int8)
    terms = np.empty(len(rows), _TERMS)
    for at in range(0, len(rows), _STEP):
        part = slice(at, at + _STEP)
        codes[part], terms[part] = _encode(np.asarray(rows[part], np.float64))
    return Codes(codes, terms)


def _encode(rows: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.void]]:
    scales = np.abs(rows).max(axis=1, initial=0.0) / _LEVELS
    scales[scales == 0] = 1.0
    codes = np.rint(rows / scales[:, None]).astype(np.int8)
    terms = np.empty(len(rows), _TERMS)
    terms["scale"] = scales
    terms["residual"] = _UP * np.linalg.norm(rows - scales[:, None] * codes, axis=1)
    terms["length"] = np.linalg.norm(rows, axis=1)
    return codes, terms


class CodedQueries:
    """Queries in the form that codes are compared with. queries : (Q, D) float64."""

    def __init__(self, queries: NDArray[np.float64], metric: Metric) -> None:
        codes, terms = _encode(queries)
        self._codes = codes
        self._scales, self._residuals = terms["scale"], terms["residual"]
        self._lengths = terms["length"]
        self._metric = metric

    def costs(self, held: Codes) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """For each query the cost of every row, and how far it may be off : (N,) float32 each.

        The cost under `cosine` is the distance - 1, under `l2` its square - |q| squared. What
        overflows float32 is not finite.
        """
        terms = held.terms
        lengths = np.where(terms["length"] > 0, terms["length"], 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            if self._metric == "cosine":
                scales = (terms["scale"] / lengths).astype(np.float32)
                off = (terms["residual"] / lengths).astype(np.float32)
            else:
                scales = terms["scale"].astype(np.float32)
                off = terms["residual"].astype(np.float32)
                ends = (terms["length"] + terms["residual"]).astype(np.float32)
                squares = (terms["length"] ** 2).astype(np.float32)
            for number, dots in enumerate(self._products(held.codes)):
                t, e = float(self._scales[number]), float(self._residuals[number])
                length = float(self._lengths[number]) or 1.0
                if self._metric == "cosine":
                    cost = dots * (scales * np.float32(-t / length))
                    error = off * np.float32(1 + e / length) + np.float32(e / length)
                    # At most 1, twice rounded, and made of terms that were rounded before.
                    yield cost, error * np.float32(1 + 1e-5) + np.float32(2e-6)
                else:
                    cost = squares - dots * (scales * np.float32(2 * t))
                    error = off * np.float32(2 * length) + ends * np.float32(2 * e)
                    slack = np.float32(2e-6) * (squares + ends * np.float32(length))
                    yield cost, error * np.float32(1 + 1e-5) + slack

    def _products(self, codes: NDArray[np.int8]) -> Iterator[NDArray[np.float32]]:
        """p . c of each query with every row : (N,) float32, off by 2^-24 of itself at most."""
        import numkong

        if len(self._codes) >= _PACKED_FROM:
            packed = numkong.dots_pack(self._codes)
            products = np.asarray(numkong.dots_packed(codes, packed))
            yield from products.T.astype(np.float32, order="C")
        else:
            for code in self._codes:
                found = np.asarray(numkong.cdist(code[None], codes, "dot"))
                yield found[0].astype(np.float32)
