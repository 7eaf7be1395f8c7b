"""`esl protocol` explains frames, says what is wrong with a bad one, and writes the header."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from firmware_protocol.c_header import c_header
from gateway.cli.errors import CommandFailed
from gateway.cli.protocol import register

CONTACT = "A4C13800000000011100020603" + "0102030405"


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    made = typer.Typer()
    register(made)
    made.command("another")(lambda: None)  # so that the group keeps its name
    return made


def run(app: typer.Typer, *words: str, stdin: str = "") -> str:
    ended = CliRunner().invoke(app, ["protocol", *words], input=stdin, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_a_frame_is_explained_field_by_field_its_items_deeper(app: typer.Typer) -> None:
    said = run(app, "decode", "A4:C1:38:00 00-00-00-01 11 00 04 06 01 0102030405")
    lines = [line.split() for line in said.splitlines()[1:]]
    assert said.startswith("poll-up: ")
    assert ["8", "11", "type", "0x11"] in [line[:4] for line in lines]
    assert ["12", "01", "what", "1", "manifest"] in [line[:5] for line in lines]
    assert "counter 21542142465, down" in said
    assert "        what " in said, "an item's fields stand deeper than the frame's"


def test_all_kinds_that_fit_are_shown_and_one_can_be_chosen(app: typer.Typer) -> None:
    assert "--as commands|responses" in run(app, "decode", "0002")
    assert "Error" not in run(app, "decode", "0002", "--as", "commands")
    found = json.loads(run(app, "decode", "-", "--json", stdin="00 02\n"))
    assert [one["kind"] for one in found["readings"]] == ["commands", "responses"]
    assert found["readings"][0]["fields"][1] == {
        "offset": 1,
        "octets": "02",
        "depth": 1,
        "name": "esl_id",
        "value": "2",
        "meaning": "the tag's number in its group; on poll 0, and not looked at",
    }


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        (("A4C1380000000001110009",), r"item\.kind is 9 at byte 10: a kind this version knows", 1),
        (("00" * 64, "--as", "manifest"), r"manifest\.encoded_size is 0 at byte 40: 1 to 262144", 1),
        (("0x0G",), "HEX is 'G' at digit 1: hex digits", 1),
        (("000",), "3 digits: two for each octet", 1),
        (("00", "--as", "letter"), "no kind letter: one of commands", 2),
    ],
)
def test_what_is_wrong_is_named_by_field_place_and_rule(
    app: typer.Typer, words: tuple[str, ...], said: str, status: int
) -> None:
    with pytest.raises(CommandFailed, match=said) as caught:
        CliRunner().invoke(app, ["protocol", "decode", *words], catch_exceptions=False)
    assert caught.value.status == status


def test_the_header_is_written_to_a_file_or_told(app: typer.Typer, tmp_path: Path) -> None:
    run(app, "header", str(tmp_path / "esl_protocol.h"))
    assert (tmp_path / "esl_protocol.h").read_text(encoding="utf-8") == c_header() == run(app, "header")
    with pytest.raises(CommandFailed, match="cannot be written"):
        run(app, "header", str(tmp_path / "nowhere" / "esl_protocol.h"))


def test_every_kind_is_listed_with_what_it_is(app: typer.Typer) -> None:
    listed = run(app, "kinds").splitlines()
    assert len(listed) == len(json.loads(run(app, "kinds", "--json"))["kinds"]) >= 16
    assert all(len(line.split(None, 1)) == 2 for line in listed)


def test_a_frame_that_is_not_in_hex_is_refused_in_one_line() -> None:
    command = [sys.executable, "-m", "gateway.cli", "protocol", "decode", "-"]
    ended = subprocess.run(command, input=b"\xff\x00\x11", capture_output=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"esl: standard input is no text")
    assert ended.stderr.count(b"\n") == 1
