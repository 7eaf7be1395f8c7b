"""Products and batches over HTTP, as an operator looks at them; the POS API is for who sends them."""

from functools import partial

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import Connection

from gateway.access import audit, list_stores, store_settings, take_accepted_seqs
from gateway.catalog import (
    LedgerLine,
    Product,
    ProductsChanged,
    RemovedRows,
    find_product,
    ledger,
    list_products,
    product_to_json,
    remove_products,
)
from gateway.console.admin.displays import display_documents
from gateway.console.admin.document import Document, document
from gateway.console.admin.limits import BATCHES_LISTED_MAX, PAGE_MAX, PRODUCTS_IN_A_REMOVAL_MAX
from gateway.console.admin.places import store_of_batch
from gateway.console.admin.problems import FedElsewhere, TooMany
from gateway.console.admin.services import Services
from gateway.shelf import DisplayStanding, ProductUnknown, standings


class Barcodes(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    barcodes: list[str]


class ProductsController(Controller):
    path = "/stores/{store:str}/products"

    @get("/")
    async def list_all(
        self,
        services: Services,
        store: FromPath[str],
        after: FromQuery[str | None] = None,
        limit: FromQuery[int] = PAGE_MAX,
        search: FromQuery[str | None] = None,
    ) -> Document:
        """A page by barcode, behind `after`; `next` is the `after` of the next page, or null."""
        page = max(1, min(limit, PAGE_MAX))

        def read(connection: Connection) -> list[Product]:
            store_settings(connection, store)
            return list_products(connection, store, after, page, search)

        found = await services.database.read(read)
        last = found[-1].barcode if len(found) == page else None
        return {"products": [product_to_json(one) for one in found], "next": last}

    @get("/one")
    async def show(self, services: Services, store: FromPath[str], barcode: FromQuery[str]) -> Document:
        """The product, the displays that show it, and every change of its prices."""

        def read(connection: Connection) -> tuple[Product, list[DisplayStanding], list[LedgerLine]]:
            store_settings(connection, store)
            product = find_product(connection, store, barcode)
            if product is None:
                raise ProductUnknown(
                    f"no product {barcode!r} in store {store}; `esl product list --store {store}` shows them"
                )
            displays = standings(connection, store, barcode=product.barcode)
            return product, displays, ledger(connection, store, product.product_id)

        product, displays, lines = await services.database.read(read)
        return {
            **product_to_json(product),
            "version": product.version,
            "displays": await display_documents(services, displays),
            "ledger": [document(line) for line in lines],
        }

    @post("/remove", status_code=200)
    async def remove(self, services: Services, store: FromPath[str], data: JSONBody[Barcodes]) -> Document:
        """Their displays move to the unbound picture. `unknown` lists barcodes that no product has."""
        if len(data.barcodes) > PRODUCTS_IN_A_REMOVAL_MAX:
            raise TooMany(f"barcodes: at most {PRODUCTS_IN_A_REMOVAL_MAX} in one request")
        barcodes = list(dict.fromkeys(data.barcodes))
        now = services.clock.now()

        def write(connection: Connection) -> RemovedRows:
            source = store_settings(connection, store).source
            if source is not None:
                raise FedElsewhere(f"the products of {store} come from {source}: remove them there")
            seq = take_accepted_seqs(connection, store, 1)
            rows = remove_products(connection, store, barcodes, accepted_seq=seq, now=now, source="admin")
            audit(connection, "admin", "products_removed", store, now, {"barcodes": list(rows.removed)})
            return rows

        rows = await services.database.write(write)
        services.events.publish(ProductsChanged(store, rows.product_ids))
        return {"removed": list(rows.removed), "unknown": list(rows.unknown)}


class BatchesController(Controller):
    path = "/batches"

    @get("/")
    async def list_all(self, services: Services, store: FromQuery[str | None] = None) -> Document:
        """The newest first, of one store or of all."""
        if store is not None:
            await services.database.read(partial(store_settings, store_id=store))
            stores = [store]
        else:
            stores = [one.store_id for one in await services.database.read(list_stores)]
        found = [one for name in stores for one in await services.sessions.list_sessions(name, BATCHES_LISTED_MAX)]
        found.sort(key=lambda one: one.started_at, reverse=True)
        return {"batches": [document(one) for one in found[:BATCHES_LISTED_MAX]]}

    @get("/{session_id:str}")
    async def show(self, services: Services, session_id: FromPath[str]) -> Document:
        """The status as the POS sees it, and the displays that are not confirmed, each with its reason."""
        store = await services.database.read(partial(store_of_batch, session_id=session_id))
        status = await services.sessions.status(store, session_id)
        unconfirmed = await services.sessions.unconfirmed(store, session_id, limit=PAGE_MAX)
        return {**document(status), "unconfirmed": [document(one) for one in unconfirmed]}
