"""`/delete`: products leave the catalogue, and their displays go to the unbound picture.

In: `{"barcodes": [...]}`. Out: what was removed; `ProductsChanged` after the commit.
Rule: a barcode that is not in the catalogue is a warning, so that a repeat is harmless. Source: the POS contract,
Single updates.
"""

from collections.abc import Sequence
from datetime import datetime

from litestar import Response
from msgspec import Struct
from sqlalchemy import Connection

from gateway.access import StoreSettings, take_accepted_seqs
from gateway.catalog import RowIssue, RowMode, parse_rows, remove_products
from gateway.pos_api.answers import as_response
from gateway.pos_api.desk import Desk, grant_of
from gateway.pos_api.exchange import exchange_of
from gateway.pos_api.limits import PRODUCTS_PER_REQUEST_MAX
from gateway.pos_api.problem import Problem
from gateway.pos_api.request import PosRequest, members_of
from gateway.pos_api.row_answer import RowAnswer
from gateway.pos_api.saving import Saved, settings_for_writing
from gateway.pos_api.services import DisplaysBoundTo

_SOURCE = "/delete"


class _Removal(Struct, frozen=True):
    """One request, ready to be carried out inside a transaction."""

    store_id: str
    barcodes: Sequence[object]
    now: datetime
    displays_bound_to: DisplaysBoundTo

    def carry_out(self, connection: Connection) -> Saved:
        settings = settings_for_writing(connection, self.store_id)
        good, errors, warnings = _read_barcodes(self.barcodes, settings)
        if not good:
            return Saved(self._answer(good, errors, warnings, removed=0, displays=0))
        removed = remove_products(
            connection,
            self.store_id,
            list(good.values()),
            accepted_seq=take_accepted_seqs(connection, self.store_id, 1),
            now=self.now,
            source=_SOURCE,
        )
        unknown = set(removed.unknown)
        for index, barcode in good.items():
            if barcode in unknown:
                message = f"There is no product {barcode}; nothing was to be removed."
                warnings.append(RowIssue(index, barcode, "barcode", "product_unknown", message))
        displays = self.displays_bound_to(connection, removed.product_ids) if removed.product_ids else 0
        answer = self._answer(good, errors, warnings, removed=len(removed.removed), displays=displays)
        return Saved(answer, removed.product_ids)

    def _answer(
        self,
        good: dict[int, str],
        errors: list[RowIssue],
        warnings: list[RowIssue],
        *,
        removed: int,
        displays: int,
    ) -> RowAnswer:
        return RowAnswer(
            received=len(self.barcodes),
            accepted=len(good),
            rejected=len(self.barcodes) - len(good),
            errors=errors,
            warnings=warnings,
            displays=displays,
            counts={"removed": removed},
        )


async def answer_delete(desk: Desk, request: PosRequest) -> Response[bytes]:
    """Raises `Problem`."""
    grant, services = grant_of(request), desk.services
    barcodes = _barcodes_of(await members_of(request))
    removal = _Removal(grant.store_id, barcodes, services.clock.now(), services.displays_bound_to)
    saved = await services.database.write(removal.carry_out)
    desk.publish_changed(grant.store_id, saved.product_ids)
    return as_response(saved.answer.told(exchange_of(request.scope).request_id))


def _barcodes_of(members: dict[str, object]) -> list[object]:
    barcodes = members.get("barcodes")
    if not isinstance(barcodes, list):
        raise Problem("wrong_shape", 'Send {"barcodes": ["4006381333931", ...]}.')
    if len(barcodes) > PRODUCTS_PER_REQUEST_MAX:
        words = f"{len(barcodes)} barcodes in one request; at most {PRODUCTS_PER_REQUEST_MAX} are taken."
        raise Problem("too_many_products", words)
    return barcodes


def _read_barcodes(
    sent: Sequence[object], settings: StoreSettings
) -> tuple[dict[int, str], list[RowIssue], list[RowIssue]]:
    """Barcodes are read as those of rows are: good ones by index, errors, warnings."""
    rows = [{"barcode": barcode} for barcode in sent]
    parsed = parse_rows(rows, settings=settings, field_map=None, mode=RowMode.UPDATE, is_known=lambda _: True)
    return {row.index: row.barcode for row in parsed.rows}, parsed.errors, list(parsed.warnings)
