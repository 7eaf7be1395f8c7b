"""Cells of tags in a train, against the worked example of the radio and panel facts 7.3 (literals from there)."""

import pytest

from simulator.battery import CR2450, CR2477, Battery, Cell

# Facts 7.3: PAwR 1.76 s; mJ, refreshes a day, uA, years.
PAWR = [(400.0, 4, 13.6, (4.3, 7.1, 8.6)), (700.0, 4, 18.2, (3.2, 5.3, 6.4))]


@pytest.mark.parametrize(("millijoules", "refreshes", "microamperes", "years"), PAWR)
def test_a_tag_in_the_train_draws_what_the_worked_example_says(
    millijoules: float, refreshes: int, microamperes: float, years: tuple[float, float, float]
) -> None:
    """The cell's books alone: the fleet does not speak PAwR yet."""
    cells: list[tuple[Cell, int]] = [(CR2450, 1), (CR2477, 1), (CR2450, 2)]
    for (cell, count), wanted in zip(cells, years, strict=True):
        battery = Battery(cell, count)
        days = 0
        while battery.used_share < 1:
            days += 1
            battery.sleep(86_400)
            battery.follow_train(86_400, 1.76)
            for _ in range(refreshes):
                battery.refresh(millijoules)
        assert days / 365 == pytest.approx(wanted, rel=0.10)
        assert battery.used_uc / days / 86_400 == pytest.approx(microamperes, rel=0.10)
