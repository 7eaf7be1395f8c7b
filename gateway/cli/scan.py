"""Binding with a hand scanner, which types what it reads: tag, product, tag, product.

In: one scanned word at a time. Out: a sentence for the person with the scanner. Rule: a wrong scan changes nothing and
the next one may be either; `undo` gives a display back what it showed before.
"""

from msgspec import Struct

from firmware_protocol import PeerError, TagId, split_display_id
from gateway.cli.errors import CommandFailed
from gateway.cli.talk import Document, Gateway


class _Before(Struct, frozen=True):
    """What a display was bound to before a scan changed it."""

    display_id: str
    barcodes: list[str]
    template: str


class ScanDesk:
    """One scanning session."""

    def __init__(self, gateway: Gateway, store: str, template: str | None) -> None:
        self._gateway, self._store, self._template = gateway, store, template
        self._display: Document | None = None
        self._done: list[_Before] = []
        self.bound = 0

    def take(self, word: str) -> str:
        """The sentence to show after this scan."""
        try:
            if word.lower() == "undo":
                return self._undo()
            if (display_id := _display_of(word)) is not None:
                return self._take_display(display_id)
            return self._take_product(word)
        except CommandFailed as error:
            return f"! {error}"

    def _take_display(self, display_id: str) -> str:
        self._display = None
        found = self._gateway.get(f"/admin/displays/{display_id}")
        if found["store"] != self._store:
            return f"! {display_id} belongs to store {found['store']}"
        self._display = found
        return f"{display_id} ({found['panel']}): now its product"

    def _take_product(self, barcode: str) -> str:
        if self._display is None:
            return f"! {barcode} is no tag: scan a tag first"
        before = self._display
        display_id = str(before["displayId"])
        self._gateway.put(f"/admin/displays/{display_id}/binding", {"barcodes": [barcode], "template": self._template})
        self._done.append(_Before(display_id, [str(one) for one in _list(before, "barcodes")], str(before["template"])))
        self._display = None
        self.bound += 1
        return f"{display_id} shows {barcode}"

    def _undo(self) -> str:
        if not self._done:
            return "! nothing to take back"
        last = self._done.pop()
        path = f"/admin/displays/{last.display_id}/binding"
        if last.barcodes:
            self._gateway.put(path, {"barcodes": last.barcodes, "template": last.template})
        else:
            self._gateway.delete(path)
        self._display = None
        self.bound -= 1
        return f"{last.display_id} is as before: {', '.join(last.barcodes) or 'unbound'}"


def _display_of(word: str) -> str | None:
    """A tag's code names its first display; `<tag>.<number>` any."""
    try:
        if "." in word:
            split_display_id(word.upper())
            return word.upper()
        return f"{TagId.parse(word)}.0"
    except PeerError:
        return None


def _list(found: Document, name: str) -> list[object]:
    items = found[name]
    return items if isinstance(items, list) else []
