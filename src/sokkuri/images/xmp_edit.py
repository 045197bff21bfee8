"""Add a rating, keywords and a label to an XMP sidecar, and leave every other byte as it is.

Takes the bytes of a sidecar; returns new bytes. The XML is parsed only to find where to write. What
is written is read again before it is returned. Entities are refused, and all sizes are bounded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from sokkuri.images.xmp import read_xmp

MAX_BYTES = 2**20
"""Size limit of a sidecar that is edited."""

_MAX_DEPTH = 32
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_DC = "http://purl.org/dc/elements/1.1/"
_SUBJECT = f"{_DC} subject"
_LISTS = frozenset(f"{_RDF} {name}" for name in ("Bag", "Seq", "Alt"))
_RATING = re.compile(rb"[\w.-]+:Rating\s*=\s*[\"']\s*(0)\s*[\"']")
_NEW = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    b"</rdf:RDF>\n</x:xmpmeta>\n"
)


class CannotEditError(Exception):
    """A sidecar cannot be added to without changing other parts of it; the message says why."""


def add_to_xmp(
    old: bytes | None, rating: int | None, keywords: Sequence[str], label: str = ""
) -> bytes:
    """Return a sidecar with a rating, more keywords and a label.

    old : the sidecar, None for a new one. It must have no other rating than 0, and no label, if one
    is given. keywords : which it does not have yet. Raises CannotEditError.
    """
    data = _NEW if old is None else old
    places = _find_places(data)
    if rating is not None and places.is_rated:
        raise CannotEditError("it has a rating")
    edits: list[tuple[int, int, bytes]] = []
    attributes, children, about = "", "", places.about or ""
    if rating is not None:
        if places.rating is None:
            attributes += f' xmp:Rating="{rating}"'
        else:
            edits.append((*places.rating, str(rating).encode()))
    if label:
        attributes += f" xmp:Label={quoteattr(label)}"
    items = "".join(f"<rdf:li>{escape(word)}</rdf:li>" for word in keywords)
    if items and places.keywords is not None:
        edits.append((places.keywords, places.keywords, _with_rdf(items).encode()))
    elif items:
        children = f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>"
    if attributes or children:
        text = (
            f'<rdf:Description xmlns:rdf="{_RDF}" xmlns:xmp="{_XMP}" xmlns:dc="{_DC}"'
            f" rdf:about={quoteattr(about)}{attributes}>{children}</rdf:Description>\n"
        )
        edits.append((places.end, places.end, text.encode()))
    for start, stop, text_ in sorted(edits, reverse=True):
        data = data[:start] + text_ + data[stop:]
    _check(data, rating, keywords)
    return data


def _with_rdf(items: str) -> str:
    """Return items that declare their namespace: the sidecar may have another prefix for it."""
    return items.replace("<rdf:li>", f'<rdf:li xmlns:rdf="{_RDF}">')


def _check(data: bytes, rating: int | None, keywords: Sequence[str]) -> None:
    """Raise CannotEditError unless the values can be read."""
    _find_places(data)
    found = read_xmp(data)
    ratings = found.get("xmp:Rating", [])
    missing = {*(word.strip() for word in keywords)} - {*found.get("dc:subject", [])}
    if missing or (rating is not None and ratings != [str(rating)]):
        raise CannotEditError("its values are written in an unusual way")


@dataclass(slots=True)
class _Places:
    """Where to write, as offsets in bytes; the handlers of the parser find it.

    end : of the RDF. keywords : of the list. rating : start and stop of the value of a rating of 0.
    is_rated : whether it has another rating. about : of the first Description.
    """

    data: bytes
    parser: expat.XMLParserType
    end: int = -1
    keywords: int | None = None
    rating: tuple[int, int] | None = None
    is_rated: bool = False
    about: str | None = None
    has_subject: bool = False
    _text_start: int = -1
    _open: list[str] = field(default_factory=list)  # elements

    def begin_element(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if len(self._open) >= _MAX_DEPTH:
            raise CannotEditError("it is nested too deeply")
        self._open.append(name)
        self._text_start = -1
        self.has_subject = self.has_subject or name == _SUBJECT
        if name == f"{_RDF} Description" and self._is_at_top(1):
            if self.about is None:
                self.about = attributes.get(f"{_RDF} about", "")
            if f"{_XMP} Rating" in attributes:
                self._take_rating(attributes[f"{_XMP} Rating"])

    def add_text(self, _text: str) -> None:
        """Note where the text of an element begins."""
        if self._text_start < 0:
            self._text_start = self.parser.CurrentByteIndex

    def end_element(self, name: str) -> None:
        """Take the end of an element."""
        at = self.parser.CurrentByteIndex
        has_end_tag = self.data[at : at + 2] == b"</"
        if name == f"{_RDF} RDF" and has_end_tag:
            self.end = at
        elif name in _LISTS and self._open[-2:-1] == [_SUBJECT] and has_end_tag:
            self.keywords = at
        elif name == f"{_XMP} Rating" and self._is_at_top(2):
            self.is_rated = self.data[self._text_start : at].strip() != b"0"
            self.rating = (self._text_start, at)
        self._open.pop()

    def refuse(self, *_: object) -> None:
        """Refuse a document type: XMP has none."""
        raise CannotEditError("it declares a document type")

    def declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """Refuse encodings in which other bytes would have to be written."""
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise CannotEditError(f"its encoding is {encoding}")

    def _is_at_top(self, depth: int) -> bool:
        """Return whether the open element is so many levels below the RDF, not in a structure."""
        return self._open[-1 - depth : -depth] == [f"{_RDF} RDF"]

    def _take_rating(self, value: str) -> None:
        start = self.parser.CurrentByteIndex
        match = _RATING.search(self.data, start)
        if match is None or value.strip() != "0":
            self.is_rated = True
        else:
            self.rating = match.span(1)


def _find_places(data: bytes) -> _Places:
    if len(data) > MAX_BYTES:
        raise CannotEditError(f"it has more than {MAX_BYTES:,} bytes")
    parser = expat.ParserCreate(namespace_separator=" ")
    places = _Places(data, parser)
    parser.StartElementHandler, parser.EndElementHandler = places.begin_element, places.end_element
    parser.CharacterDataHandler = places.add_text
    parser.StartDoctypeDeclHandler, parser.XmlDeclHandler = places.refuse, places.declare
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise CannotEditError(f"it is damaged ({error})") from error
    if places.end < 0 or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise CannotEditError("it is no XMP in UTF-8")
    if places.has_subject and places.keywords is None:
        raise CannotEditError("its keywords are written in an unusual way")
    return places
