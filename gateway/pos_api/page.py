"""Pages of a listing: `after` names the last item seen, `limit` how many may come."""

from collections.abc import Sequence

from msgspec import Struct

from gateway.pos_api.limits import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX
from gateway.pos_api.problem import Problem
from gateway.pos_api.request import PosRequest

_NUMBER_DIGITS_MAX = 18  # what SQLite's integers hold


class Page(Struct, frozen=True):
    after: str | None
    limit: int

    def after_number(self, *, least: int) -> int:
        """For listings that are numbered. Raises `Problem` query_invalid."""
        if self.after is None:
            return least
        if not (self.after.isascii() and self.after.isdigit()) or len(self.after) > _NUMBER_DIGITS_MAX:
            raise Problem("query_invalid", "`after` is not what `next` of the page before said.")
        return int(self.after)

    def answer(self, session_id: str, items: Sequence[dict[str, object]], last: str | None) -> dict[str, object]:
        """`next` is null on the last page, as far as this page can know."""
        is_full = len(items) == self.limit
        return {"success": True, "sessionId": session_id, "items": list(items), "next": last if is_full else None}


def page_of(request: PosRequest) -> Page:
    """Raises `Problem` query_invalid."""
    asked = dict(request.query_params.multi_items())
    limit = asked.get("limit", str(PAGE_ITEMS_DEFAULT))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 4 and 1 <= int(limit) <= PAGE_ITEMS_MAX):
        raise Problem("query_invalid", f"`limit` is not a whole number from 1 to {PAGE_ITEMS_MAX}.")
    return Page(asked.get("after"), int(limit))
