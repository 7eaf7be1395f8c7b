"""A shop on four cables: a fiftieth of all frames spoilt, one bridge pulled out twice, and no content sent in vain.

CI: 120 tags; ESL_TEST_LONG=1: 2,000. The lines take their time and find their speed (docs/protocol.md, "Speeds").
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from acceptance_sizes import LONG, size, wait_for
from gateway_process import GatewayProcess, gateway
from real_shop import STORE, FleetProcess, all_confirmed, bind_all, figures, fleet, import_rows, said, unconfirmed

TAGS, BRIDGES = size(120, 2000), 4
SPOILT = 0.02
SPEED = size(15, 6)
PULLED = "bridge-2"
PULLED_OUT = 2
OF_IDEAL_AT_MOST = 1.15
WITHIN_S = size(240, 1800)


def rows(price: str) -> list[dict[str, object]]:
    return [{"barcode": f"SKU-{one}", "name": f"Proizvod {one}", "price": price} for one in range(TAGS)]


def lost_with(running: GatewayProcess, bridge: str) -> int:
    """Displays whose content may have been in the memory of this bridge and is not on their glass."""
    lost = 0
    for one in unconfirmed(running):
        facts = running.admin("GET", f"/admin/displays/{one['displayId']}").raise_for_status().json()["history"]
        now = [fact for fact in facts if fact["revision"] == one["desiredRevision"]]
        lost += any(fact["bridgeId"] == f"{STORE}/{bridge}" for fact in now)
    return lost


def pull_out(running: GatewayProcess, tagged: FleetProcess, shown_before: int) -> int:
    """Once some of the labels have changed: out and in again. How many contents were lost with it."""
    wait_for(lambda: tagged.order("status")["refreshes"] > shown_before, WITHIN_S, lambda: tagged.status)
    tagged.order("unplug", bridge=PULLED)
    lost = lost_with(running, PULLED)
    tagged.order("replug", bridge=PULLED)
    wait_for(lambda: tagged.order("status")["bridgesUp"] == BRIDGES, WITHIN_S, lambda: tagged.status)
    return lost


def bauds(running: GatewayProcess) -> set[object]:
    listed: list[dict[str, Any]] = running.admin("GET", f"/admin/stores/{STORE}/bridges").json()["bridges"]
    return {one["baud"] for one in listed}


def test_over_four_cables_every_label_is_confirmed_and_no_content_goes_out_more_often_than_loss_demands(
    tmp_path: Path,
) -> None:
    options = ["--tags", str(TAGS), "--panels", "2.13-bw", "--speed", str(SPEED), "--corrupt", str(SPOILT)]
    with gateway(tmp_path / "data") as running:
        said(running.data, "store", "add", STORE)
        import_rows(running.data, tmp_path / "rows.json", rows("0.99"))
        with fleet(running.data, *options, "--carrier", "serial", "--bridges", str(BRIDGES)) as tagged:
            tagged.until_commissioned(WITHIN_S)
            bind_all(running.data)
            all_confirmed(running, WITHIN_S)
            assert bauds(running) == {2_000_000}
            tagged.order("tap")
            before, refreshed = figures(running), tagged.order("status")["refreshes"]
            with ThreadPoolExecutor() as beside:  # the command comes back when all is done
                importing = beside.submit(import_rows, running.data, tmp_path / "rows.json", rows("1.39"))
                lost = [
                    pull_out(running, tagged, refreshed + TAGS * (time + 1) // (PULLED_OUT + 2))
                    for time in range(PULLED_OUT)
                ]
                importing.result()
            all_confirmed(running, WITHIN_S)
            assert bauds(running) == {2_000_000}
            tap, after = tagged.order("tap"), figures(running)
    contents = tap["streams"]
    ideal = (sum(contents.values()) * (1 + sum(lost) / len(contents))) / (1 - SPOILT)
    sent, repeated = (
        after[name] - before[name] for name in ("esl_serial_frames_sent_total", "esl_serial_frames_repeated_total")
    )
    of_ideal = sum(tap["parts"].values()) * sent / (sent - repeated) / ideal
    print(
        f"{TAGS} tags{' (full size)' if LONG else ''}: {len(contents)} contents, lost with the bridge {lost}, "
        f"{repeated:.0f} of {sent:.0f} frames repeated, parts sent {of_ideal:.3f} of the ideal"
    )
    assert len(contents) == TAGS
    assert repeated > 0
    assert any(lost), "it was pulled out while something was on its way"
    assert of_ideal <= OF_IDEAL_AT_MOST
