"""The ladder down which a label falls: the wanted template, then the price alone, then *Price at the till*.

In: a request and a painter. Out: `Drawn`, always: data never raises. Rule: a number is on the glass only if it was
drawn whole; whatever could not be drawn is said in `Fallback.detail`, the first cause.
"""

from collections.abc import Callable, Sequence

from firmware_protocol import Panel, content_id
from firmware_protocol.glasses import panel_named
from gateway.labels.layout import lay_out
from gateway.labels.marks import Mark
from gateway.labels.request import Drawn, Fallback, LabelRequest, Refused
from gateway.labels.store import template

MINIMAL, TILL = "minimal", "till"

Painter = Callable[[Panel, Sequence[Mark]], tuple[bytes, ...]]


def draw_with_fallbacks(request: LabelRequest, paint: Painter) -> Drawn:
    """Raises `KeyError` for a panel that is not in the catalogue: displays have none but those."""
    panel = panel_named(request.panel)
    marks, fallback = lay_out_with_fallbacks(request, panel)
    planes = paint(panel, marks)
    return Drawn(planes, content_id(panel, planes), fallback)


def lay_out_with_fallbacks(request: LabelRequest, panel: Panel) -> tuple[list[Mark], Fallback | None]:
    free = next((product for product in request.products if product.zero_price), None)
    if free is not None and request.template != TILL:
        fallback = Fallback("till", "zero_price", f"{free.barcode} has a price of 0, which this store does not show")
        return lay_out(template(TILL), panel, request_of_till(request)), fallback
    try:
        return lay_out(template(request.template), panel, _alone(request)), None
    except Refused as refused:
        detail = str(refused)
    if request.template != MINIMAL and len(request.products) == 1:
        try:
            return lay_out(template(MINIMAL), panel, request), Fallback("minimal", "label_refused", detail)
        except Refused as refused:
            detail = detail if str(refused) == detail else f"{detail}; {refused}"
    return lay_out(template(TILL), panel, request_of_till(request)), Fallback("till", "label_refused", detail)


def _alone(request: LabelRequest) -> LabelRequest:
    return request_of_till(request) if request.template == TILL else request


def request_of_till(request: LabelRequest) -> LabelRequest:
    """Without products: *Price at the till* says nothing of them, so nothing of them can refuse it."""
    return LabelRequest(request.panel, TILL, request.currency, request.locale, (), request.tag_code)
