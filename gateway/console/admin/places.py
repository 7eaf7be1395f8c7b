"""Finds the store of what a person names without its store: tag, display and batch ids are unique in a gateway."""

from sqlalchemy import Connection, select

from gateway.batch import SessionUnknown
from gateway.batch.tables import session
from gateway.shelf import DisplayUnknown, TagUnknown
from gateway.shelf.tables import display, tag


def store_of_display(connection: Connection, display_id: str) -> str:
    """Raises DisplayUnknown."""
    store_id: str | None = connection.scalar(select(display.c.store_id).where(display.c.display_id == display_id))
    if store_id is None:
        raise DisplayUnknown(f"there is no display {display_id}; a display is named <tag id>.<number>")
    return store_id


def store_of_tag(connection: Connection, tag_id: str) -> str:
    """Raises TagUnknown."""
    store_id: str | None = connection.scalar(select(tag.c.store_id).where(tag.c.tag_id == tag_id))
    if store_id is None:
        raise TagUnknown(f"there is no tag {tag_id}")
    return store_id


def store_of_batch(connection: Connection, session_id: str) -> str:
    """Raises SessionUnknown."""
    store_id: str | None = connection.scalar(select(session.c.store_id).where(session.c.session_id == session_id))
    if store_id is None:
        raise SessionUnknown(session_id)
    return store_id
