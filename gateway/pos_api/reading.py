"""`/store` and `/products`: what a POS reads back, to test its connection and to look one product up.

Rule: a token sees its own store; whatever is not there is a 404, as if it did not exist anywhere.
Source: the POS contract, Single updates.
"""

from collections.abc import Sequence

from litestar import Response
from sqlalchemy import Connection

from gateway.access import store_settings
from gateway.catalog import Product, product_to_json, products_by_barcode
from gateway.pos_api.answers import ok
from gateway.pos_api.desk import Desk, grant_of
from gateway.pos_api.limits import BODY_OCTETS_MAX, PRODUCTS_PER_REQUEST_MAX, SESSION_S, SESSIONS_OPEN_MAX
from gateway.pos_api.moment import moment_text
from gateway.pos_api.problem import Problem
from gateway.pos_api.request import PosRequest
from gateway.pos_api.services import DisplayFact


async def answer_store(desk: Desk, request: PosRequest) -> Response[bytes]:
    grant, limits = grant_of(request), desk.services.settings
    settings = await desk.services.database.read(lambda connection: store_settings(connection, grant.store_id))
    return ok(
        {
            "success": True,
            "store": settings.store_id,
            "kind": grant.kind.value,
            "environment": grant.environment,
            "currency": settings.currency,
            "timeZone": settings.time_zone,
            "locale": settings.locale,
            "law": settings.law,
            "limits": {
                "maxProductsPerRequest": PRODUCTS_PER_REQUEST_MAX,
                "maxBodyBytes": BODY_OCTETS_MAX,
                "requestsPerSecond": limits.requests_per_s,
                "burst": limits.burst_requests,
                "openSessions": SESSIONS_OPEN_MAX,
                "sessionSeconds": SESSION_S,
            },
        }
    )


async def answer_product(desk: Desk, request: PosRequest) -> Response[bytes]:
    """Raises `Problem` query_invalid, product_unknown."""
    store_id, barcode = grant_of(request).store_id, _barcode_of(request)

    def look_up(connection: Connection) -> tuple[Product, Sequence[DisplayFact]] | None:
        product = products_by_barcode(connection, store_id, [barcode]).get(barcode)
        if product is None:
            return None
        return product, desk.services.displays_of_product(connection, product.product_id)

    found = await desk.services.database.read(look_up)
    if found is None:
        raise Problem("product_unknown", "This store has no product with that barcode.")
    product, displays = found
    return ok({"success": True, "product": product_to_json(product), "displays": list(map(_display_json, displays))})


def _barcode_of(request: PosRequest) -> str:
    barcodes = {value.strip() for name, value in request.query_params.multi_items() if name.lower() == "barcode"}
    if len(barcodes) != 1 or "" in barcodes:
        raise Problem("query_invalid", "Name one barcode: /products?barcode=4006381333931.")
    return str(barcodes.pop())


def _display_json(fact: DisplayFact) -> dict[str, object]:
    return {
        "display": fact.display_id,
        "desiredRevision": fact.desired_revision,
        "confirmed": fact.confirmed,
        "provedAt": moment_text(fact.proved_at),
        "reason": fact.reason,
    }
