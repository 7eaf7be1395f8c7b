"""What batch tells console, webhooks and metrics after a commit. Only a nudge: the tables hold the truth."""

from msgspec import Struct


class BatchMoved(Struct, frozen=True):
    """Something in the status of this session is different from before."""

    store_id: str
    session_id: str
