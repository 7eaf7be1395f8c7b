"""The words of `--panels`."""

from itertools import islice

import pytest

from firmware_protocol import PANELS
from simulator.mix import DEFAULT_MIX, Mix, MixWrong


def test_the_default_mix_has_every_panel() -> None:
    first = [kind for (kind,) in islice(Mix.parse(DEFAULT_MIX).tags(), 40)]
    assert {panel.name for panel in first} == set(PANELS)


def test_shares_are_kept_in_every_stretch_of_the_fleet() -> None:
    names = [kinds[0].name for kinds in islice(Mix.parse("2.13-bw:3,2.9-bwr:1").tags(), 400)]
    assert names.count("2.13-bw") == 300
    assert all(names[start : start + 8].count("2.13-bw") in (5, 6, 7) for start in range(390))


def test_a_tag_may_have_several_panels() -> None:
    (kinds,) = islice(Mix.parse("2.13-bw+4.2-bwr").tags(), 1)
    assert [panel.name for panel in kinds] == ["2.13-bw", "4.2-bwr"]


@pytest.mark.parametrize("text", ["", "2.14-bw", "2.13-bw:0", "2.13-bw:x", "2.13-bw:-1", "2.13-bw+", "2.13-bw:²"])
def test_what_is_no_mix_is_refused_with_a_word(text: str) -> None:
    with pytest.raises(MixWrong, match=r"panel|share"):
        Mix.parse(text)
