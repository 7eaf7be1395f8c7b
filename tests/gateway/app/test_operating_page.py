"""docs/operating.md cannot lie: each figure and each admin error stands there with its sentence."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gateway.app.figures import declare_figures, declare_serial_figures
from gateway.console.admin import PROBLEMS
from gateway.telemetry import Metrics

PAGE = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")


def test_every_figure_has_its_sentence_on_the_page() -> None:
    metrics = Metrics()
    nothing: Any = SimpleNamespace()
    figures: dict[str, str] = {}
    metrics._declare = lambda name, kind, sentence, read: figures.update({name: sentence})  # type: ignore[method-assign]
    declare_figures(metrics, SimpleNamespace(delivery=nothing, sync=nothing), nothing)  # type: ignore[arg-type]
    declare_serial_figures(metrics, nothing)
    assert figures
    for name, sentence in figures.items():
        assert f"| `{name}` | {sentence} |" in PAGE


def test_every_admin_error_has_its_meaning_on_the_page() -> None:
    for problem in PROBLEMS.values():
        assert f"| `{problem.code}` | {problem.status} | {problem.title}. {problem.meaning} |" in PAGE
