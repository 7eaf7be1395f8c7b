"""Gateway, POS and fleet in one process on one virtual clock; and the judge. The only part that imports the gateway."""

from simulator.world.judge import Expected, Judge
from simulator.world.world import GatewayAway, NeverQuiet, Proof, World

__all__ = ["Expected", "GatewayAway", "Judge", "NeverQuiet", "Proof", "World"]
