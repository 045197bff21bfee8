"""Near-duplicates, step by step: how many images or pairs each step gets, what it decides, and how
long it takes.

    python -m benchmarks.duplicate_steps COLLECTION [--large]

Compares what is new in a collection, which it changes as `sokkuri duplicates` does. The seconds are
those of the processor, without the steps within: other work on the machine changes them less. With
`--large` it chooses as few pairs as in a large collection.
"""

import argparse
import resource
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.duplicates import write_tiles
from benchmarks.harness import run, sokkuri, table
from benchmarks.step_costs import Step, measured
from sokkuri.curation.duplicates import candidates
from sokkuri.curation.duplicates.find import find_duplicates
from sokkuri.store.collection import CollectionStore

PICTURES = 2_040

_PACKAGE = "sokkuri.curation.duplicates"


def _grade(match: Any) -> str:
    return "" if match is None else match.grade or "no copy"


def _verdict(verdict: Any) -> str:
    return "" if verdict is None else str(verdict.value)


def make_steps() -> list[Step]:
    """Return the steps, in their order."""
    return [
        Step("read a file", "cached_image:ImageCache.read"),
        Step("decode a preview", "cached_image:make_preview"),
        Step("directions of the features", "compare_new:projection_of"),
        Step("nearest rows of 512 images", "neighbours:BruteForceFinder.find"),
        Step("pairs worth comparing", "candidates:CandidateFinder.find"),
        Step(
            "as they lie, and mirrored",
            "matching:_unaligned_logit",
            lambda result: "certain" if result and result[1] else "",
        ),
        Step("keypoints at half the size", "cached_image:find_faint_keypoints"),
        Step(
            "glance at half the size",
            "cached_image:surely_differ",
            lambda result: "no copy" if result else "",
        ),
        Step("keypoints of an image", "cached_image:find_keypoints"),
        Step("keypoints of an enlarged image", "matching.enlarged:find_keypoints"),
        Step(
            "match keypoints",
            "matching:estimate_similarity",
            lambda result: "too few match" if result is None else "",
        ),
        Step("aligned by keypoints", "matching:_aligned_logit"),
        Step("first look at a pair", "compare:compare", _grade),
        Step("is it a drawing", "cached_image:may_be_drawing"),
        Step(
            "a drawing in the other one",
            "compare:find_shift",
            lambda result: "no copy" if result is None else "",
        ),
        Step(
            "do two drawings lie in each other",
            "compare:PairComparer._lie_in_each_other",
            lambda result: "" if result else "no copy",
        ),
        Step(
            "full size",
            "compare:compare_full_size",
            lambda verdict: "" if verdict is None else verdict.value,
        ),
        Step("place of one in the other", "matching.enlarged:find_place_of_part"),
        Step(
            "can it be an edit",
            "compare:can_be_edit",
            lambda result: "" if result is None else "edited" if result else "no copy",
        ),
        Step("facts of an image", "compare:read_image_facts"),
        Step("facts of a pair", "compare:measure_pair"),
        Step("facts of an enlargement", "compare:is_enlargement"),
        Step("weigh the facts", "evidence:weigh"),
    ]


def _row(step: Step) -> list[object]:
    decided = ", ".join(f"{name} {count:,}" for name, count in step.decided.most_common())
    each = 1000 * step.seconds / max(step.calls, 1)
    return [step.title, f"{step.calls:,}", decided, f"{step.seconds:.2f}", f"{each:.2f}"]


def steps_table(root: Path) -> str:
    """Find the near-duplicates of a collection, and return what each step did."""
    steps = make_steps()
    stages: dict[str, float] = {}
    started, spent = time.perf_counter(), time.process_time()
    with measured(steps, _PACKAGE), CollectionStore.open(root, "rw") as collection:
        before = time.process_time()
        for progress in find_duplicates(collection):
            now = time.process_time()
            stages[progress.stage] = stages.get(progress.stage, 0.0) + now - before
            before = now
            groups = progress.result
    seconds, spent = time.perf_counter() - started, time.process_time() - spent
    again = _second_run(root)
    count, pictures = len(groups) if groups else 0, max(1, progress.total)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return (
        f"{pictures:,} pictures, {count:,} groups, {seconds:.1f} s, {memory:.0f} MiB at most; "
        f"{spent:.1f} s of the processor, {1000 * spent / pictures:.1f} ms a picture: "
        + ", ".join(f"{name} {share:.1f} s" for name, share in stages.items())
        + f"; a second run without new images: {again:.1f} s of the processor\n\n"
        + table(["step", "calls", "decided", "s", "ms each"], [_row(step) for step in steps])
    )


def _second_run(root: Path) -> float:
    """Return the seconds of the processor of a run without new images."""
    before = time.process_time()
    with CollectionStore.open(root, "rw") as collection:
        for _ in find_duplicates(collection):
            pass
    return time.process_time() - before


def report() -> str:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "tiles"
        root.mkdir()
        write_tiles(root, range(PICTURES - PICTURES // 51))
        run(sokkuri("index", root))
        return steps_table(root)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.duplicate_steps")
    parser.add_argument("root", type=Path, metavar="COLLECTION")
    parser.add_argument("--large", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        if given.large:  # no collection is small or tiny
            for limit in ("SMALL_COLLECTION", "TINY_COLLECTION"):
                stack.enter_context(patch.object(candidates, limit, 0))
        print(steps_table(given.root))
