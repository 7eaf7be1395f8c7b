"""The script of a run: what befalls the shop and when, drawn before anything happens.

In: a scenario, a seed. Out: incidents in the order of their time. Rule: each kind, and each incident of it, draws from
a generator of its own name, so that a run from which some are left out keeps all the others as they were.
"""

from msgspec import Struct

from simulator.chance import Random, generator
from simulator.world.lab.scenario import Scenario


class Incident(Struct, frozen=True, order=True):
    """`number`: of its kind in this seed. `at_s`: since the first opening."""

    at_s: float
    kind: str
    number: int

    def chance(self, seed: int) -> Random:
        """Everything else about it."""
        return generator(seed, f"incident/{self.kind}/{self.number}")

    @property
    def name(self) -> str:
        """As `--only` and stories call it."""
        return f"{self.kind}/{self.number}"


def script_of(scenario: Scenario, seed: int) -> list[Incident]:
    """Of each kind those that have their hour, and between none and twice the scenario's mean, at any time. What is
    left of a whole one is one in that share of the seeds, so that the mean holds for the rare ones too.
    """
    found: list[Incident] = []
    for kind in scenario.kinds:
        fixed, mean = scenario.at.get(kind, ()), scenario.troubles.get(kind, 0.0)
        found += [Incident(hour * 3600.0, kind, number) for number, hour in enumerate(fixed)]
        chance = generator(seed, f"count/{kind}")
        count = int(2 * mean * chance.random() + chance.random())
        share, several = scenario.rarely.get(kind, (0.0, 0.0))
        count += int(several) if generator(seed, f"rarely/{kind}").random() < share else 0
        for number in range(len(fixed), len(fixed) + count):
            at_s = generator(seed, f"instant/{kind}/{number}").random() * scenario.open_s
            found.append(Incident(at_s, kind, number))
    return sorted(found)
