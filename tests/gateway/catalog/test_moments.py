"""Dates mean what a shop means by them, in its own time zone and across its clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.moments import NOT_SET, end_of, moment_of, moment_text, read_moment, start_of

ZAGREB = ZoneInfo("Europe/Zagreb")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2025-07-03", "2025-07-03"),
        ("20250703", "2025-07-03"),
        ("2025-07-03T06:00", "2025-07-03T04:00:00Z"),
        ("2025-07-03 06:00:00", "2025-07-03T04:00:00Z"),
        ("2025-01-03T06:00:00", "2025-01-03T05:00:00Z"),
        ("2025-07-03T06:00:00Z", "2025-07-03T06:00:00Z"),
        ("2025-07-03t06:00:00.1234567z", "2025-07-03T06:00:00.123Z"),
        ("2025-07-03T06:00:00,5+02:00", "2025-07-03T04:00:00.500Z"),
        ("20250703T060000+0200", "2025-07-03T04:00:00Z"),
        ("2025-07-03T06-05", "2025-07-03T11:00:00Z"),
        ("2025-07-03T24:00Z", "2025-07-04T00:00:00Z"),
        # the clocks skip 02:00 to 03:00: the later instant; they repeat it in autumn: the earlier
        ("2025-03-30T02:30", "2025-03-30T01:30:00Z"),
        ("2025-10-26T02:30", "2025-10-26T00:30:00Z"),
    ],
)
def test_a_date_is_read_in_the_stores_time(text: str, wanted: str) -> None:
    moment = read_moment(text, ZAGREB)
    assert isinstance(moment, date)
    assert moment_text(moment) == wanted
    assert moment_of(wanted) == moment


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00", "1970-01-01", "1970-01-01T23:59:59-05:00", "0000-00-00 00:00:00", "9999-12-31",
     "9999-12-31T23:59:59.9999999Z", "+275760-09-13T00:00:00Z", "-000001-01-01"],
)  # fmt: skip
def test_a_placeholder_means_not_set(text: str) -> None:
    assert read_moment(text, ZAGREB) is NOT_SET


@pytest.mark.parametrize(
    "text",
    ["", "03.07.2025", "2025-7-3", "2025-02-30", "2025-13-01", "2025-07-03T25:00", "2025-07-03T06:00:60", "1751500800",
     "2025-0703", "2025-07-03x06:00", "2025-07-03T06:00+24:00", "2025-07-03T06:00+02:60", "2025-W27-4", "tomorrow",
     "２０２５-07-03", "2025-07-03T24:01"],
)  # fmt: skip
def test_anything_else_is_no_date(text: str) -> None:
    assert read_moment(text, ZAGREB) is None


def test_the_first_days_that_are_no_placeholders_are_dates() -> None:
    assert read_moment("1970-01-02", ZAGREB) == date(1970, 1, 2)
    assert read_moment("9998-12-31", ZAGREB) == date(9998, 12, 31)


def test_a_day_lasts_from_local_midnight_to_local_midnight() -> None:
    assert start_of(date(2025, 7, 3), ZAGREB) == datetime(2025, 7, 2, 22, tzinfo=UTC)
    assert end_of(date(2025, 7, 3), ZAGREB) == datetime(2025, 7, 3, 22, tzinfo=UTC)
    assert end_of(date(2025, 3, 30), ZAGREB) - start_of(date(2025, 3, 30), ZAGREB) == timedelta(hours=23)


def test_a_day_whose_midnight_the_clocks_skip_begins_when_they_are_put_forward() -> None:
    beirut = ZoneInfo("Asia/Beirut")  # 2021-03-28 began at 01:00
    assert start_of(date(2021, 3, 28), beirut) == datetime(2021, 3, 27, 22, tzinfo=UTC)


@given(st.text(alphabet="0123456789-+:TZ., ", max_size=30))
def test_whatever_is_written_nothing_is_raised(text: str) -> None:
    moment = read_moment(text, ZAGREB)
    if isinstance(moment, date):
        assert moment_of(moment_text(moment)) == moment
