"""What is answered to a chunk: how far the displays are, and everything that was refused, with its reason.

Rule: every refusal has the same members, null where they say nothing: of the whole chunk (no `index`), of one product,
or of one display that shows no price (`display_id`).
"""

from collections.abc import Mapping, Sequence

import msgspec

from gateway.catalog import RowIssue


class Refusal(msgspec.Struct, frozen=True):
    """`code` is stable, `reason` for a person. `index` counts from 0 within the chunk's products."""

    code: str
    reason: str
    field: str | None = None
    index: int | None = None
    barcode: str | None = None
    display_id: str | None = None


class ChunkRefused(ValueError):
    """Nothing of the chunk was taken."""

    def __init__(self, chunk_id: str | None, code: str, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.chunk_id = chunk_id
        self.refusal = Refusal(code, reason, field)


class Answer(msgspec.Struct, frozen=True):
    """`chunk_id` is null if none could be read."""

    chunk_id: str | None
    displays_total: int
    displays_handled: int
    refused: list[Refusal]

    def pack(self) -> bytes:
        return msgspec.json.encode(self)


def refused_whole(error: ChunkRefused) -> Answer:
    return Answer(error.chunk_id, 0, 0, [error.refusal])


def refused_products(issues: Sequence[RowIssue]) -> list[Refusal]:
    return [Refusal(one.code, _words(one), one.field, one.index, one.barcode) for one in issues]


def _words(issue: RowIssue) -> str:
    return f"{issue.message} {issue.hint}" if issue.hint else issue.message


def refused_displays(reasons: Mapping[str, str]) -> list[Refusal]:
    """Displays that could not be given a price; what they show instead follows from the reason."""
    return [
        Refusal(reason, "The display shows no price.", display_id=display_id) for display_id, reason in reasons.items()
    ]
