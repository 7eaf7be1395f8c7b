"""Twins: two tags under one TagId. Nothing is sent to either until a person has chosen.

In: who was found to have a twin, and why. Out: the tag marked, *shown* of its displays unknown, a fact in the history.
Rule: the alarm stops a label, so only what no honest history can bring about raises it. `esl tags approve` ends
it; then the tag that is left takes new keys. Source: docs/protocol.md, "Twins".
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection

from gateway.delivery.tags import TagLink
from gateway.shelf import mark_twins

USED_COUNTER = "two tags use its keys: one number, two messages"
JOINS_BESIDE = "another tag asks to join in its name, with its factory code, while it still reports"


class Twin(Struct, frozen=True):
    """To commit: from then on nothing is said to this tag. `display_ids`: whose *shown* is unknown."""

    tag_id: str
    cause: str
    display_ids: tuple[str, ...]


def twin_of(link: TagLink, cause: str) -> Twin:
    return Twin(str(link.tag_id), cause, tuple(display_id for display_id, _ in link.displays))


def note_twins(connection: Connection, twins: Sequence[Twin], now_ms: int) -> None:
    mark_twins(connection, [(one.tag_id, one.cause) for one in twins], now_ms)
