"""What counts as a whole demo, and what its judge finds."""

from datetime import UTC, datetime

from msgspec.structs import replace

from firmware_protocol import PANELS
from simulator.cli.demo_outcome import Outcome
from simulator.cli.demo_shop import ShownDisplay
from simulator.cli.demo_story import Chapter
from simulator.world.demo_judge import DemoJudge, GlassToJudge

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SETTINGS: dict[str, object] = {
    "store": "demo",
    "currency": "EUR",
    "timeZone": "Europe/Zagreb",
    "locale": "hr-HR",
    "law": "hr",
    "settingsVersion": 1,
    "allowZeroPrice": False,
    "trial": True,
}
ROW: dict[str, object] = {"barcode": "4006381333931", "name": "Kruh", "price": "1.20"}
PROVED = ShownDisplay("02E51A0000000001.0", "2.13-bw", "shelf", ("4006381333931",), 3, True, None)
FREE = ShownDisplay("02E51A0000000002.0", "2.13-bw", "shelf", (), None, False, None)


def outcome(*displays: ShownDisplay, different: list[str] | None = None) -> Outcome:
    return Outcome(products=1, displays=list(displays), different=different)


def test_a_shop_is_whole_only_if_all_is_proved_and_every_glass_is_right() -> None:
    waiting = replace(PROVED, confirmed=False, reason="asleep")
    assert outcome(PROVED, FREE, different=[]).is_whole
    assert not outcome(PROVED, different=None).is_whole, "nobody compared"
    assert not outcome(PROVED, different=[PROVED.display_id]).is_whole
    assert not outcome(PROVED, waiting, different=[]).is_whole
    assert not outcome(FREE, different=[]).is_whole, "nothing is bound"
    broken = outcome(PROVED, different=[])
    broken.story = [Chapter("loss", "20 % lost", 4, 9.0, healed=False)]
    assert not broken.is_whole


def test_the_object_counts_bound_displays_and_says_why_one_is_missing() -> None:
    waiting = replace(PROVED, display_id="02E51A0000000003.0", confirmed=False, reason="asleep")
    found = outcome(PROVED, waiting, FREE, different=[waiting.display_id]).to_json()
    assert (found["tags_total"], found["tags_confirmed"]) == (2, 1)
    assert (found["glass_equal"], found["glass_different"]) == (1, 1)
    assert found["missing"] == {"02E51A0000000003.0": "asleep"}


def test_the_judge_follows_the_newest_row_that_was_sent() -> None:
    later = {"barcode": ROW["barcode"], "price": "1.30"}
    first = DemoJudge(SETTINGS, [("/add", [ROW])])
    both = DemoJudge(SETTINGS, [("/add", [ROW]), ("/batch/push", [ROW]), ("/productUpdate", [later])])
    blank = tuple(b"\xff" * size for size in PANELS["2.13-bw"].plane_sizes)

    def shown(judge: DemoJudge) -> tuple[bytes, ...]:
        return judge._judge.expected(PROVED.display_id, PROVED.panel, PROVED.barcodes, AT).planes

    def glass(planes: tuple[bytes, ...]) -> list[GlassToJudge]:
        return [GlassToJudge(PROVED.display_id, PROVED.panel, "shelf", PROVED.barcodes, planes)]

    assert first.different(glass(shown(first)), AT) == []
    assert both.different(glass(shown(both)), AT) == []
    assert both.different(glass(shown(first)), AT) == [PROVED.display_id], "it still shows the old price"
    assert both.different(glass(blank), AT) == [PROVED.display_id]
