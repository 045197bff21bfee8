"""int8 codes of feature vectors, with bounds on what they may be off: the cheap part of a search.

Takes rows; hands on codes, and for a query the least that every row can cost. There are two kinds.
A *full* code is a quarter of a row's bytes; a *head* is the code of the row's part in the few
directions in which rows differ most (their principal components), a twentieth.

With P's rows orthonormal, x = P'a + x' and q = P'b + q', so that q . x = a . b + q' . x'. The part
a is s c + r: a scale s, whole numbers c from -127 to 127, a residual r; b is t p + e likewise. So

    |q . x - t s (p . c)|  <=  |b| |r| + |e| (|a| + |r|) + |q'| |x'|

by the triangle and Cauchy-Schwarz inequalities; p . c is exact, by NumKong's kernels. For a full
code P is the identity, and there is nothing left beside it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Metric, StoredRows
from sokkuri.search.vectors.distance import normalised

HEAD = 256
"""Numbers of a head: of 13,500 real features, 2 in 100 are left to look at more closely."""

_LEVELS = 127.0
_UP = 1.0 + 1e-6  # more than what float64 may be off, and then float32's rounding
_OFF = np.float32(2e-6)  # 32 roundings of float32
_FAINT, _HUGE = 1e-30, 1e18  # lengths between which float32 holds them and their squares
_PACKED_FROM = 8  # queries at once from which the packed product is faster
_STEP = 4096  # rows encoded at a time
_ROWS = 2**17  # rows compared at a time, over the queries: their costs stay in the cache

Basis = NDArray[np.float64]
"""P : (H, D), its rows orthonormal."""


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """codes : (N, D) or (N, H) int8. terms : (4, N) float32, of each row the scale s, |r| rounded
    up, |x|, and |x'| rounded up."""

    codes: NDArray[np.int8]
    terms: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    def part(self, where: slice | NDArray[np.int64]) -> "Codes":
        """The codes of some of the rows."""
        return Codes(self.codes[where], self.terms[:, where])


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A block's first rows in both kinds. basis : of the heads."""

    full: Codes
    head: Codes
    basis: Basis

    def __len__(self) -> int:
        return len(self.full)

    def part(self, where: slice | NDArray[np.int64]) -> "Coded":
        return Coded(self.full.part(where), self.head.part(where), self.basis)


def principal(sample: StoredRows) -> Basis:
    """The basis for rows like these : (N, D) -> (H, D), H of 256 at the most. Rows count alike,
    however long they are; the mean stays in, for it is a direction like others."""
    products = np.zeros((sample.shape[1], sample.shape[1]))
    for at in range(0, len(sample), _STEP):
        rows = normalised(sample[at : at + _STEP].astype(np.float64), "cosine")
        products += rows.T @ rows
    _, vectors = np.linalg.eigh(products)
    return np.ascontiguousarray(vectors[:, ::-1][:, :HEAD].T)


def encode(rows: StoredRows, basis: Basis) -> Coded:
    """The codes of (N, D) finite numbers."""
    whole = np.empty(rows.shape, np.int8), np.empty((4, len(rows)), np.float32)
    heads = np.empty((len(rows), len(basis)), np.int8), np.empty_like(whole[1])
    for at in range(0, len(rows), _STEP):
        part = slice(at, at + _STEP)
        exact = np.asarray(rows[part], np.float64)
        whole[0][part], whole[1][:, part] = _encode(exact, None)
        heads[0][part], heads[1][:, part] = _encode(exact, basis)
    return Coded(Codes(*whole), Codes(*heads), basis)


