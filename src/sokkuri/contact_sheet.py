"""A contact sheet: search results as one HTML page that needs nothing else.

Takes Hits; hands on the page, with every thumbnail inside it. No script, nothing fetched.
"""

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from sokkuri.errors import ImageError
from sokkuri.reading import read_file
from sokkuri.records import Limits
from sokkuri.searching import Hits
from sokkuri.showing import thumbnail

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
figcaption { overflow-wrap: anywhere; }
"""


def contact_sheet(found: Sequence[Hits]) -> str:
    """The page : HTML. Pictures that cannot be read are named in their place."""
    parts = "\n".join(part for hits in found for part in _section(hits))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>sokkuri: what looks alike</title>\n<style>{_STYLE}</style>\n{parts}\n</html>\n"
    )


def _section(hits: Hits) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(', '.join(hits.query))}</h2>\n<ol>"
    for hit in hits:
        name = escape(hit.id)
        yield (
            f"<li><figure>{_picture(hit.path, name)}"
            f"<figcaption>{hit.rank}. {name}<br>{hit.distance:.4f}</figcaption></figure></li>"
        )
    yield "</ol>\n</section>"


def _picture(path: Path, name: str) -> str:
    limits = Limits()
    try:
        data, _ = read_file(path.parent, path.name, limits)
        small = thumbnail(data, _SIDE, limits)
    except FileNotFoundError:
        return '<div class="none">its file is gone</div>'
    except ImageError as error:
        return f'<div class="none">{escape(str(error))}</div>'
    source = base64.b64encode(small).decode()
    return f'<img src="data:image/jpeg;base64,{source}" alt="{name}">'
