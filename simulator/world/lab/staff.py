"""What people do in the shop, tried again until a gateway answers, and once more after a restore that has lost it.

In: a display to bind, settings to change. Out: requests to the admin API, and the laboratory's books of what was said.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from gateway.database import Crashed
from simulator.world.lab.till import Refused
from simulator.world.world import Row

if TYPE_CHECKING:
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
        path, life = f"/admin/displays/{display}/binding", -1
        with self._lab.batches.binding(display):
            while life != self._lab.world.restores:  # a restore has lost it, or may have
                life = self._lab.world.restores
                if barcode is None:
                    await self._operate("DELETE", path)
                    taken = True
                else:
                    body: Row = {"barcodes": [barcode], **({"template": template} if template else {})}
                    taken = await self._operate("PUT", path, body, also=(404,)) < 400
            if taken:
                self._lab.batches.is_bound(display, barcode, template)
            else:
                self._lab.batches.is_unknown(display)

    async def change_settings(self, locale: str, law: str) -> None:
        """Of the store: by which every label is drawn anew."""
        async with self._changing_settings:
            await self._set_settings(locale, law)

    async def settings_are_set_again(self) -> None:
        """After a restore, as they were meant to be."""
        async with self._changing_settings:
            await self._set_settings(self._lab.world.judge.settings.locale, self._lab.world.judge.settings.law)

    async def _set_settings(self, locale: str, law: str) -> None:
        life = -1
        while life != self._lab.world.restores:
            life = self._lab.world.restores
            await self._operate("PATCH", f"/admin/stores/{self._lab.world.store}", {"locale": locale, "law": law})
        self._lab.world.judge.settings = replace(self._lab.world.judge.settings, locale=locale, law=law)

    async def _operate(self, method: str, path: str, body: Row | None = None, *, also: Sequence[int] = ()) -> int:
        """What an operator does; tried again until a gateway answers. Gives the status; `also`: refusals in order."""
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
