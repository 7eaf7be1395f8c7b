"""What docs/protocol.md says to whoever builds a tag is what the package's own tag does."""

import subprocess
import sys
from pathlib import Path

from firmware_protocol import ReportState
from firmware_protocol.counters import TAG_RESERVE
from firmware_protocol.link.limits import PAYLOAD_MESSAGES_MAX

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
BUILDING = PAGE.partition("\n## Building a tag\n")[2].partition("\n## ")[0]


def test_the_first_contact_in_the_document_is_what_a_tag_says() -> None:
    command = [sys.executable, "-m", "tools.first_contact"]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    shown = PAGE.partition("<!-- first contact -->\n\n")[2].partition("\n<!-- end of the first contact -->")[0]
    assert shown == played, "put in what `python -m tools.first_contact` prints"
    assert played.count("```text") >= 15


def test_every_state_of_a_report_has_its_rule() -> None:
    for state in ReportState:
        assert state.name.lower().replace("_", " ").replace(" t", " T") in BUILDING


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"its {TAG_RESERVE:,} counters" in BUILDING
    assert f"then messages, at most {PAYLOAD_MESSAGES_MAX:,}" in PAGE
