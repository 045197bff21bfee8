"""Make an HTML page of search results, groups of near-duplicates or a comparison.

Takes Hits, Groups or a Comparison; returns one page with every thumbnail inside it. It has no
script and loads nothing.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from sokkuri.cli.formatting import copies_text
from sokkuri.core.errors import ImageError
from sokkuri.core.locations import Location
from sokkuri.core.types import Limits
from sokkuri.curation.types import Group
from sokkuri.images.read import read_file
from sokkuri.images.thumbnails import render_thumbnail
from sokkuri.search.results import Hits

if TYPE_CHECKING:
    from sokkuri.curation.duplicates.compare_files import Comparison, Outline

_SIDE = 240  # pixels
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { margin: 1.5rem; }
h2 { font-size: 1rem; overflow-wrap: anywhere; }
ol { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0; }
li { width: 240px; }
figure { margin: 0; }
img, .none { width: 240px; height: 240px; object-fit: contain; background: #8882; }
.none { display: grid; place-items: center; text-align: center; }
.outlined { position: relative; width: fit-content; overflow: hidden; }
.outlined img { display: block; width: auto; height: auto; max-width: 240px; max-height: 240px; }
.outlined svg { position: absolute; inset: 0; width: 100%; height: 100%; }
figcaption { overflow-wrap: anywhere; }
"""


def contact_sheet(results: Sequence[Hits]) -> str:
    """Return the HTML page of search results. An image that cannot be read shows the reason."""
    return _page("what looks alike", (part for hits in results for part in _hits(hits)))


def groups_sheet(groups: Sequence[Group]) -> str:
    """Return the HTML page of groups, each with the kept image first."""
    return _page("near-duplicates", (part for group in groups for part in _group(group)))


def comparison_sheet(result: "Comparison") -> str:
    """Return the HTML page of a comparison: both images, with the outline of each in the other."""
    verdict = "a copy" if result.is_copy else "no copy"
    facts = [*result.edits, f"score {result.score:.3f}"]
    outlines = (None, None) if result.overlap is None else (
        result.overlap.b_in_a, result.overlap.a_in_b
    )  # fmt: skip
    parts = [
        f"<section>\n<h2>{verdict}: {escape(result.grade or 'different')}</h2>",
        f"<p>{escape('; '.join(facts))}</p>\n<ol>",
    ]
    for file, outline in zip((result.a, result.b), outlines, strict=True):
        caption = "to keep" if file == result.keep else ""
        picture = _picture(file, escape(str(file)))
        parts.append(
            f'<li><figure><div class="outlined">{picture}{_outline(outline)}</div>'
            f"<figcaption>{escape(str(file))}<br>{caption}</figcaption></figure></li>"
        )
    return _page("a comparison", [*parts, "</ol>\n</section>"])


def _outline(corners: "Outline | None") -> str:
    """Return an SVG of the outline, which lies upon a picture that fills its box."""
    if corners is None:
        return ""
    points = " ".join(f"{x:.4f},{y:.4f}" for x, y in corners)
    return (
        '<svg viewBox="0 0 1 1" preserveAspectRatio="none"><polygon points="'
        f'{points}" fill="none" stroke="#e33" stroke-width="3" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )


def _page(title: str, parts: Iterable[str]) -> str:
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>sokkuri: {title}</title>\n<style>{_STYLE}</style>\n{body}\n</html>\n"
    )


def _hits(hits: Hits) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(', '.join(hits.query))}</h2>\n<ol>"
    for hit in hits:
        copies = f", {copies_text(len(hit.copies))}" if hit.copies else ""
        yield _item(hit.path, hit.id, f"{hit.rank}. {hit.id}", f"{hit.distance:.4f}{copies}")
    yield "</ol>\n</section>"


def _group(group: Group) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(group.grade)}: {escape(group.keep)}</h2>"
    if group.grade == "burst":
        yield "<p>A burst, the sharpest first. These images are no copies.</p>"
    elif group.why:
        yield f"<p>Kept because it {escape(group.why)}.</p>"
    if group.conflict:
        yield f"<p><strong>Look at this one: {escape(group.conflict)}.</strong></p>"
    yield "<ol>"
    captions = {
        pair.b: ", ".join([pair.grade, f"{pair.score:.3f}", *pair.kinds]) for pair in group.pairs
    }
    for image in group.images:
        id_ = image.result_id
        first = "the sharpest" if group.grade == "burst" else "to keep"
        yield _item(image.file, id_, id_, captions.get(id_, first))
    yield "</ol>\n</section>"


def _item(path: Location, id_: str, name: str, caption: str) -> str:
    return (
        f"<li><figure>{_picture(path, escape(id_))}"
        f"<figcaption>{escape(name)}<br>{escape(caption)}</figcaption></figure></li>"
    )


def _picture(path: Location, name: str) -> str:
    limits = Limits()
    try:
        data, _ = read_file(path, limits)
        jpeg = render_thumbnail(data, _SIDE, limits)
    except FileNotFoundError:
        return '<div class="none">the file is gone</div>'
    except ImageError as error:
        return f'<div class="none">{escape(str(error))}</div>'
    source = base64.b64encode(jpeg).decode()
    return f'<img src="data:image/jpeg;base64,{source}" alt="{name}">'
