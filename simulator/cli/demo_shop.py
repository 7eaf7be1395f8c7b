"""What an operator and a POS do in the demo's shop, over HTTP; and what was sent, for the judge.

In: rows. Out: a furnished store whose displays are bound, a batch that is followed to its end.
Rule: each repeatable request waits for a gateway that is being started again; only rows that were answered with
success are remembered as sent.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import httpx
from msgspec import Struct

from simulator.assortment import Row
from simulator.cli.admin_api import GatewayPlace, GatewayRefuses, words_of
from simulator.cli.demo_limits import (
    ANSWER_S,
    BATCH_WITHIN_S,
    DISPLAYS_A_PAGE,
    LOOK_EVERY_S,
    PATIENCE_S,
    ROWS_A_REQUEST,
)
from simulator.clock import SystemClock

STORE = "demo"
_SETTINGS: Row = {"store": STORE, "currency": "EUR", "timeZone": "Europe/Zagreb", "locale": "hr-HR", "law": "hr"}
_ENDED = ("completed", "failed", "expired")
Path = Literal["/add", "/productUpdate", "/batch/push"]


class Sent(Struct, frozen=True):
    """One accepted request with rows."""

    path: Path
    rows: Sequence[Row]


class ShownDisplay(Struct, frozen=True):
    """One display as the admin API tells of it."""

    display_id: str
    panel: str
    template: str
    barcodes: tuple[str, ...]
    revision: int | None  # of what it should show; None: it was never bound
    confirmed: bool
    reason: str | None

    @property
    def is_waiting(self) -> bool:
        """It should show something that its tag has not proved."""
        return self.revision is not None and not self.confirmed

    @classmethod
    def of(cls, found: Row) -> "ShownDisplay":
        barcodes, revision = found["barcodes"], found["desiredRevision"]
        return cls(
            str(found["displayId"]),
            str(found["panel"]),
            str(found["template"]),
            tuple(barcodes) if isinstance(barcodes, list) else (),
            revision if isinstance(revision, int) else None,
            found["confirmed"] is True,
            str(found["reason"]) if found["reason"] else None,
        )


@dataclass(slots=True)
class Shop:
    """`place` is asked anew for each try: a gateway may come back elsewhere. Close it at the end."""

    place: Callable[[], GatewayPlace]
    token: str = ""
    sent: list[Sent] = field(default_factory=list)
    _client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=ANSWER_S))
    _clock: SystemClock = field(default_factory=SystemClock)
    _run: str = field(default_factory=lambda: os.urandom(8).hex())
    _keys: int = 0

    async def close(self) -> None:
        await self._client.aclose()

    # the operator

    async def furnish(self, kept_token: str | None) -> None:
        """The store, and a token for its POS: the kept one if it is still good. Raises `GatewayRefuses`."""
        stores = await self._operate("GET", "/admin/stores")
        if STORE not in [one["store"] for one in _objects(stores, "stores")]:
            await self._operate("POST", "/admin/stores", _SETTINGS)
        if kept_token is not None and await self._is_good(kept_token):
            self.token = kept_token
            return
        live = _objects(await self._operate("GET", f"/admin/tokens?store={STORE}"), "tokens")
        for one in live:
            if one.get("live"):
                await self._operate("POST", f"/admin/tokens/{one['tokenId']}/revoke", {})
        made = await self._operate("POST", f"/admin/stores/{STORE}/tokens", {"kind": "sandbox"})
        self.token = str(made["token"])

    async def settings(self) -> Row:
        return await self._operate("GET", f"/admin/stores/{STORE}")

    async def bind_all(self) -> int:
        """Every free display gets the next free product. How many were bound."""
        return len(_objects(await self._operate("POST", f"/admin/stores/{STORE}/bindings/auto", {}), "bindings"))

    async def displays(self) -> list[ShownDisplay]:
        """All displays of the store."""
        found: list[ShownDisplay] = []
        after: object = ""
        while after is not None:
            page = await self._operate("GET", f"/admin/displays?store={STORE}&after={after}&limit={DISPLAYS_A_PAGE}")
            found += [ShownDisplay.of(one) for one in _objects(page, "displays")]
            after = page["next"]
        return found

    async def has_green_label(self) -> bool:
        """Whether any of the first displays is proved. Never waits for a gateway that is away."""
        try:
            page = await self._client.get(
                f"{self.place().url}/admin/displays?store={STORE}&limit={DISPLAYS_A_PAGE}",
                headers={"authorization": f"Bearer {self.place().token}"},
            )
        except httpx.TransportError:
            return False
        return page.is_success and any(one["confirmed"] for one in page.json()["displays"])

    # the POS

    async def save(self, path: Literal["/add", "/productUpdate"], rows: Sequence[Row]) -> None:
        """A single update of at most 1,000 rows; rejected ones are no error."""
        await self._pos(path, list(rows))
        self.sent.append(Sent(path, rows))

    async def start_batch(self, *, full: bool) -> str:
        """`full`: fields that the rows leave out are cleared, whatever an earlier day's rows said."""
        return str((await self._pos("/batch/start", {"mode": "full"} if full else {}))["sessionId"])

    async def push(self, session: str, rows: Sequence[Row]) -> AsyncIterator[int]:
        """In thousands; after each, how many have been sent."""
        for start in range(0, len(rows), ROWS_A_REQUEST):
            pushed = rows[start : start + ROWS_A_REQUEST]
            await self._pos("/batch/push", {"sessionId": session, "products": pushed})
            self.sent.append(Sent("/batch/push", pushed))
            yield start + len(pushed)

    async def complete(self, session: str) -> AsyncIterator[Row]:
        """Its status again and again, until it has ended. Raises `GatewayRefuses` when that is not `completed`."""
        await self._pos("/batch/complete", {"sessionId": session})
        gives_up_s = self._clock.monotonic_s() + BATCH_WITHIN_S
        while True:
            status = await self._request("GET", f"/batch/{session}/status", None, self.token)
            yield status
            if status["status"] in _ENDED:
                break
            if self._clock.monotonic_s() > gives_up_s:
                raise GatewayRefuses(f"batch {session} has not ended: `esl batch show {session}` says where it stands")
            await self._clock.sleep(LOOK_EVERY_S)
        if status["status"] != "completed":
            raise GatewayRefuses(f"batch {session} is {status['status']}: {status.get('failure')}")

    # over HTTP

    async def _is_good(self, token: str) -> bool:
        """A batch that is not there: 404 for whom it knows, 401 for a stranger."""
        answer = await self._client.get(
            f"{self.place().url}/batch/{'0' * 16}/status", headers={"authorization": f"Bearer {token}"}
        )
        return answer.status_code != httpx.codes.UNAUTHORIZED

    async def _operate(self, method: str, path: str, body: Row | None = None) -> Row:
        return await self._request(method, path, body, None)

    async def _pos(self, path: str, body: object) -> Row:
        self._keys += 1
        return await self._request("POST", path, body, self.token, key=f"{self._run}-{self._keys}")

    async def _request(self, method: str, path: str, body: object, token: str | None, key: str | None = None) -> Row:
        """`token` None: the operator's. Raises `GatewayRefuses`."""
        gives_up_s = self._clock.monotonic_s() + PATIENCE_S
        while True:
            place = self.place()
            headers = {"authorization": f"Bearer {token or place.token}"}
            if key:
                headers["idempotency-key"] = key
            try:
                answer = await self._client.request(
                    method, place.url + path, json=body if method != "GET" else None, headers=headers
                )
            except httpx.TransportError as error:
                if self._clock.monotonic_s() > gives_up_s:
                    raise GatewayRefuses(f"no gateway answers at {place.url}: {error!r}") from None
                await self._clock.sleep(LOOK_EVERY_S)
                continue
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and self._clock.monotonic_s() < gives_up_s:
                await self._clock.sleep(LOOK_EVERY_S)
                continue
            if not (answer.is_success or (answer.status_code == 422 and key)):
                raise GatewayRefuses(words_of(answer))
            found: Row = answer.json()
            return found


def _objects(answer: Row, name: str) -> list[Row]:
    found = answer[name]
    return found if isinstance(found, list) else []
