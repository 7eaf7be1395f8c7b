"""The laboratory: a whole shop under faults by seed, judged during and after. Start at `run_seed`.

In: a scenario (`scenario.py`, files in `simulator/world/scenarios`), a seed. Out: a `Verdict`: what was tried, what was
hit, what broke a promise (`invariants.py`), and the hash of everything that was said. Rule: a run is a pure function of
scenario, seed and the incidents that are kept: the same three give the same octets at the same instants on any machine.
The flow: `script` (what befalls the shop, and when) · `troubles` (one file a family: how) · `lab` (plays it, heals it,
waits for the shop to agree) · `verdict`. Why: docs/simulator.md, "The laboratory".
"""

from simulator.world.lab.lab import Kept, run_seed
from simulator.world.lab.scenario import Scenario, ScenarioWrong, load_scenario, shipped_scenarios
from simulator.world.lab.script import Incident, script_of
from simulator.world.lab.troubles import TROUBLES, Trouble
from simulator.world.lab.verdict import Verdict, Violation

__all__ = [
    "TROUBLES",
    "Incident",
    "Kept",
    "Scenario",
    "ScenarioWrong",
    "Trouble",
    "Verdict",
    "Violation",
    "load_scenario",
    "run_seed",
    "script_of",
    "shipped_scenarios",
]
