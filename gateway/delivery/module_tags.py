"""The tags that radio modules serve, as the gateway knows them while it runs; and those it hears and does not know yet.

In: rows of `tag` with a hardware type, check-ins. Out: `ModuleTag`s. Rule: a tag is found by two whole check-ins of a
type that the catalogue has; it then stands in the tables, and waits until somebody approves it. Noise makes phantoms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from firmware_protocol import TagId, display_id
from firmware_protocol.openepaperlink.frames import CheckIn
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES, TagType
from gateway.shelf.tables import display, tag

NO_FACTORY_CODE = b""


@dataclass(slots=True)
class ModuleTag:
    """One approved tag. `offered`: the revision that its module shall tell it; `taken`: one that it says to have."""

    tag_id: TagId
    store_id: str
    display_id: str
    type: TagType
    bridge_id: str | None = None
    heard_s: float | None = None
    battery_mv: int | None = None
    software_version: int | None = None  # until it has said
    offered: int | None = None
    taken: int | None = None
    taken_by: str | None = None  # the module that heard it say so
    is_trusted: bool = False  # nothing it may have said of its glass was missed since it was heard last
    is_other: bool = False  # it says that it is of another type than it was approved as
    told_in_vain: int = 0  # check-ins at which the picture was offered, and neither fetched nor taken
    refused: frozenset[int] = frozenset()  # data types
    is_unfit: bool = False  # no picture for it, as far as we know of its software

    def heard(self, report: CheckIn | None, now_s: float) -> bool:
        """True: its software is another than we knew."""
        self.heard_s = now_s
        if report is None:
            return False
        before, self.software_version = self.software_version, report.software_version
        self.battery_mv = report.battery_mv
        return before != report.software_version


def load_module_tags(connection: Connection, known: Sequence[TagId]) -> list[ModuleTag]:
    """The approved ones that are not `known` yet, by id. Those of a type that the catalogue lacks are left out."""
    skip = {str(one) for one in known}
    rows = connection.execute(
        select(tag.c.tag_id, tag.c.store_id, tag.c.hw_type)
        .where(tag.c.hw_type.is_not(None), tag.c.approved_at.is_not(None))
        .order_by(tag.c.tag_id)
    )
    return [
        ModuleTag(TagId.parse(row.tag_id), row.store_id, display_id(TagId.parse(row.tag_id), 0), TAG_TYPES[row.hw_type])
        for row in rows
        if row.tag_id not in skip and row.hw_type in TAG_TYPES
    ]


def keep_found(connection: Connection, store_id: str, found: Sequence[tuple[TagId, TagType]], now: datetime) -> None:
    """Tags that were heard: in the tables, and not approved. One that is there already stays as it is."""
    for tag_id, kind in found:
        if connection.scalar(select(tag.c.tag_id).where(tag.c.tag_id == str(tag_id))) is not None:
            continue
        connection.execute(
            insert(tag).values(
                tag_id=str(tag_id),
                store_id=store_id,
                factory_code=NO_FACTORY_CODE,
                model=kind.name,
                hw_type=kind.hw_type,
            )
        )
        connection.execute(
            insert(display).values(
                display_id=display_id(tag_id, 0),
                tag_id=str(tag_id),
                idx=0,
                store_id=store_id,
                panel=kind.panel.name,
                binding_version=0,
                template="shelf",
            )
        )
