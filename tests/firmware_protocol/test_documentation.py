"""docs/protocol.md cannot lie: its tables are the code's tables, and what the code cites of it is there."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from firmware_protocol import Action, Codec, ReportState
from firmware_protocol.encoding import BLOCK_OCTETS, ENCODED_OCTETS_MAX
from firmware_protocol.link import messages
from firmware_protocol.link.frames import FrameType
from firmware_protocol.link.limits import PAYLOAD_OCTETS_MAX, SERIAL_DATA_OCTETS_MAX
from firmware_protocol.link.serial import SerialLink
from firmware_protocol.panels import PANELS
from firmware_protocol.poll import FRAME_OCTETS_MAX, FRAMES, ITEMS_DOWN, ITEMS_UP
from firmware_protocol.tlv import COMMANDS, RESPONSES, ErrorCode
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


def expected() -> list[str]:
    services = [*COMMANDS.values(), *RESPONSES.values()]
    starts = [
        row_start(
            f"0x{row.opcode:02X}" if row.opcode_mask == 0xFF else f"0x?{row.opcode:X}", row.name, row.layout.fields
        )
        for row in services
    ]
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


@pytest.mark.parametrize("kind", [*ReportState, *Codec, *Action, *FrameType], ids=repr)
def test_every_numbered_word_of_the_code_is_in_the_document(kind: ReportState | Codec | Action | FrameType) -> None:
    words = kind.name.lower().replace("_", " ").replace(" t", " T")
    if kind is FrameType.ACK:
        words = "acknowledgement"
    assert f"{int(kind)} {words}" in FLOWING or f"| {int(kind)} | `{words}` |" in PAGE


def test_every_error_code_is_in_the_document() -> None:
    for code in ErrorCode:
        assert f"{int(code)} {code.name.lower().replace('_', ' ')}" in FLOWING


def test_sizes_in_the_document_are_those_of_the_code() -> None:
    for number in (ENCODED_OCTETS_MAX, BLOCK_OCTETS, PAYLOAD_OCTETS_MAX):
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
