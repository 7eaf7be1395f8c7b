"""One face for both deliveries: that by bridges of our own, and that by radio modules.

In: display ids. Out: what whoever serves them says. Rule: it decides nothing.
"""

from collections.abc import Sequence

from gateway.delivery.modules import ModuleDelivery
from gateway.delivery.service import Delivery


class BothDeliveries:
    """`verify` and `reasons` for the batches' rounds."""

    def __init__(self, bridges: Delivery, modules: ModuleDelivery) -> None:
        self._bridges, self._modules = bridges, modules

    def wake(self) -> None:
        """Tables that deliveries read were changed by hand: bridges registered, a restore."""
        self._bridges.wake()
        self._modules.wake()

    async def verify(self, display_ids: Sequence[str]) -> None:
        """A tag of a module cannot be asked: it says what it has to say at its check-ins."""
        await self._bridges.verify([one for one in display_ids if not self._modules.serves(one)])

    async def reasons(self, display_ids: Sequence[str]) -> dict[str, str]:
        """Why each display is not confirmed, in the contract's words."""
        of_modules = [one for one in display_ids if self._modules.serves(one)]
        others = [one for one in display_ids if not self._modules.serves(one)]
        found = await self._bridges.reasons(others)
        return {**found, **await self._modules.reasons(of_modules)} if of_modules else found
