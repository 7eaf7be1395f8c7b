"""The gateway is killed again and again while a real price list comes in: nothing answered is lost, nothing goes back.

CI: the first 3,000 rows of the list, 60 tags, 2 kills, panels 20 times as quick. ESL_TEST_LONG=1: the whole list, 2,000
tags, 20 kills, at real refresh times. Over MQTT and over serial lines; every change of every glass is looked at.
"""

import json
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import price_list_file
import pytest
from acceptance_sizes import LONG, size, wait_for
from gateway_process import GatewayProcess, gateway
from real_shop import SETTINGS, STORE, Document, all_confirmed, bind_all, displays, import_rows, said
from watched_fleet import GlassStory, watched_fleet

from firmware_protocol import PANELS, content_id
from gateway.catalog import RowMode
from simulator.cli.running import Carrier
from simulator.world.judge import Judge

pytestmark = [
    price_list_file.needs_it,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]
ROWS = size(3_000, price_list_file.ROWS)
TAGS, BRIDGES = size(60, 2_000), size(1, 4)
KILLS = size(2, 20)
SPEED = size(20, 1)
ROWS_A_PUSH = 250
ROWS_AHEAD_MAX = 2 * ROWS_A_PUSH  # of the next kill, so that the kills do not all fall behind the last row
WITHIN_S = size(300, 3 * 3600)
ANSWER_S = 60


@dataclass
class Till:
    """A POS that sends the list in small pushes, each until it is answered, and a stock level beside each push."""

    data: Path
    token: str
    rows: list[dict[str, object]]
    beside: list[str]  # barcodes whose stock is sent
    session: str = ""
    rows_accepted: int = 0
    rows_allowed: int = 0  # it waits here for the next kill
    stock: dict[str, int] = field(default_factory=dict)  # what was answered with success, by barcode
    unanswered: int = 0
    sent_home: bool = False  # the test has failed: nobody will answer any more
    failed: BaseException | None = None

    def run(self) -> None:
        try:
            self._send_all()
        except BaseException as error:
            self.failed = error
            raise

    def _send_all(self) -> None:
        with httpx.Client(timeout=ANSWER_S, headers={"authorization": f"Bearer {self.token}"}) as client:
            self.session = str(self._post(client, "/batch/start", {})["sessionId"])
            for number, start in enumerate(range(0, len(self.rows), ROWS_A_PUSH)):
                wait_for(lambda: self.sent_home or self.rows_accepted < self.rows_allowed, WITHIN_S, "the next kill")
                pushed = self.rows[start : start + ROWS_A_PUSH]
                self._post(client, "/batch/push", {"sessionId": self.session, "products": pushed})
                self.rows_accepted = start + len(pushed)
                barcode = self.beside[number % len(self.beside)]
                self._post(client, "/productUpdate", [{"barcode": barcode, "stock": number}])
                self.stock[barcode] = number
            self._post(client, "/batch/complete", {"sessionId": self.session})

    def _post(self, client: httpx.Client, path: str, body: object) -> Document:
        """Under one key until it is answered, wherever the gateway listens by then."""
        key = f"{path}-{self.rows_accepted}-{len(self.stock)}"
        found: list[Document] = []

        def answered() -> bool:
            assert not self.sent_home
            try:
                url = json.loads((self.data / "endpoint.json").read_text())["http"]
                answer = client.post(url + path, json=body, headers={"idempotency-key": key})
            except (httpx.TransportError, OSError):
                self.unanswered += 1
                return False
            assert answer.status_code in (200, 207), answer.text
            found.append(answer.json())
            return True

        wait_for(answered, WITHIN_S, f"{path} answered")
        return found[0]


@dataclass(frozen=True)
class Kill:
    """When: so many of `figure` of the batch's status; `rows_accepted` is what the till has heard."""

    figure: str
    share: float


def kills() -> list[Kill]:
    """Half of them spread over the rows as they are accepted, the others over saving and proving."""
    sending = KILLS - KILLS // 2
    saving = KILLS // 2 - KILLS // 4
    proving = KILLS // 4
    return [
        *(Kill("rows_accepted", (number + 0.5) / sending) for number in range(sending)),
        *(Kill("productsSaved", (number + 0.3) / saving) for number in range(saving)),
        *(Kill("tagsConfirmed", (number + 0.3) / proving) for number in range(proving)),
    ]


class Machine:
    """The gateway's machine: it runs one gateway after the other on the same folder."""

    def __init__(self, data: Path, stack: ExitStack) -> None:
        self.data, self._stack = data, stack
        self.running = stack.enter_context(gateway(data))

    def kill(self) -> None:
        """SIGKILL; nothing of it is left; the next one runs on the same ports."""
        before = self.running.endpoint["http"]
        self.running.process.send_signal(signal.SIGKILL)
        self.running.process.wait()
        assert self.running.gone()
        self.running = self._stack.enter_context(gateway(self.data))
        assert self.running.endpoint["http"] == before

    def status(self, session: str) -> Document:
        found: Document = self.running.admin("GET", f"/admin/batches/{session}").raise_for_status().json()
        return found


