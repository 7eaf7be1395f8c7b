"""Documentation cannot lie: its commands run, its links lead somewhere, its pages speak of folders that exist."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
FENCE = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
READY_S = 90  # a start on a busy machine; a ready gateway is told within 2 s
LOOKS = 120  # of about a second


@dataclass(frozen=True)
class Block:
    page: str
    kind: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [
        Block(page.name, f"{language} {words.strip()}".strip(), text)
        for language, words, text in FENCE.findall(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_that_is_there(page: Path) -> None:
    for named, pictured in LINK.findall(page.read_text(encoding="utf-8")):
        target = (named or pictured).partition("#")[0]
        if target and "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} names {target}"


def test_the_architecture_page_names_every_folder_of_the_gateway() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = [one.parent.name for one in ROOT.glob("gateway/*/__init__.py")]
    assert [one for one in folders if not re.search(rf"\b{one}\b", page)] == []


def test_every_claim_of_the_security_page_names_a_test_that_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    there = {
        name
        for file in ROOT.glob("tests/**/test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 25
    assert sorted(named - there) == []


def test_the_readme_and_the_package_agree_on_the_pythons_they_run_on() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    versions = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"Python {versions[0]} to {versions[-1]}" in readme


class Reader:
    """Somebody who follows the README in an empty folder; what stays up is started, waited for, and ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        bin_folder = Path(sys.executable).parent
        self.environment = {
            **os.environ,
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "ESL_HTTP": "127.0.0.1:0",
            "ESL_MQTT": "127.0.0.1:0",
            "COLUMNS": "120",
        }
        self.environment.pop("ESL_DATA", None)
        self.servers: list[subprocess.Popen[str]] = []

    def run(self, block: Block) -> str:
        done = subprocess.run(
            ["sh", "-eu", "-c", block.text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{block.page}: {block.text}{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, block: Block) -> None:
        """Until its first line: whoever stays up says when it is ready."""
        command = "exec " + block.text.strip()
        server = subprocess.Popen(
            ["sh", "-eu", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.servers.append(server)
        assert server.stdout is not None
        assert server.stdout.readline(), f"{block.text} ended at once with status {server.wait(READY_S)}"

    def leave(self) -> None:
        for server in reversed(self.servers):
            server.terminate()
            server.wait(READY_S)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    yield made
    made.leave()


def test_every_command_of_the_readme_runs_in_its_order(reader: Reader) -> None:
    """`make demo` and `make test` have tests of their own: this one runs inside the second."""
    said = []
    for block in blocks(ROOT / "README.md"):
        if block.kind == "sh" and "make demo" not in block.text:
            said.append(reader.run(block))
        elif block.kind == "sh server":
            reader.start(block)
    assert len(said) >= 4
    assert "3850000000015" in "".join(said)


def test_a_shop_is_backed_up_and_restored_by_the_commands_of_the_page_on_operating(reader: Reader) -> None:
    """As written, but for the two folders: /mnt/backup, and /var/lib/esl of the old machine, then of the new one."""
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    section = page.partition("\n## Backup and restore\n")[2].partition("\n## ")[0]
    backup, restore = (text for language, _, text in FENCE.findall(section) if language == "sh")
    (reader.folder / "disk").mkdir()

    def on(machine: str, text: str) -> Block:
        text = text.replace("/mnt/backup", str(reader.folder / "disk")).replace("/var/lib/esl", machine)
        return Block("operating.md", "sh", text)

    reader.start(on("old", "esl serve --data /var/lib/esl"))
    reader.run(on("old", "esl store add corner-shop --data /var/lib/esl"))
    reader.run(on("old", backup))
    *before, serve = restore.strip().splitlines()
    reader.run(on("new", "\n".join(before)))
    reader.start(on("new", serve))
    assert "corner-shop" in reader.run(on("new", "esl store list --data /var/lib/esl"))


def test_the_commands_of_the_page_on_the_protocol_run(reader: Reader) -> None:
    said = [reader.run(block) for block in blocks(ROOT / "docs" / "protocol.md") if block.kind == "sh"]
    assert len(said) == 2
    assert "1 manifest" in said[0]
    header = (reader.folder / "esl_protocol.h").read_text(encoding="utf-8")
    assert header == (ROOT / "firmware_protocol" / "c" / "esl_protocol.h").read_text(encoding="utf-8")


def test_a_first_tag_shows_a_price_by_the_commands_of_its_page(reader: Reader) -> None:
    """As written, with the virtual module; where a person looks again and puts in the tag's id, so does this."""
    tag = ""
    for block in blocks(ROOT / "docs" / "first-real-tag.md"):
        command = Block(block.page, block.kind, block.text.replace("TAG", tag))
        match block.kind:
            case "sh server":
                reader.start(command)
            case "sh until a tag is found":
                tag = _until(reader, command, re.compile(r"\b[0-9A-F]{16}\b"))
            case "sh until it is confirmed":
                _until(reader, command, re.compile("by report"))
            case _ if block.kind.startswith("sh"):
                reader.run(command)
    assert tag


def _until(reader: Reader, block: Block, wanted: re.Pattern[str]) -> str:
    """Look again and again, as a person does."""
    for _ in range(LOOKS):
        if (found := wanted.search(reader.run(block))) is not None:
            return found.group()
    raise AssertionError(f"{block.text} never said {wanted.pattern}")
