"""Everything that can befall the shop, one file a family; `TROUBLES` is the whole table, by kind.

What each does is its `words`; docs/simulator.md lists them and a test compares.
"""

from simulator.world.lab.states import DeliveryState
from simulator.world.lab.troubles.bridge import BRIDGE
from simulator.world.lab.troubles.broker import BROKER
from simulator.world.lab.troubles.chunks import CHUNKS
from simulator.world.lab.troubles.gateway import GATEWAY
from simulator.world.lab.troubles.glass import GLASS
from simulator.world.lab.troubles.network import NETWORK
from simulator.world.lab.troubles.people import PEOPLE
from simulator.world.lab.troubles.pos import POS
from simulator.world.lab.troubles.tag import TAG
from simulator.world.lab.troubles.trouble import Trouble

TROUBLES: dict[str, Trouble] = {
    one.kind: one for family in (POS, CHUNKS, PEOPLE, NETWORK, BRIDGE, BROKER, GATEWAY, TAG, GLASS) for one in family
}

# Cells of the certificate that no run can hit, each with its reason.
IMPOSSIBLE: dict[tuple[str, DeliveryState], str] = {}

__all__ = ["IMPOSSIBLE", "TROUBLES", "Trouble"]
