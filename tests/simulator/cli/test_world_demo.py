"""`esl world demo`: what it counts, and what a wrong name is answered. The rest: test_docs, test_wheel."""

from typer.testing import CliRunner

from simulator.cli import world_demo
from simulator.cli.world import world
from simulator.world.lab.planted import mutant_names
from simulator.world.lab.verdict import Verdict, Violation


def test_the_line_counts_what_befell_the_shops() -> None:
    line = world_demo._Line(20)
    happened = {"network.loss": 2, "broker.slow": 1, "tag.dead": 1, "tag.brown_out": 4, "pos.update": 9}
    broken = (Violation(1.0, "time goes on", "it does not"),)
    line.add(Verdict("worst-hour", 1, 1, broken, "", {}, happened, crashes=3, payloads_lost=40, refreshes=5))
    line.add(Verdict("worst-hour", 1, 2, (), "", {}, {"tag.dead": 1}, refreshes=1))
    assert str(line).startswith("2 of 20 worst hours: 3 crashes, 40 payloads lost, 3 storms on the links")
    assert "2 dead cells, 4 glasses spoiled" in str(line)
    assert str(line).endswith("6 glasses drawn · 1 promises broken")


def test_a_mutant_that_there_is_not_is_answered_with_those_there_are() -> None:
    refused = CliRunner().invoke(world, ["demo", "--mutant", "no-such"])
    assert refused.exit_code == 1
    assert all(name in refused.output for name in mutant_names())
