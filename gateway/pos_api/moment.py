"""How an instant is written in answers: ISO 8601, UTC, milliseconds."""

from datetime import UTC, datetime


def moment_text(instant: datetime | None) -> str | None:
    """`2025-07-03T05:59:30.000Z`; None stays None."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
