"""Drawing a label quickly: what worker processes run. Fonts, templates and letters load when first needed.

Rule: never raises for data: what cannot be drawn falls back, and `Drawn.fallback` says to what and why.
"""

from gateway.labels.ladder import draw_with_fallbacks
from gateway.labels.planes import paint
from gateway.labels.request import Drawn, LabelRequest


def render(request: LabelRequest) -> Drawn:
    return draw_with_fallbacks(request, paint)


def render_many(requests: list[LabelRequest]) -> list[Drawn]:
    """In the order of the requests. Batches of 100 to 250 keep two processes busy."""
    return [render(request) for request in requests]
