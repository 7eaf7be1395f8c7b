"""Batches: what a POS stages in sessions is saved, synced in chunks, and verified in rounds.

Start at `Sessions` (what a POS asks), `BatchProcessor` (saving and syncing), `Rounds` (who has proved it).
"""

from gateway.batch.events import BatchMoved
from gateway.batch.processor import BatchProcessor, SyncFace
from gateway.batch.records import (
    AnswerBook,
    BatchStatus,
    MissingProduct,
    Phase,
    PushResult,
    SessionClosed,
    SessionCompleted,
    SessionExpired,
    SessionMode,
    SessionRowIssue,
    SessionStarted,
    SessionState,
    SessionUnknown,
    TooManyMissing,
    TooManySessions,
    Unconfirmed,
    Verification,
)
from gateway.batch.rounds import Rounds, VerifyFace
from gateway.batch.sessions import ReasonsFace, Sessions

__all__ = [
    "AnswerBook",
    "BatchMoved",
    "BatchProcessor",
    "BatchStatus",
    "MissingProduct",
    "Phase",
    "PushResult",
    "ReasonsFace",
    "Rounds",
    "SessionClosed",
    "SessionCompleted",
    "SessionExpired",
    "SessionMode",
    "SessionRowIssue",
    "SessionStarted",
    "SessionState",
    "SessionUnknown",
    "Sessions",
    "SyncFace",
    "TooManyMissing",
    "TooManySessions",
    "Unconfirmed",
    "Verification",
    "VerifyFace",
]
