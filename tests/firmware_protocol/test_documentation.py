"""docs/protocol.md cannot lie: its tables are the code's tables, and what the code cites of it is there."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from firmware_protocol import Action, Codec, ReportState
from firmware_protocol.encoding import BLOCK_OCTETS, ENCODED_OCTETS_MAX
from firmware_protocol.link import messages
from firmware_protocol.link.frames import FrameType
from firmware_protocol.link.limits import PAYLOAD_OCTETS_MAX, SERIAL_DATA_OCTETS_MAX
from firmware_protocol.link.serial import SerialLink
from firmware_protocol.panels import PANELS
from firmware_protocol.poll import FRAME_OCTETS_MAX, FRAMES, ITEMS_DOWN, ITEMS_UP
from firmware_protocol.report import Cause
from firmware_protocol.service.absolute_time import AHEAD_MS_MAX
from firmware_protocol.service.quirks import PROFILES, Quirks
from firmware_protocol.service.state import TRANSITIONS
from firmware_protocol.tlv import COMMANDS, RESPONSES, ErrorCode, EslState, TlvRow
from firmware_protocol.vectors import SUBJECTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
FLOWING = " ".join(PAGE.split())


def row_start(code: str, name: str, fields: Iterable[tuple[str, str]]) -> str:
    return f"| {code} | `{name}` | {', '.join(f'`{field}` {words}' for field, words in fields) or 'nothing'} | "


def documented(*first_cells: str) -> set[str]:
    """The rows of tables whose head begins with one of these cells."""
    rows: set[str] = set()
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        head, _, *body = table.splitlines()
        if head.split("|")[1].strip() in first_cells and "Fields" in head:
            rows.update(body)
    return rows


def opcode_of(row: TlvRow[object]) -> str:
    return f"0x{row.opcode:02X}" if row.opcode_mask == 0xFF else f"0x?{row.opcode:X}"


def command_start(row: TlvRow[object]) -> str:
    legal_in = ", ".join(state.name.lower() for state in EslState if state in row.legal_in and state.name)
    answer = "none" if row.answer is None else f"`{row.answer.__name__}`"
    start = row_start(opcode_of(row), row.name, row.layout.fields)
    return f"{start}{legal_in} | {'yes' if row.broadcast else 'no'} | {answer} | "


def expected() -> list[str]:
    starts = [command_start(row) for row in COMMANDS.values()]
    starts += [row_start(opcode_of(row), row.name, row.layout.fields) for row in RESPONSES.values()]
    for table in (FRAMES, ITEMS_UP, ITEMS_DOWN):
        starts += [row_start(f"0x{code:02X}", row.name, row.layout.fields) for code, row in table.items()]
    for messages_of in (messages.UP, messages.DOWN):
        starts += [row_start(f"0x{code:02X}", row.name, row.layout.fields) for code, row in messages_of.items()]
    return starts


@pytest.mark.parametrize("start", expected())
def test_every_declared_message_stands_in_the_document_field_by_field(start: str) -> None:
    row = next((row for row in documented("Opcode", "Type", "Kind") if row.startswith(start)), "")
    assert row, f"docs/protocol.md needs a row that begins with: {start}"
    assert len(row) > len(start) + 10, "and it says what the message means"


def test_the_document_declares_no_message_that_the_code_does_not() -> None:
    starts = expected()
    assert [row for row in documented("Opcode", "Type", "Kind") if not row.startswith(tuple(starts))] == []


@pytest.mark.parametrize("kind", [*ReportState, *Cause, *Codec, *Action, *FrameType], ids=repr)
def test_every_numbered_word_of_the_code_is_in_the_document(
    kind: ReportState | Cause | Codec | Action | FrameType,
) -> None:
    words = kind.name.lower().replace("_", " ").replace(" t", " T")
    if kind is FrameType.ACK:
        words = "acknowledgement"
    assert f"{int(kind)} {words}" in FLOWING or f"| {int(kind)} | `{words}` |" in PAGE


def test_every_error_code_is_in_the_document() -> None:
    for code in ErrorCode:
        assert f"{int(code)} {code.name.lower().replace('_', ' ')}" in FLOWING


def test_sizes_in_the_document_are_those_of_the_code() -> None:
    for number in (ENCODED_OCTETS_MAX, BLOCK_OCTETS, PAYLOAD_OCTETS_MAX, AHEAD_MS_MAX):
        assert f"{number:,}" in PAGE
    assert f"at most {FRAME_OCTETS_MAX} octets" in FLOWING
    assert f"| 12 | 0 to {SERIAL_DATA_OCTETS_MAX} | data |" in PAGE
    windows = [SerialLink(1, baud=baud).window for baud in (115_200, 921_600, 2_000_000)]
    assert (
        "At most {} frames are on their way at 115,200 baud, {} at 921,600, {} at 2,000,000".format(*windows) in FLOWING
    )


def test_every_panel_size_is_in_the_document() -> None:
    for panel in PANELS.values():
        inches = panel.name.partition("-")[0]
        assert re.search(
            rf"^\| {re.escape(inches)} \| {panel.width_px} × {panel.height_px}\b.* \| {panel.rotation}° \|$",
            PAGE,
            re.MULTILINE,
        )


def test_every_file_of_vectors_is_in_the_document() -> None:
    assert all(f"`{subject}.json`" in PAGE for subject in SUBJECTS)


def test_the_picture_of_a_tags_states_is_the_table_of_its_transitions() -> None:
    [drawn] = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", PAGE, re.DOTALL)
    lines = [line.strip() for line in drawn.splitlines()]
    assert lines[0] == "[*] --> unassociated"
    assert lines[1:] == [
        f"{state.name} --> {reached.name}: ".lower() + event.value
        for state, row in TRANSITIONS.items()
        for event, reached in row.items()
        if state.name and reached.name
    ]


# How the page words each field of a profile; a new field has no words here and fails.
WORDED: dict[str, tuple[str, Callable[[Any], str]]] = {
    "image_index_too_high": ("image index too high", lambda code: error(code)),
    "display_index_too_high": ("display index too high", lambda code: error(code)),
    "nothing_of_its_kind": ("no display, LED or sensor at all", lambda code: error(code)),
    "refresh_nothing_shown": ("Refresh Display, nothing shown", lambda code: error(code)),
    "delete_nothing_pending": ("delete, nothing pending", lambda code: error(code)),
    "broadcast_when_connected": ("ESL_ID 255 over the control point", lambda code: error(code)),
    "time_bound": ("plausible times", lambda bound: bound.value),
    "overflow": ("an answer finds no room", lambda overflow: overflow.value),
    "update_complete_answered": ("Update Complete is answered", lambda so: "Basic State" if so else "not"),
    "obeys_broadcast_unassociate": ("Unassociate to a group", lambda so: "obeyed" if so else "not obeyed"),
    "unassociate_after_ms": ("Unassociate takes effect after", lambda ms: f"{ms} ms"),
    "led_seconds_count_runs": (
        "an LED that plays for seconds",
        lambda so: "stops after as many runs, too" if so else "plays so long",
    ),
    "off_after_ms": (
        "unassociated, it switches itself off",
        lambda ms: "never" if ms is None else f"after {ms // 60_000} minutes",
    ),
    "refuses_replays": ("a randomizer used before", lambda so: "not heard" if so else "heard again"),
}


def error(code: int | None) -> str:
    return "obeyed" if code is None else f"Error {int(code)}"


def test_the_profiles_of_stacks_in_the_document_are_those_of_the_code() -> None:
    assert [each.name for each in fields(Quirks)] == ["name", *WORDED]
    assert f"| Case | {' | '.join(f'`{name}`' for name in PROFILES)} |" in PAGE
    for field, (words, text_of) in WORDED.items():
        cells = " | ".join(text_of(getattr(profile, field)) for profile in PROFILES.values())
        assert f"| {words} | {cells} |" in PAGE


def test_every_heading_that_code_cites_is_there() -> None:
    headings = {line.lstrip("# ") for line in PAGE.splitlines() if line.startswith("#")}
    cited = [
        (path, heading)
        for folder in ("firmware_protocol", "gateway", "simulator")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for heading in re.findall(r"docs/protocol\.md,\s+\"([^\"]+)\"", path.read_text(encoding="utf-8"))
    ]
    assert len(cited) >= 5
    assert [(path.name, heading) for path, heading in cited if heading not in headings] == []
