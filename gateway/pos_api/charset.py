"""Reads the character set that Content-Type names, and gives the body as UTF-8.

Rule: what names no character set is UTF-8 and left as it is (the JSON decoder judges it); a byte order mark is
skipped; a set that nobody knows is refused before the body is read. Source: the POS contract, rule 4.
"""

import codecs
import re

from gateway.pos_api.problem import Problem

_CHARSET = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|([^\s;"]+))""", re.IGNORECASE)
# Python knows them as text encodings, but they are not character sets that a POS could mean.
_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_UTF_8 = frozenset({"utf-8", "ascii", "utf-8-sig"})


def charset_of(content_type: str) -> str | None:
    """The codec to decode with; None for UTF-8. Raises `Problem` charset_unknown."""
    found = _CHARSET.search(content_type)
    name = (found.group(1) or found.group(2) or "").strip() if found else ""
    if not name:
        return None
    try:
        codec = codecs.lookup(name).name
        "{}".encode(codec)
    except (LookupError, ValueError):  # nobody knows it; not a text encoding; not a name at all
        codec = "undefined"
    if codec.replace("-", "_") in _NOT_CHARSETS:
        raise Problem("charset_unknown", f"The character set {name[:40]!r} is not read; send UTF-8.")
    return None if codec in _UTF_8 else codec


def to_utf_8(body: bytes, codec: str) -> bytes:
    """The same text in UTF-8. Raises `Problem` malformed_body with the place."""
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        before = body[: error.start].decode(codec, errors="replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise Problem("malformed_body", f"line {line}, column {column}: not {codec}.") from None
    return text.encode("utf-8", errors="surrogatepass")
