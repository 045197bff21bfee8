"""Read chosen properties of XMP, the XML that programs write into image files and beside them.

Takes a packet of XMP; returns lists of texts by property. Entities are refused and all sizes are
bounded, so that no packet takes much time or memory. Of a damaged packet, the properties before the
damage are returned.
"""

from contextlib import suppress
from xml.parsers import expat

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMESPACES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
}
_WANTED = frozenset(
    [
        "xmp:Rating", "xmp:Label", "dc:subject", "exif:DateTimeOriginal", "photoshop:DateCreated",
        "exif:ISOSpeedRatings", "exifEX:PhotographicSensitivity", "exif:FocalLength",
        "exif:GPSLatitude", "exif:GPSLongitude", "tiff:Make", "tiff:Model", "aux:Lens",
        "exifEX:LensModel",
    ]
)  # fmt: skip
_MAX_BYTES = 4 * 2**20  # of a packet
_MAX_DEPTH = 32
_MAX_TEXTS = 1_000  # of a property
_MAX_LENGTH = 1_000  # characters of a text


class _RefusedError(Exception):
    """The packet declares a document type, or is nested too deeply."""


def read_xmp(packet: bytes) -> dict[str, list[str]]:
    """Return the texts of the wanted properties by name, such as `dc:subject`."""
    reader = _Reader()
    if len(packet) <= _MAX_BYTES:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = reader.begin
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.add
        parser.StartDoctypeDeclHandler = reader.refuse  # where entities are declared
        # What was read before the damage counts.
        with suppress(expat.ExpatError, _RefusedError, ValueError, LookupError):
            parser.Parse(packet.rstrip(b"\0 \r\n\t"), True)
    return reader.found


class _Reader:
    """The handlers of the parser. found : texts by property."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._open: list[str] = []  # elements
        self._text: list[str] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element. Attributes of a Description are properties, too."""
        if len(self._open) >= _MAX_DEPTH:
            raise _RefusedError
        self._open.append(name)
        self._text = []
        if name == f"{_RDF} Description":
            for key, value in attributes.items():
                self._keep(_short(key), value)

    def add(self, text: str) -> None:
        """Take a part of the text of an element."""
        if len(self._text) < _MAX_LENGTH:
            self._text.append(text)

    def end(self, name: str) -> None:
        """Keep the text of the property, or of an item of its list."""
        self._open.pop()
        text, self._text = "".join(self._text), []
        if name == f"{_RDF} li" and len(self._open) > 1:
            name = self._open[-2]  # an item is in a list, and the list in the property
        self._keep(_short(name), text)

    def refuse(self, *_: object) -> None:
        """Refuse a document type: XMP has none."""
        raise _RefusedError

    def _keep(self, name: str, text: str) -> None:
        text = text.strip()[:_MAX_LENGTH]
        if name in _WANTED and text:
            texts = self.found.setdefault(name, [])
            if len(texts) < _MAX_TEXTS:
                texts.append(text)


def _short(name: str) -> str:
    """Return the usual name of a property, such as `dc:subject`, for its full name."""
    namespace, _, local = name.rpartition(" ")
    return f"{_NAMESPACES.get(namespace, '')}:{local}"
