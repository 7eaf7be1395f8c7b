"""Any history of a shop: the newest accepted price wins on every glass, and nothing is confirmed that no glass shows.

36 examples here, 1,000 with ESL_TEST_LONG=1, which also prints how often each pair of steps met.
"""

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware_protocol import PANELS, content_id
from gateway.catalog import ParsedRow, RowMode
from gateway.shelf import Fact
from simulator.clock import VirtualClock
from simulator.faults import FaultRates
from simulator.fleet import FleetPlan
from simulator.limits import CONTACT_S
from simulator.panel import RefreshRates
from simulator.virtual_time import VirtualLoop
from simulator.world import World
from simulator.world.memory_folder import memory_folder
from simulator.world.world import Proof, Row

LONG = os.environ.get("ESL_TEST_LONG") == "1"
START = datetime(2026, 3, 27, 20, 0, tzinfo=UTC)  # a daylight-saving change is two days away
BARCODES = [f"SKU-{number}" for number in range(4)]
NEVER_ADDED = "SKU-9"  # comes in batches alone
PRICES = st.sampled_from(["1.29", "1.39", "2.00", "10.49"])
BARCODE = st.sampled_from(BARCODES)
PUSHED = st.sampled_from([*BARCODES, NEVER_ADDED])
CRASH_AFTER = st.one_of(st.none(), st.integers(0, 40))  # turns of the loop: each await is one
MET: Counter[tuple[str, str]] = Counter()


def moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class AnyHistoryOfAShop(RuleBasedStateMachine):
    """The world, driven step by step; whatever a POS got no answer for it sends again, with the same key."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.clock = VirtualClock(self.loop, START)
        self.folder = memory_folder("esl-history-")
        self.open_sessions: dict[str, list[tuple[int, ParsedRow]]] = {}
        self.completed: list[str] = []
        self.proofs_seen = 0
        self.proved: set[str] = set()
        self.untold: set[str] = set()
        self.excused: list[Proof] = []
        self.requests = 0
        self.last_step = "start"
        self.revisions: dict[str, int] = {}
        self.opened: Any = None

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def step(self, name: str) -> None:
        MET[(self.last_step, name)] += 1
        self.last_step = name

    @initialize(seed=st.integers(0, 1 << 16), faulty=st.booleans())
    def a_shop_opens(self, seed: int, faulty: bool) -> None:
        rates = FaultRates(0.05, 0.05, 0.05, 0.05) if faulty else FaultRates()
        self.opened = World.open(self.clock, Path(self.folder.name), FleetPlan(seed=seed, tags=3, link_rates=rates))
        self.world: World = self.run(self.opened.__aenter__())
        self.run(self.world.add(*({"barcode": code, "name": f"Artikl {code}", "price": "1.29"} for code in BARCODES)))
        self.run(self.world.bind_all())

    # what a POS does

    @rule(barcode=BARCODE, price=PRICES, crash=CRASH_AFTER)
    def adds(self, barcode: str, price: str, crash: int | None) -> None:
        self.step("add")
        self.send("/add", RowMode.ADD, {"barcode": barcode, "name": f"Artikl {barcode}", "price": price}, crash)

    @rule(barcode=BARCODE, price=PRICES, crash=CRASH_AFTER)
    def updates(self, barcode: str, price: str, crash: int | None) -> None:
        self.step("update")
        self.send("/productUpdate", RowMode.UPDATE, {"barcode": barcode, "price": price}, crash)

    @rule(barcode=BARCODE, first=PRICES, crash=CRASH_AFTER)
    def a_price_goes_and_comes_back(self, barcode: str, first: str, crash: int | None) -> None:
        self.step("a-b-a")
        for price in (first, "3.33", first):
            self.send("/productUpdate", RowMode.UPDATE, {"barcode": barcode, "price": price}, crash)

    @rule(barcode=BARCODE, sale=PRICES, start=st.integers(-60, 60), length=st.integers(1, 120), crash=CRASH_AFTER)
    def starts_a_sale(self, barcode: str, sale: str, start: int, length: int, crash: int | None) -> None:
        self.step("sale")
        begin = self.clock.now() + timedelta(minutes=start)
        end = begin + timedelta(minutes=length)
        row: Row = {"barcode": barcode, "salePrice": sale, "saleStart": moment(begin), "saleEnd": moment(end)}
        self.send("/productUpdate", RowMode.UPDATE, row, crash)

    @rule(
        barcode=BARCODE,
        row=st.sampled_from(
            [
                {"price": "0"},
                {"salePrice": 0},
                {"salePrice": None, "onSale": None},
                {"onSale": False},
                {"onSale": True},
                {"saleEnd": "0001-01-01T00:00:00"},
                {"saleStart": "9999-12-31", "saleEnd": ""},
                {"price": None, "stock": 3},
                {"price": 1.2900000000000003},
            ]
        ),
    )
    def sends_zeros_nulls_and_placeholders(self, barcode: str, row: Row) -> None:
        self.step("zeros")
        self.send("/productUpdate", RowMode.UPDATE, {"barcode": barcode, **row}, None)

    @rule(rows=st.lists(st.tuples(PUSHED, PRICES, st.booleans()), min_size=1, max_size=4), crash=CRASH_AFTER)
    def pushes_a_batch(self, rows: list[tuple[str, str, bool]], crash: int | None) -> None:
        self.step("push")
        answer = self.post("/batch/start", {}, crash)
        if answer.status_code == 429 or answer.status_code == 409:
            return  # sixteen are open already
        session = str(answer.json()["sessionId"])
        pushed: list[Row] = []
        for code, price, named in rows:
            row: Row = {"barcode": code, "price": price}
            pushed.append(row | {"name": f"Artikl {code}"} if named else row)
        answer = self.post("/batch/push", {"sessionId": session, "products": pushed}, crash)
        assert answer.status_code in (200, 207, 422), answer.text  # without a name, only what is there is known
        self.open_sessions[session] = self.world.judge.number(pushed, RowMode.UPDATE)

    @precondition(lambda self: self.open_sessions)
    @rule(which=st.integers(0, 15), crash=CRASH_AFTER)
    def completes_a_batch(self, which: int, crash: int | None) -> None:
        self.step("complete")
        session = list(self.open_sessions)[which % len(self.open_sessions)]
        numbered = self.open_sessions.pop(session)
        answer = self.post("/batch/complete", {"sessionId": session}, crash)
        assert answer.status_code in (200, 410), answer.text
        if answer.status_code == 200:
            self.world.judge.apply(numbered)
            self.completed.append(session)

    @rule(barcode=PUSHED, crash=CRASH_AFTER)
    def removes_a_product(self, barcode: str, crash: int | None) -> None:
        self.step("remove")
        self.remove([barcode], crash)

    @precondition(lambda self: self.open_sessions)
    @rule(which=st.integers(0, 15))
    def removes_what_an_open_batch_holds(self, which: int) -> None:
        self.step("unstage")
        staged = list(self.open_sessions.values())[which % len(self.open_sessions)]
        self.remove(sorted({row.barcode for _, row in staged}), None)

    @precondition(lambda self: self.open_sessions)
    @rule(tag=st.integers(0, 2), which=st.integers(0, 15), barcode=BARCODE)
    def somebody_binds_while_a_batch_is_carried_out(self, tag: int, which: int, barcode: str) -> None:
        self.step("bind-in")
        self.completes_a_batch(which, None)
        self.somebody_binds(tag, barcode)

    # what people do

    @rule(which=st.integers(0, 2), barcode=BARCODE)
    def somebody_binds(self, which: int, barcode: str) -> None:
        self.step("bind")
        display = self.run(self.world.displays())[which]
        answer = self.run(
            self.world.admin.put(f"/admin/displays/{display.display_id}/binding", json={"barcodes": [barcode]})
        )
        assert answer.status_code in (200, 404), answer.text  # a removed product cannot be bound

    @rule(which=st.integers(0, 2))
    def somebody_unbinds(self, which: int) -> None:
        self.step("unbind")
        self.run(self.world.unbind(self.run(self.world.displays())[which].display_id))

    # what befalls the shop

    @rule(seconds=st.sampled_from([1, 20, 70, 400, 2000]))
    def time_passes(self, seconds: int) -> None:
        self.step("time")
        self.run(self.clock.sleep(seconds))

    @rule(turns=st.integers(0, 40))
    def the_gateway_is_killed(self, turns: int) -> None:
        self.step("kill")
        self.run(self.crash_after(turns))
        self.run(self.world.start())

    @rule(which=st.integers(0, 2))
    def a_tag_reboots(self, which: int) -> None:
        self.step("reboot")
        self.world.fleet.reboot_tag(list(self.world.fleet.tags)[which])

    @rule(which=st.integers(0, 2))
    def somebody_resets_a_tag_with_a_pin(self, which: int) -> None:
        self.step("reset")
        tag_id = list(self.world.fleet.tags)[which]
        self.world.fleet.tags[tag_id].factory_reset()
        self.untold.add(f"{tag_id}.0")
        self.revisions = {name: seen for name, seen in self.revisions.items() if not name.startswith(f"{tag_id}.")}

    @rule(which=st.integers(0, 2))
    def a_button_page_takes_the_glass(self, which: int) -> None:
        self.step("page")
        tag = list(self.world.fleet.tags.values())[which]
        tag.show_own_page()
        self.untold.add(f"{tag.tag_id}.0")

    @rule(rate=st.sampled_from([0.0, 0.5]))
    def refreshes_fail(self, rate: float) -> None:
        self.step("refresh")
        self.set_refresh_rates(RefreshRates(busy_missing=rate))

    @rule()
    def a_bridge_forgets_everything(self) -> None:
        self.step("bridge")
        self.world.fleet.restart_bridge("bridge-1")

    # what must hold

    @invariant()
    def no_display_goes_back_to_an_older_revision(self) -> None:
        if self.opened is None:
            return
        for tag_id, tag in self.world.fleet.tags.items():
            for index in range(len(tag.glasses)):
                held = tag.hold(index)
                name = f"{tag_id}.{index}"
                assert held.revision >= self.revisions.get(name, 0), f"{name} went back"
                self.revisions[name] = held.revision

    @invariant()
    def nothing_is_confirmed_that_no_glass_shows(self) -> None:
        """But for a glass that was drawn over since its last proof: the gateway cannot know before the tag says so."""
        if self.opened is None:
            return
        self.hear_proofs()
        for one in self.run(self.world.displays()):
            if one.confirmed and one.display_id not in self.untold:
                on_glass = content_id(PANELS[one.panel], self.world.glass(one.display_id))
                assert on_glass == one.desired_content_id, f"{one.display_id} shows something else"
        if self.completed:
            told = self.run(self.world.status(self.completed[-1]))
            assert int(str(told["tagsConfirmed"])) <= min(int(str(told["tagsTotal"])), len(self.proved)), told

    def hear_proofs(self) -> None:
        """What is settled, nobody asked the tag: it is excused where a glass was drawn over and nothing told of it."""
        for proof in self.world.proofs[self.proofs_seen :]:
            self.proved.add(proof.display_id)
            if proof.fact is not Fact.SETTLED:
                self.untold.discard(proof.display_id)
            elif proof.display_id in self.untold:
                self.excused.append(proof)
        self.proofs_seen = len(self.world.proofs)

    def teardown(self) -> None:
        try:
            if self.opened is not None:
                self.world.fleet.set_link_rates(FaultRates())
                self.set_refresh_rates(RefreshRates())
                self.run(self.clock.sleep(3 * CONTACT_S))  # a glass that was drawn over is told of at the next contact
                self.run(self.world.run_until_quiet(4 * 3600))
                self.hear_proofs()
                assert [one for one in self.run(self.world.false_proofs()) if one not in self.excused] == []
                assert self.run(self.world.differences()) == []
                self.run(self.opened.__aexit__(None, None, None))
        finally:
            for task in self.loop.tasks_by_birth():
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            asyncio.set_event_loop(None)
            self.loop.close()
            self.folder.cleanup()

    # how a POS lives with a gateway that dies under it

    def set_refresh_rates(self, rates: RefreshRates) -> None:
        for tag in self.world.fleet.tags.values():
            tag.around.refresh_rates = rates

    def remove(self, barcodes: list[str], crash: int | None) -> None:
        answer = self.post("/delete", {"barcodes": barcodes}, crash)
        assert answer.status_code == 200, answer.text  # a barcode that is not there is a warning
        self.world.judge.removed(barcodes)

    def send(self, path: str, mode: RowMode, row: Row, crash: int | None) -> None:
        answer = self.post(path, [row], crash)
        assert answer.status_code in (200, 207, 422), answer.text
        if answer.status_code != 422:
            self.world.judge.accepted([row], mode)

    def post(self, path: str, body: object, crash: int | None) -> httpx.Response:
        """Sent until it is answered, under one key; `crash`: the gateway dies so many turns after it began."""
        self.requests += 1
        headers = {"idempotency-key": f"request-{self.requests}"}

        async def go() -> httpx.Response:
            sending = asyncio.ensure_future(self.world.pos.post(path, json=body, headers=headers))
            if crash is not None:
                await self.crash_after(crash)
                await self.world.start()
            try:
                return await sending
            except Exception:  # whatever a POS's client calls a connection that died
                return await self.world.pos.post(path, json=body, headers=headers)

        answer: httpx.Response = self.run(go())
        if answer.status_code == 500:
            answer = self.run(self.world.pos.post(path, json=body, headers=headers))
        return answer

    async def crash_after(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await self.world.crash()


EXAMPLES = settings(
    max_examples=500 if LONG else 18,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


class AnyOtherHistoryOfAShop(AnyHistoryOfAShop):
    """The same machine once more, so that both cores are kept busy."""


TestAnyHistoryOfAShop = AnyHistoryOfAShop.TestCase
TestAnyHistoryOfAShop.settings = EXAMPLES
TestAnyOtherHistoryOfAShop = AnyOtherHistoryOfAShop.TestCase
TestAnyOtherHistoryOfAShop.settings = EXAMPLES


@pytest.fixture(scope="module", autouse=True)
def print_what_met() -> Any:
    yield
    if LONG:
        for (first, second), count in sorted(MET.items()):
            print(f"{first:>9} then {second:<9} {count}")
