"""Logs and metrics."""

from gateway.telemetry.logs import set_up_logs
from gateway.telemetry.metrics import CONTENT_TYPE, Counter, Metrics

__all__ = ["CONTENT_TYPE", "Counter", "Metrics", "set_up_logs"]
