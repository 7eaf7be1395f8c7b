import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FieldError, Report, ReportFlags, ReportState
from firmware_protocol.report import Cause

REPORTS = st.builds(
    Report,
    display=st.integers(0, 31),
    flags=st.integers(0, 255),
    revision=st.integers(0, 2**32 - 1),
    content_prefix=st.binary(min_size=4, max_size=4),
    refresh_counter=st.integers(0, 65535),
    state=st.sampled_from(ReportState),
    refresh_half_s=st.integers(0, 255),
    temperature_c=st.integers(-128, 127),
    battery_mv=st.integers(0, 255).map(lambda steps: steps * 20),
)


@given(REPORTS)
def test_a_report_fills_its_tlv_exactly_and_comes_back(report: Report) -> None:
    assert len(report.pack()) == 15
    assert len(report.pack_tlv()) == 17
    assert report.pack_tlv()[:2] == bytes((0xFE, 0xE0 + report.display))
    assert Report.unpack(report.display, report.pack()) == report
    assert Report.unpack_tlv(report.pack_tlv()) == report


@given(st.binary(min_size=16, max_size=18) | st.binary(min_size=15, max_size=15).map(lambda value: b"\xfe\xe3" + value))
def test_any_octets_are_a_report_or_a_field_error(octets: bytes) -> None:
    try:
        report = Report.unpack_tlv(octets)
    except FieldError:
        return
    assert report.pack_tlv() == octets


@pytest.mark.parametrize("state", [0, 8, 255])
def test_empty_memory_and_unknown_states_prove_nothing(state: int) -> None:
    value = bytearray(Report(0, 0, 1, b"cccc", 1, ReportState.SHOWN, 4, 20, 3000).pack())
    value[11] = state
    with pytest.raises(FieldError) as caught:
        Report.unpack(0, bytes(value))
    assert (caught.value.field, caught.value.offset) == ("report.state", 11)
    with pytest.raises(FieldError) as caught:
        Report.unpack_tlv(b"\xfe\xe0" + bytes(value))
    assert (caught.value.field, caught.value.offset) == ("report.state", 13)


def test_bits_of_a_newer_tag_are_kept_and_change_nothing() -> None:
    report = Report(0, 0x80 | ReportFlags.NO_CLOCK, 1, b"cccc", 1, ReportState.SHOWN, 4, 20, 3000)
    assert ReportFlags(Report.unpack(0, report.pack()).flags) & ReportFlags.NO_CLOCK


@pytest.mark.parametrize("cause", list(Cause))
def test_a_report_says_why_beside_its_flags(cause: Cause) -> None:
    report = Report(0, ReportFlags.NO_CLOCK.because(cause), 1, b"cccc", 1, ReportState.FAILED, 4, 20, 3000)
    read = Report.unpack(0, report.pack())
    assert read.cause is cause
    assert read.flags & 0x0F == ReportFlags.NO_CLOCK
    assert cause.words


def test_a_cause_of_a_newer_tag_is_none_that_we_know() -> None:
    assert Report(0, 0xF0, 1, b"cccc", 1, ReportState.FAILED, 4, 20, 3000).cause is Cause.NONE


def test_a_battery_voltage_travels_in_steps_of_twenty_millivolts() -> None:
    report = Report(0, 0, 1, b"cccc", 1, ReportState.SHOWN, 4, 20, 2999)
    assert Report.unpack(0, report.pack()).battery_mv == 2980