def _encode(
    rows: NDArray[np.float64], basis: Basis | None
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(N, D) -> (N, D or H) and (4, N)."""
    lengths = np.linalg.norm(rows, axis=1)
    parts = rows if basis is None else rows @ basis.T
    with np.errstate(over="ignore", under="ignore"):
        scales = (np.abs(parts).max(axis=1, initial=0.0) / _LEVELS).astype(np.float32)
        scales[~(scales > 0) | ~np.isfinite(scales)] = 1.0
        exact = scales.astype(np.float64)[:, None]  # as they are kept: residuals are of these
        codes = np.clip(np.rint(parts / exact), -_LEVELS, _LEVELS).astype(np.int8)
        residuals = np.linalg.norm(parts - exact * codes, axis=1)
        # Lengths that float32 cannot hold to its last digit: such rows are left to float64.
        residuals[(lengths < _FAINT) & (lengths > 0) | (lengths > _HUGE)] = np.inf
        rests = np.zeros(len(rows))
        if basis is not None:
            beside = lengths**2 - np.einsum("ij,ij->i", parts, parts)
            # What is left of the subtraction is off by some float64 roundings of what went in.
            rests = np.sqrt(np.maximum(beside, 0.0) + 1e-11 * lengths**2)
        terms = np.stack([scales, _UP * residuals, lengths, _UP * rests]).astype(np.float32)
    return codes, terms


class CodedQueries:
    """Queries in the form that codes are compared with. queries : (Q, D) float64. basis : to be
    compared with heads, None for full codes."""

    def __init__(
        self, queries: NDArray[np.float64], metric: Metric, basis: Basis | None = None
    ) -> None:
        self._codes, terms = _encode(queries, basis)
        self._metric = metric
        if metric == "cosine":
            terms /= np.where(terms[2] > 0, terms[2], np.float32(1))
        factor = np.float32(1 if metric == "cosine" else 2)
        scales, residuals, lengths, rests = terms
        self._scales = -factor * scales
        # Times the rows' terms below: the bound, and what float32 makes of cost and bound. They are
        # of the size of (|x| + |r|) (|x| + |r| + |q|) at most, and some times rounded.
        weights = [factor * lengths, factor * residuals, factor * rests, np.full_like(rests, _OFF)]
        weights[1] = weights[1] + _OFF * lengths
        self._weights = np.stack(weights, axis=1) * np.float32(1 + 1e-5)

    def least(self, held: Codes) -> NDArray[np.float32]:
        """The least that every row can cost for each query : (Q, N) float32.

        The cost under `cosine` is the distance - 1, under `l2` its square - |q| squared. The least
        is -inf of rows of which codes say nothing.
        """
        low = np.empty((len(self._codes), len(held)), np.float32)
        step = max(_ROWS // max(len(self._codes), 1), 256)
        for at in range(0, len(held), step):
            part = slice(at, at + step)
            self._fill(held.part(part), low[:, part])
        return low

    def _fill(self, held: Codes, low: NDArray[np.float32]) -> None:
        scales, residuals, lengths, rests = held.terms
        with np.errstate(over="ignore", invalid="ignore"):
            squares = lengths * lengths
            if self._metric == "cosine":
                inverse = 1 / np.where(lengths > 0, lengths, np.float32(1))
                scales, residuals, rests = scales * inverse, residuals * inverse, rests * inverse
                lengths = np.ones_like(lengths)
            ends = lengths + residuals
            np.copyto(low, self._products(held.codes), casting="unsafe")  # int32, not to float64
            low *= scales
            low *= self._scales[:, None]
            if self._metric == "l2":
                low += squares
            low -= self._weights @ np.stack([residuals, ends, rests, ends * ends])
        unknown = ~np.isfinite(low)
        if unknown.any():
            low[unknown] = -np.inf

    def _products(self, codes: NDArray[np.int8]) -> NDArray[np.int32]:
        """p . c of each query with every row : (Q, N)."""
        import numkong

        if len(self._codes) >= _PACKED_FROM:
            return np.asarray(numkong.dots_packed(codes, numkong.dots_pack(self._codes))).T
        return np.asarray(numkong.cdist(self._codes, codes, "dot"))
