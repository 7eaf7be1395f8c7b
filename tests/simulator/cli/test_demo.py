"""`esl demo` as a person runs it: it opens a shop, a price turns, buttons break it, and nothing stays behind."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

OPENS_WITHIN_S = 240  # on a machine that does ten other things
ENDS_WITHIN_S = 60
TURNS_WITHIN_S = 3.0  # what the issue promises, on a machine of its own
BUSY_FACTOR = float(os.environ.get("ESL_TEST_BUSY_FACTOR", "5"))
QUICK = ("--tags", "6", "--speed", "40")


class Demo:
    """A running `esl demo` that stays up. `screen`: what it has said so far."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._said = data.with_suffix(".screen")
        command = [sys.executable, "-m", "gateway.cli", "demo", "--data", str(data), *QUICK, *options]
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(command, stderr=said, stdout=said, start_new_session=True)

    @property
    def screen(self) -> str:
        return self._said.read_text(errors="replace")

    def until_open(self) -> "Demo":
        deadline = time.monotonic() + OPENS_WITHIN_S
        while "Ctrl-C stops" not in self.screen:
            assert self.process.poll() is None, self.screen
            assert time.monotonic() < deadline, self.screen
            time.sleep(0.1)
        return self

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def family(self) -> list[str]:
        """Living processes that know the data folder: the gateway, its broker."""
        found = []
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.data) in command and int(line.parent.name) != os.getpid():
                found.append(command)
        return found

    def display(self, display_id: str) -> dict[str, object]:
        url = json.loads((self.data / "endpoint.json").read_text())["http"]
        token = (self.data / "admin.token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        found: dict[str, object] = httpx.get(f"{url}/admin/displays/{display_id}", headers=headers, timeout=30).json()
        return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Port 8080 is taken, by us if by nobody else."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        except OSError:
            pass
        demo = Demo(tmp_path_factory.mktemp("demo") / "shop")
        try:
            yield demo.until_open()
        finally:
            if demo.process.poll() is None:
                demo.process.kill()
                demo.process.wait()


def test_the_last_screen_fits_and_a_taken_port_takes_the_next(shop: Demo) -> None:
    lines = shop.screen.splitlines()
    rows = sum(max(1, -(-len(line) // 80)) for line in lines)
    assert rows <= 24, shop.screen
    (wall,) = re.findall(r"http://127\.0\.0\.1:(\d+)/console", shop.screen)
    assert int(wall) != 8080
    assert re.search(r"From start to the first green label: \d+\.\d s", shop.screen)


def test_the_ready_curl_line_turns_its_label_at_once(shop: Demo) -> None:
    (curl,) = re.findall(r"^curl .*$", shop.screen, re.MULTILINE)
    (label,) = re.findall(r"/glass/([0-9A-F]{16}\.\d)", shop.screen)
    before = shop.display(label)
    assert str(before["panel"]).endswith("-bw")
    assert isinstance(before["desiredRevision"], int)
    began_s = time.monotonic()
    answer = json.loads(subprocess.run(shlex.split(curl), capture_output=True, check=True, timeout=60).stdout)
    assert answer["updated"] == 1
    assert answer["displays"] == 1
    while not ((now := shop.display(label))["confirmed"] and now["desiredRevision"] == before["desiredRevision"] + 1):
        assert time.monotonic() - began_s < TURNS_WITHIN_S * BUSY_FACTOR, now
        time.sleep(0.02)


def test_the_buttons_answer_the_wall_and_nobody_elses_page(shop: Demo) -> None:
    (wall,) = re.findall(r"(http://127\.0\.0\.1:\d+)/console", shop.screen)
    page = httpx.get(f"{wall}/console", timeout=60).text
    (control,) = re.findall(r'data-demo="(http://127\.0\.0\.1:\d+)"', page)
    stranger = httpx.post(f"{control}/loss", headers={"origin": "https://example.com"}, timeout=60)
    assert stranger.status_code == 403
    assert "access-control-allow-origin" not in stranger.headers
    assert httpx.post(f"{control}/format-disk", headers={"origin": wall}, timeout=60).status_code == 404
    pressed = httpx.post(f"{control}/kill-tags", headers={"origin": wall}, timeout=60)
    assert pressed.headers["access-control-allow-origin"] == wall
    assert pressed.json()["words"].startswith("6 tags are dead")


def test_ctrl_c_ends_all_of_it_and_the_shop_is_taken_up_again(shop: Demo) -> None:
    assert shop.stop(signal.SIGINT) == 0, shop.screen
    assert shop.family() == []
    again = Demo(shop.data).until_open()
    try:
        displays = json.loads((shop.data / "demo" / "made.json").read_text())["tags"]
        assert f"{displays} of {displays} labels prove their price" in again.screen
    finally:
        status = again.stop(signal.SIGTERM)
    assert status == 0, again.screen
    assert again.family() == []


def test_a_demo_that_is_killed_takes_its_gateway_along(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "shop")
    try:
        demo.until_open()
    finally:
        demo.stop(signal.SIGKILL)
    deadline = time.monotonic() + ENDS_WITHIN_S
    while left := demo.family():
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