def kill_when(machine: Machine, till: Till, kill: Kill) -> None:
    """Wait for the moment, kill, and see that what was answered before is still there."""
    is_sending = kill.figure == "rows_accepted"
    wanted = kill.share * (TAGS if kill.figure == "tagsConfirmed" else len(till.rows))
    till.rows_allowed = int(wanted) + ROWS_AHEAD_MAX if is_sending else len(till.rows)

    def has_come() -> float | None:
        assert till.failed is None, till.failed
        reached = till.rows_accepted if is_sending else machine.status(till.session)[kill.figure]
        return reached if reached >= wanted else None

    reached = wait_for(has_come, WITHIN_S, lambda: f"{kill}: {till.rows_accepted} rows accepted")
    accepted, stock = till.rows_accepted, dict(till.stock)
    machine.kill()
    print(f"killed at {reached} of {kill.figure}, wanted {wanted:.0f}; {accepted} rows accepted")
    assert machine.status(till.session)["productsReceived"] >= accepted
    if is_sending:
        assert accepted < wanted + ROWS_AHEAD_MAX + ROWS_A_PUSH
        for barcode, level in stock.items():
            assert int(product(machine.running, barcode)["stock"]) >= level


def product(running: GatewayProcess, barcode: str) -> Document:
    path = f"/admin/stores/{STORE}/products/one?barcode={barcode}"
    found: Document = running.admin("GET", path).raise_for_status().json()
    return found


def products(running: GatewayProcess) -> dict[str, Document]:
    found: dict[str, Document] = {}
    after = ""
    while after is not None:
        page = running.admin("GET", f"/admin/stores/{STORE}/products?after={after}").raise_for_status().json()
        found |= {one["barcode"]: one for one in page["products"]}
        after = page["next"]
    return found


@pytest.mark.parametrize("carrier", ["mqtt", "serial"])
def test_killed_at_moments_spread_over_a_batch_it_loses_nothing_and_no_glass_goes_back(
    carrier: Carrier, tmp_path: Path
) -> None:
    print(f"{ROWS} rows, {TAGS} tags, {KILLS} kills, speed {SPEED}, over {carrier}{' (full size)' if LONG else ''}")
    data = tmp_path / "data"
    rows = price_list_file.rows_sent()[:ROWS]
    first = [
        {"barcode": row["barcode"], "name": "Uskoro", "price": "0.01"} for row in price_list_file.spread(rows, TAGS)
    ]
    judge = Judge(SETTINGS)
    with ExitStack() as stack:
        machine = Machine(data, stack)
        said(data, "store", "add", STORE)
        import_rows(data, tmp_path / "first.json", first)
        judge.accepted(first, RowMode.ADD)
        fleet = stack.enter_context(
            watched_fleet(data, STORE, carrier=carrier, tags=TAGS, bridges=BRIDGES, speed=SPEED)
        )
        bound = bind_all(data)
        assert len(bound) == TAGS
        all_confirmed(machine.running, WITHIN_S)
        older = expected_contents(judge, bound, machine.running)

        token = said(data, "token", "create", "--store", STORE, "--kind", "sandbox")["token"]
        till = Till(data, token, rows, sorted(bound.values())[:7])
        sending = threading.Thread(target=till.run, name="till")
        stack.callback(setattr, till, "sent_home", True)
        sending.start()
        for kill in kills():
            kill_when(machine, till, kill)
        sending.join(WITHIN_S)
        assert till.failed is None
        assert not sending.is_alive()
        wait_for(
            lambda: machine.status(till.session)["status"] == "completed",
            WITHIN_S,
            lambda: machine.status(till.session),
        )
        all_confirmed(machine.running, WITHIN_S)
        for start in range(0, len(rows), ROWS_A_PUSH):
            judge.accepted(rows[start : start + ROWS_A_PUSH], RowMode.UPDATE)
        newer = expected_contents(judge, bound, machine.running)

        status = machine.status(till.session)
        good = [row for row in rows if row.get("barcode")]
        print(f"{till.unanswered} tries of the till went unanswered")
        assert (status["productsReceived"], status["productsSaved"]) == (len(rows), len(good))
        assert status["tagsTotal"] == TAGS
        kept = products(machine.running)
        for barcode, row in {str(row["barcode"]): row for row in good}.items():
            assert kept[barcode]["name"] == row["name"]
            assert Decimal(kept[barcode]["price"]) == Decimal(str(row["price"])), row
        for barcode, level in till.stock.items():
            assert int(kept[barcode]["stock"]) == level
    for display, story in fleet.stories.items():
        went_forward(story, [older[display], newer[display]])


def expected_contents(judge: Judge, bound: dict[str, str], running: GatewayProcess) -> dict[str, bytes]:
    """What each glass should show by the rows sent so far."""
    found = {}
    for one in displays(running):
        panel = PANELS[one["panel"]]
        barcode = bound[one["displayId"]]
        planes = judge.expected(one["displayId"], panel.name, [barcode], datetime.now(UTC)).planes
        found[one["displayId"]] = content_id(panel, planes)
    return found


def went_forward(story: GlassStory, wanted: list[bytes]) -> None:
    """What came from the factory, then the older price, then the newer one; nothing else and never back."""
    priced = [shown for shown in story.contents if shown in wanted]
    assert priced == wanted, "it showed its prices in another order"
    assert story.contents[-2:] == wanted, "it showed something else between the prices"
    assert len(story.contents) <= 3
    assert story.revisions == sorted(set(story.revisions))
