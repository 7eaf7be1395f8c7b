"""What people do in the shop, tried again until a gateway answers, and once more after a restore that has lost it.

In: a display to bind, settings to change. Out: requests to the admin API, and the laboratory's books of what was said.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import httpx
from msgspec.structs import replace

from gateway.database import Crashed
from simulator.world.lab.till import Refused
from simulator.world.world import Row

if TYPE_CHECKING:
    from simulator.tag import VirtualTag
    from simulator.world.lab.lab import Lab

ASK_AGAIN_S = 5.0


class Staff:
    """Everybody who has the admin token."""

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab
        self._changing_settings = asyncio.Lock()  # two at once would leave nobody knowing what they are

    async def bind(self, display: str, barcode: str | None, template: str | None = None) -> None:
        """What somebody with a scanner does; None unbinds. A product that was just removed cannot be bound.

        Without a template the display is drawn as before.
        """
        path = f"/admin/displays/{display}/binding"
        with self._lab.batches.binding(display):
            if barcode is None:
                status = await self._operate("DELETE", path)
            else:
                body: Row = {"barcodes": [barcode], **({"template": template} if template else {})}
                status = await self._operate("PUT", path, body, also=(404,))
            if status < 400:
                self._lab.batches.is_bound(display, barcode, template)
            else:
                self._lab.batches.is_unknown(display)

    async def change_settings(self, locale: str, law: str) -> None:
        """Of the store: by which every label is drawn anew."""
        async with self._changing_settings:
            await self._set_settings(locale, law)

    async def rotate_keys(self, tag: "VirtualTag | None") -> None:
        """Of one tag, or of all that have keys. One that a restore has lost is no trouble."""
        whose: Row = {"store": self._lab.world.store} if tag is None else {"tagIds": [str(tag.tag_id)]}
        await self._operate("POST", "/admin/tags/rotate-keys", whose, also=(404,))

    async def settings_are_set_again(self) -> None:
        """After a restore, as they were meant to be."""
        async with self._changing_settings:
            await self._set_settings(self._lab.world.judge.settings.locale, self._lab.world.judge.settings.law)

    async def _set_settings(self, locale: str, law: str) -> None:
        await self._operate("PATCH", f"/admin/stores/{self._lab.world.store}", {"locale": locale, "law": law})
        self._lab.world.judge.settings = replace(self._lab.world.judge.settings, locale=locale, law=law)

    async def _operate(self, method: str, path: str, body: Row | None = None, *, also: Sequence[int] = ()) -> int:
        """What an operator does, done again if a restore has lost it, or may have. Gives the status.

        `also`: refusals in order.
        """
        while True:
            life = self._lab.world.restores
            status = await self._answered(method, path, body, also)
            if life == self._lab.world.restores:
                return status

    async def _answered(self, method: str, path: str, body: Row | None, also: Sequence[int]) -> int:
        """Tried again until a gateway answers."""
        while True:
            try:
                answer = await self._lab.world.admin.request(method, path, json=body)
            except (httpx.TransportError, Crashed):
                await self._lab.clock.sleep(ASK_AGAIN_S)
                continue
            if answer.status_code < 400 or answer.status_code in also:
                return answer.status_code
            if answer.status_code < 500:
                raise Refused(f"{method} {path} is answered {answer.status_code}: {answer.text[:200]}")
            await self._lab.clock.sleep(ASK_AGAIN_S)
