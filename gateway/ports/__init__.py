"""Clock, Random, Secrets, Executor and the event stream: what the outside hands in."""

from gateway.ports.chance import Random, Secrets, SystemSecrets
from gateway.ports.clock import Clock, SystemClock, from_ms, to_ms
from gateway.ports.events import EventStream, Subscription
from gateway.ports.executor import Executor, InlineExecutor, WorkerDied

__all__ = [
    "Clock",
    "EventStream",
    "Executor",
    "InlineExecutor",
    "Random",
    "Secrets",
    "Subscription",
    "SystemClock",
    "SystemSecrets",
    "WorkerDied",
    "from_ms",
    "to_ms",
]
