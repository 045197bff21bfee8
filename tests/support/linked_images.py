"""A collection of a few images without files, among which tests store any pairs."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import combinations
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from synthetic_collection import DIMENSION, Bench, create_empty, make_extracted

from sokkuri.api import Collection
from sokkuri.curation.duplicates.pair_store import open_pair_store, pair_store_path
from sokkuri.store.decisions import mark_different

CONTENTS, TWINS = 14, 4  # the last images have the bytes of the first ones
IDS = [f"{number % 2}/{number:02d}.jpg" for number in range(CONTENTS + TWINS)]
KEYS = [b"content %8d" % (number % CONTENTS) for number in range(len(IDS))]
PAIRS = [*combinations(range(CONTENTS), 2)]

Links = Sequence[tuple[tuple[int, int], str]]
links = st.lists(
    st.tuples(st.sampled_from(PAIRS), st.sampled_from(["same", "edited", "alike"])),
    max_size=18, unique_by=lambda link: link[0],
)  # fmt: skip
on_one_collection = settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def images_to_link(root: Path) -> Iterator[Collection]:
    """The collection. A person called the first image and its twin different."""
    bench = Bench(create_empty(root))
    bench.list_files(*IDS)
    jobs = bench.claim_jobs()
    vectors = np.random.default_rng(5).random((CONTENTS, DIMENSION), np.float32)
    for number, id_ in enumerate(IDS):
        bench.writer.add(make_extracted(jobs[id_], KEYS[number], vectors[number % CONTENTS]))
    bench.writer.finish()
    mark_different(bench.catalog, [IDS[0], IDS[CONTENTS]])
    yield bench.collection
    bench.digests.close()
    bench.collection.close()


def store_links(collection: Collection, found: Links, compared: int = CONTENTS) -> None:
    """Make these the only known pairs; `maybe GRADE` leaves a pair open. compared : number of the
    first contents."""
    if not pair_store_path(collection).exists():
        with open_pair_store(collection):
            pass
    with closing(sqlite3.connect(pair_store_path(collection))) as tables, tables:
        tables.execute("DELETE FROM pairs")
        tables.execute("DELETE FROM compared")
        tables.executemany(
            "INSERT INTO pairs (first, second, grade, score, likely, open)"
            " VALUES (?, ?, ?, 0.9, ?, ?)",
            ((KEYS[a], KEYS[b], *_grades(grade)) for (a, b), grade in found),
        )
        tables.executemany(
            "INSERT INTO compared VALUES (?, 0.5)", [[key] for key in KEYS[:compared]]
        )


def _grades(text: str) -> tuple[str | None, str | None, bool]:
    """Return the grade, the likely grade, and whether the pair is open."""
    is_open = text.startswith("maybe ")
    return (None, text.removeprefix("maybe "), True) if is_open else (text, None, False)
