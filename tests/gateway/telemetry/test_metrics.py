import pytest

from gateway.telemetry import Metrics


def test_figures_are_written_in_prometheus_text_form_in_their_order() -> None:
    metrics = Metrics()
    rows = metrics.counter("esl_rows_total", "Rows taken.")
    metrics.gauge("esl_load_ratio", "How busy it is.", lambda: 0.25)
    rows.add()
    rows.add(2)
    assert metrics.text() == (
        "# HELP esl_rows_total Rows taken.\n# TYPE esl_rows_total counter\nesl_rows_total 3\n"
        "# HELP esl_load_ratio How busy it is.\n# TYPE esl_load_ratio gauge\nesl_load_ratio 0.25\n"
    )


def test_a_figure_has_one_name_and_one_plain_sentence() -> None:
    metrics = Metrics()
    metrics.counter("esl_rows_total", "Rows taken.")
    for name, sentence in (("esl_rows_total", "Again."), ("rows", "No prefix."), ("esl_x", "Two\nlines.")):
        with pytest.raises(ValueError, match=r"name for a figure|plain line"):
            metrics.counter(name, sentence)


def test_a_counter_never_falls() -> None:
    with pytest.raises(ValueError, match="never falls"):
        Metrics().counter("esl_rows_total", "Rows taken.").add(-1)
