"""`esl sandbox` as a POS developer runs it: products take free labels, faults are pressed, the checklist moves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("sandbox")  # one after the other, in one shop
PROVED_WITHIN_S = 120
LOOKED_EVERY_S = 0.1
FAULTS = ["kill-gateway", "unplug-bridge", "loss", "kill-tags", "freeze-gateway"]


class RunningSandbox:
    """`ready`: what it printed."""

    def __init__(self, data: Path) -> None:
        self.data = data
        words = ["sandbox", "--displays", "8", "--speed", "40", "--data", str(data), "--http", "127.0.0.1:0", "--json"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", *words], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.pos = httpx.Client(
            base_url=self.ready["url"], headers={"authorization": f"Bearer {self.ready['token']}"}, timeout=60
        )

    def proved(self) -> dict[str, bool]:
        """By barcode, of every label that has one."""
        admin = (self.data / "admin.token").read_text().strip()
        url = json.loads((self.data / "endpoint.json").read_text())["http"]
        answer = httpx.get(
            f"{url}/admin/displays",
            params={"store": self.ready["store"]},
            headers={"authorization": f"Bearer {admin}"},
            timeout=60,
        )
        return {one["barcodes"][0]: one["confirmed"] for one in answer.json()["displays"] if one["barcodes"]}

    def until_proved(self, *barcodes: str) -> None:
        deadline = time.monotonic() + PROVED_WITHIN_S
        while True:
            try:
                found = self.proved()
            except (httpx.TransportError, FileNotFoundError):
                found = {}
            if set(barcodes) <= set(found) and all(found.values()):
                return
            assert time.monotonic() < deadline, found
            time.sleep(LOOKED_EVERY_S)

    def saved(self, row: dict[str, str]) -> None:
        """As a POS that asks again does it: until a gateway that may be down or frozen has answered."""
        deadline = time.monotonic() + PROVED_WITHIN_S
        while True:
            try:
                answer = self.pos.post("/add", json=[row])
                if answer.status_code == 200:
                    return
                told = answer.text
            except httpx.TransportError as error:
                told = repr(error)
            assert time.monotonic() < deadline, told
            time.sleep(LOOKED_EVERY_S)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "shop")
    try:
        yield running
    finally:
        running.process.terminate()  # killed, it would leave its gateway behind
        running.process.wait(60)


def test_what_a_pos_sends_takes_free_labels_and_is_proved_on_them(sandbox: RunningSandbox) -> None:
    rows = [{"barcode": f"SKU-{n}", "name": f"Artikl {n}", "price": f"{n}.49"} for n in range(1, 6)]
    answer = sandbox.pos.post("/add", json=rows)
    assert answer.status_code == 200
    assert answer.headers["x-esl-environment"] == "sandbox"
    sandbox.until_proved(*(str(row["barcode"]) for row in rows))
    assert len(sandbox.proved()) == 5, "three of eight labels are still free"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_pressed_by_its_name_and_heals_by_itself(sandbox: RunningSandbox, fault: str) -> None:
    assert list(sandbox.ready["faults"]) == FAULTS
    words = httpx.post(sandbox.ready["faults"][fault], timeout=60).json()["words"]
    assert words.endswith((".", "open."))
    assert " 0 " not in words, "no prices of ours are on their way here"
    sandbox.saved({"barcode": "SKU-1", "name": "Artikl 1", "price": f"{10 + FAULTS.index(fault)}.99"})
    sandbox.until_proved("SKU-1")


def test_the_checklist_tells_what_the_traffic_has_shown(sandbox: RunningSandbox) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "sandbox", "report", "demo", "--data", str(sandbox.data), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, "a whole batch was not sent yet"
    items = {one["mark"]: one["doneAt"] is not None for one in json.loads(done.stdout)["items"]}
    assert items["authenticated"]
    assert not items["batch_completed"]


def test_an_end_leaves_nothing_behind(sandbox: RunningSandbox) -> None:
    sandbox.process.send_signal(signal.SIGTERM)
    assert sandbox.process.wait(60) == 0
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = line.read_bytes()
        except OSError:
            continue
        assert str(sandbox.data).encode() not in command or int(line.parent.name) == os.getpid()
