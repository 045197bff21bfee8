"""Calculate time, disk and money for 100 million and a billion images: tables of docs/scale.md.

Nothing is measured here. FIGURES are printed by other benchmarks; after a new run, update them.
ASSUMED are assumptions. Prices have no currency: replace them by yours.
"""

from collections.abc import Sequence

from benchmarks.harness import table

FIGURES = {
    # whole_run: 140 images/s on two cores, listing, writing and coding included
    "images/s a core": 70.0,
    # bottlenecks
    "writer rows/s": 1_668.0,  # "the writer commits rows", the lower of the two
    "leases/s": 6_454.0,  # "images are leased", 5,000,000
    "listed/s": 10_321.0,  # "files are listed", in 65,536 folders
    "entered/s": 16_605.0,  # "a first listing is entered", 5,000,000
    "compared/s": 11_741.0,  # "a listing shows no change", 5,000,000
    "merged/s": 4_969.0,  # "rows are merged"
    "catalog bytes": 304.0,  # "the writer commits rows", 1,000,000
    # search_large, five million rows in float16
    "row bytes": 2560.0,
    "code bytes": 1569.0,
    "index bytes": 182.0,
    "codes made/s": 5e6 / 468,
    "exact ms a million": 278.3 / 5,
    # search_large, on paper for 100 million: docs/performance.md
    "index hours at 100M": 18.0,
    "approximate ms at 100M": 20.0,
    "searched GB at 100M": 18.0,
}
ASSUMED = {
    "bytes an image": 100_000.0,
    "cores a machine": 16.0,
    "a core-hour": 0.04,
    "a GB-month of disk": 0.08,
    "a GB-month of memory": 2.5,
    "a million requests": 0.4,
    "requests an image": 2.0,
}
SIZES = (100_000_000, 1_000_000_000)
NAMES = ("100 million", "1 billion")
MACHINES = (1, 4, 16, 64)
HOURS_A_MONTH = 730


def report() -> str:
    parts = [
        ("Extraction", ["machines of 16 cores", "images/s", *NAMES, "writers that keep up"],
         extraction()),
        ("Beside the network, in one process", ["", *NAMES], stages()),
        ("Disk, memory, network", ["", *NAMES], places()),
        ("Search on one machine", ["", *NAMES], searching()),
        ("Money", ["", *NAMES], money()),
    ]  # fmt: skip
    return "\n\n".join(f"### {title}\n\n{table(head, rows)}" for title, head, rows in parts)


def extraction() -> list[list[str]]:
    rows = []
    for machines in MACHINES:
        rate = FIGURES["images/s a core"] * ASSUMED["cores a machine"] * machines
        writers = -(-rate // FIGURES["writer rows/s"])
        hours = [_hours(size / rate) for size in SIZES]
        rows.append([f"{machines}", f"{rate:,.0f}", *hours, f"{writers:.0f}"])
    return rows


def stages() -> list[list[str]]:
    names = {
        "listing a file system": "listed/s",
        "entering the first listing": "entered/s",
        "a later listing is compared": "compared/s",
        "leasing": "leases/s",
        "one writer": "writer rows/s",
        "merging": "merged/s",
        "making codes, two cores": "codes made/s",
    }
    return [[what, *(_hours(size / FIGURES[key]) for size in SIZES)] for what, key in names.items()]


def places() -> list[list[str]]:
    return [
        ["vectors, float16", *_tb("row bytes")],
        ["codes", *_tb("code bytes")],
        ["approximate index", *_tb("index bytes")],
        ["catalog", *_tb("catalog bytes")],
        ["all of it", *(_terabytes(size * _stored_bytes()) for size in SIZES)],
        ["bytes read", *(_terabytes(size * ASSUMED["bytes an image"]) for size in SIZES)],
        ["network a machine of 16 cores, at its full rate", *[
            f"{8e-9 * _machine_rate() * ASSUMED['bytes an image']:.1f} Gbit/s"] * 2],
    ]  # fmt: skip


def searching() -> list[list[str]]:
    exact = [f"{size / 1e6 * FIGURES['exact ms a million'] / 1000:,.0f} s" for size in SIZES]
    memory = [f"{size / 1e8 * FIGURES['searched GB at 100M']:,.0f} GB" for size in SIZES]
    ms, built = FIGURES["approximate ms at 100M"], FIGURES["index hours at 100M"]
    return [
        ["exact, one core", *exact],
        ["approximate, one core", f"{ms:.0f} ms", f"{10 * ms:.0f} ms as ten collections of 100M"],
        ["memory that approximate searches touch", *memory],
        ["the index is made in, two cores", f"{built:.0f} h", f"{10 * built:.0f} h as ten of 100M"],
    ]


def money() -> list[list[str]]:
    core_hours = [size / FIGURES["images/s a core"] / 3600 for size in SIZES]
    gigabytes = [size * _stored_bytes() / 1e9 for size in SIZES]
    memory = [size / 1e8 * FIGURES["searched GB at 100M"] for size in SIZES]
    requests = ASSUMED["requests an image"] * ASSUMED["a million requests"]
    return [
        ["core-hours of extraction", *(f"{hours:,.0f}" for hours in core_hours)],
        ["extraction, once", *(f"{h * ASSUMED['a core-hour']:,.0f}" for h in core_hours)],
        ["requests to a bucket, once", *(f"{size / 1e6 * requests:,.0f}" for size in SIZES)],
        ["disk, a month", *(f"{gb * ASSUMED['a GB-month of disk']:,.0f}" for gb in gigabytes)],
        ["two cores for searches, a month",
         *[f"{2 * HOURS_A_MONTH * ASSUMED['a core-hour']:,.0f}"] * 2],
        ["memory for searches, a month",
         *(f"{gb * ASSUMED['a GB-month of memory']:,.0f}" for gb in memory)],
    ]  # fmt: skip


def _stored_bytes() -> float:
    """Return the bytes of an image on disk."""
    return sum(FIGURES[f"{what} bytes"] for what in ("row", "code", "index", "catalog"))


def _machine_rate() -> float:
    return FIGURES["images/s a core"] * ASSUMED["cores a machine"]


def _tb(key: str) -> Sequence[str]:
    return [_terabytes(size * FIGURES[key]) for size in SIZES]


def _terabytes(count: float) -> str:
    return f"{count / 1e9:,.0f} GB" if count < 1e12 else f"{count / 1e12:,.1f} TB"


def _hours(seconds: float) -> str:
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 100 * 3600 else f"{seconds / 86400:.1f} days"
