"""A certificate as a page that one can look at: what was tried, what held, how long it took, what the cells gave.

In: a `Certificate`. Out: one HTML file without scripts and without anything from elsewhere. Rule: it shows what
`to_json` says and draws no conclusion of its own.
"""

from importlib.resources import files

from jinja2 import Environment

from simulator.world.lab.certificate import HITS_WANTED, Certificate
from simulator.world.lab.pictures import floor_map, histogram, over_load
from simulator.world.lab.states import DeliveryState


def report_html(certificate: Certificate) -> str:
    """The whole page."""
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        (files("simulator.world.lab") / "report.html").read_text("utf-8")
    )
    deliveries = [one for verdict in certificate.verdicts for one in verdict.deliveries]
    years = [one for verdict in certificate.verdicts for one in verdict.battery_years]
    floor = certificate.scenario.air()
    return template.render(
        scenario=certificate.scenario,
        found=certificate.to_json(),
        verdicts=certificate.verdicts,
        states=[state.value for state in DeliveryState],
        wanted=HITS_WANTED,
        impossible=certificate.impossible_cells(),
        latency=histogram([one.seconds for one in deliveries], "seconds from a change to its proof", "labels"),
        load=over_load(deliveries),
        shop=floor_map(floor, deliveries) if floor is not None else None,
        cells=histogram(years, "years", "tags"),
    )
