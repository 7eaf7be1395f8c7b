"""A shop for tests of a POS. Behind the pytest plugin, and to be opened by hand with `open_shop`.

`shop` what a test holds · `glass` labels, `reading` prices off pixels · `door` HTTP · `life` what happens inside ·
`faults` · `stage` the thread in which its time stands still.
"""

from simulator.world.testing.faults import Faults, FaultUnknown
from simulator.world.testing.glass import Glass, NoPrice, Shelf
from simulator.world.testing.life import LabelUnknown, NotBound
from simulator.world.testing.shop import Gateway, NotProved, Shop, ShopClock, ShopPlan, open_shop

__all__ = [
    "FaultUnknown",
    "Faults",
    "Gateway",
    "Glass",
    "LabelUnknown",
    "NoPrice",
    "NotBound",
    "NotProved",
    "Shelf",
    "Shop",
    "ShopClock",
    "ShopPlan",
    "open_shop",
]
