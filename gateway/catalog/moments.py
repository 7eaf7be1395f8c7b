"""Dates as a POS writes them: ISO 8601, in the store's time zone where they name no offset.

In: the text. Out: a `date`, an aware `datetime` in UTC, or `NOT_SET` for a placeholder; None for anything else.
Rule: of the two instants of a time that the clocks skip or repeat, the later in a gap, the earlier in an overlap;
that is what `fold=0` means. Years are judged as written, so a placeholder is one in every time zone.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum

from gateway.catalog.limits import FIRST_DATE, PLACEHOLDER_YEAR


class NotSet(Enum):
    NOT_SET = "not set"


NOT_SET = NotSet.NOT_SET

_ISO_8601 = re.compile(
    r"(?P<year>[+-][0-9]{6}|[0-9]{4})(?P<dash>-?)(?P<month>[0-9]{2})(?P=dash)(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2})"
    r"(?:(?P<colon>:?)(?P<minute>[0-9]{2})(?:(?P=colon)(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,12}))?)?)?"
    r" ?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


def read_moment(text: str, zone: tzinfo) -> date | datetime | NotSet | None:
    """What an ISO 8601 date or date-time says; None where it is none, or a day that no calendar has."""
    match = _ISO_8601.fullmatch(text)
    if match is None:
        return None
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    if year >= PLACEHOLDER_YEAR or (year, month, day) < FIRST_DATE:
        return NOT_SET
    try:
        written = date(year, month, day)
        return written if match["hour"] is None else _instant(written, match, zone)
    except ValueError:
        return None


def _instant(day: date, match: re.Match[str], zone: tzinfo) -> datetime:
    hour, minute, second = int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0)
    milliseconds = int((match["fraction"] or "0").ljust(3, "0")[:3])
    if (hour, minute, second, milliseconds) == (24, 0, 0, 0):  # ISO 8601: the end of the day
        day, hour = day + timedelta(days=1), 0
    offset = _offset(match["offset"], zone)
    wall = time(hour, minute, second, milliseconds * 1_000)
    return datetime.combine(day, wall, offset).astimezone(UTC)


def _offset(text: str | None, zone: tzinfo) -> tzinfo:
    if text is None:
        return zone
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError("an offset has at most 59 minutes")
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(ahead if text[0] == "+" else -ahead)


def start_of(day: date, zone: tzinfo) -> datetime:
    """Local midnight, or the first instant of the day where the clocks skip midnight; in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """The first instant after the whole day, in UTC."""
    return start_of(day + timedelta(days=1), zone)


def moment_text(moment: date | datetime) -> str:
    """The one way in which a moment is stored and answered."""
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")[:-6] + "Z"


def moment_of(stored: str) -> date | datetime:
    """What `moment_text` wrote."""
    return datetime.fromisoformat(stored) if stored.endswith("Z") else date.fromisoformat(stored)
