import json

import pytest
import structlog

from gateway.telemetry import set_up_logs


@pytest.fixture(autouse=True)
def _as_before() -> object:
    yield
    structlog.reset_defaults()


def test_a_log_line_is_a_constant_name_with_values_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "json")
    structlog.get_logger("links").info("part_resent", part=7, next_try_s=12)
    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert (line["event"], line["level"], line["part"], line["next_try_s"]) == ("part_resent", "info", 7, 12)
    assert line["timestamp"].endswith("Z")


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("warning", "lines")
    structlog.get_logger("links").info("quiet")
    structlog.get_logger("links").warning("loud", reason="x")
    assert capsys.readouterr().err.count("\n") == 1
