"""Display-sync chunks that come over MQTT from a POS backend that lives elsewhere. Start at `Intake.handle`."""

from gateway.intake.answer import Refusal
from gateway.intake.listener import SyncListener, sync_topics
from gateway.intake.service import Intake

__all__ = ["Intake", "Refusal", "SyncListener", "sync_topics"]
