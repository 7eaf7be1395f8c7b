"""`esl world plan`: how many bridges a shop needs, how often its tags make contact, how fast and how long that is."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.world import world

if TYPE_CHECKING:
    from simulator.radio.sizing import Figure, Plan


@world.command("plan")
def world_plan(
    floor: Annotated[
        str, typer.Option("--floor", metavar="FILE", help="A plan as TOML, or corner-shop, supermarket, hypermarket.")
    ],
    tags: Annotated[int, typer.Option("--tags", min=1, metavar="N", help="How many, spread over the shelves.")],
    changes: Annotated[
        int, typer.Option("--changes-per-day", min=1, metavar="M", help="Label changes a day in the whole shop.")
    ],
    panel: Annotated[str, typer.Option("--panel", metavar="KIND", help="The kind of glass, as 2.13-bw.")] = "2.9-bwr",
    bridges: Annotated[
        int | None, typer.Option("--bridges", min=1, max=64, metavar="B", help="Exactly so many, not the fewest.")
    ] = None,
    as_drawn: Annotated[
        bool, typer.Option("--as-drawn", help="The bridges of the floor plan, where it has them.")
    ] = False,
    update_within: Annotated[
        float, typer.Option("--update-within", min=1, metavar="MINUTES", help="When all labels change at once.")
    ] = 60.0,
    change_within: Annotated[
        float, typer.Option("--change-within", min=10, metavar="SECONDS", help="For 95 of 100 single changes.")
    ] = 180.0,
    years: Annotated[float, typer.Option("--years", min=0.1, metavar="Y", help="That cells shall last.")] = 5.0,
    air: Annotated[str, typer.Option("--air", metavar="PRESET", help="quiet, store, busy or edge.")] = "store",
    seed: Annotated[int, typer.Option("--seed", metavar="K", help="The same seed, the same shop.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Size a shop by simulation, with the formula beside each figure: bridges, schedule, minutes, years, margins."""
    from firmware_protocol import PANELS
    from simulator.radio.floor_file import PlanWrong, read_floor
    from simulator.radio.shop_channel import Air
    from simulator.radio.sizing import Goals, NoPlan, plan

    try:
        if panel not in PANELS:
            raise NoPlan(f"no panel is called {panel!r}; there are {', '.join(PANELS)}")
        found = plan(
            read_floor(floor),
            tags,
            changes,
            panel=panel,
            goals=Goals(update_within * 60, change_within, years),
            air=Air(air),
            bridges=bridges,
            as_drawn=as_drawn,
            seed=seed,
        )
    except (PlanWrong, NoPlan, ValueError, OSError) as error:
        typer.echo(f"esl: {error}", err=True)
        raise typer.Exit(1) from None
    print(json.dumps(as_object(found), indent=2) if as_json else "\n".join(in_words(found)))


def as_object(plan: "Plan") -> dict[str, object]:
    """As `--json` prints it: names as in the admin API."""
    from simulator.radio.sizing import MARGIN_DB

    def figure(one: "Figure", divisor: float = 1.0, goal: float | None = None) -> dict[str, float]:
        shown = {"simulated": round(one.simulated / divisor, 2), "formula": round(one.formula / divisor, 2)}
        return shown if goal is None else {**shown, "goal": goal}

    goals = plan.goals
    return {
        "floor": plan.floor,
        "tags": plan.tags,
        "changesPerDay": plan.changes_a_day,
        "panel": plan.panel,
        "seed": plan.seed,
        "bridges": plan.bridges,
        "tagsAtFullestBridge": plan.fullest_bridge,
        "schedule": {"profile": "poll", "contactSeconds": plan.contact_s},
        "coverage": {
            "medianDb": round(plan.coverage.median_db, 1),
            "weakestPercentDb": round(plan.coverage.weakest_db, 1),
            "marginWantedDb": MARGIN_DB,
            "tagsBelow": plan.coverage.uncovered,
        },
        "fullUpdateMinutes": {
            **figure(plan.update_s, 60, goals.update_s / 60),
            "ninetyNinePercent": round(plan.update_99_s / 60, 2),
        },
        "changeSecondsMean": figure(plan.change_mean_s),
        "changeSeconds95": figure(plan.change_95_s, 1, goals.change_s),
        "batteryYears": {**figure(plan.years, 1, goals.years), "weakestTenth": round(plan.years_weakest, 2)},
        "airtimeShare": round(plan.air_share, 5),
        "meetsBatteryGoal": plan.meets_years,
        "inTrain": {
            "train": plan.in_train.train,
            "fits": plan.in_train.fits,
            "fullUpdateMinutes": round(plan.in_train.update_s / 60, 2),
            "proofsSeconds": round(plan.in_train.proofs_s, 1),
            "changeSecondsMean": round(plan.in_train.change_mean_s, 2),
            "changeSeconds95": round(plan.in_train.change_95_s, 2),
            "batteryYears": round(plan.in_train.years, 2),
        },
    }


def in_words(plan: "Plan") -> list[str]:
    """A dozen lines for a planner."""
    goals, coverage = plan.goals, plan.coverage
    life = "as wanted" if plan.meets_years else "TOO SHORT"
    return [
        f"{plan.floor}: {plan.tags} tags ({plan.panel}), {plan.changes_a_day} label changes a day, seed {plan.seed}",
        "",
        f"bridges          {plan.bridges}, the fullest with {plan.fullest_bridge} tags",
        f"schedule         poll, a contact each {plan.contact_s:g} s",
        f"signal           {coverage.median_db:.0f} dB above what is needed at the median, "
        f"{coverage.weakest_db:.0f} dB for all but 1 in 100, {coverage.uncovered} tags below the margin of 6 dB",
        f"full update      {plan.update_s.simulated / 60:.1f} min, 99 of 100 labels after "
        f"{plan.update_99_s / 60:.1f} min (formula {plan.update_s.formula / 60:.1f}; wanted {goals.update_s / 60:g}, "
        f"margin {1 - plan.update_s.simulated / goals.update_s:.0%})",
        f"one change       {plan.change_mean_s.simulated:.0f} s on average (formula {plan.change_mean_s.formula:.0f}), "
        f"95 of 100 within {plan.change_95_s.simulated:.0f} s (formula {plan.change_95_s.formula:.0f}; wanted "
        f"{goals.change_s:g}, margin {1 - plan.change_95_s.simulated / goals.change_s:.0%})",
        f"cells            {_years(plan.years.simulated)}, the weakest tenth {_years(plan.years_weakest)} "
        f"(formula {_years(plan.years.formula)}; wanted {goals.years:g}: "
        f"{life}, margin {plan.years_weakest / goals.years - 1:.0%})",
        f"air              {plan.air_share:.1%} of the fullest bridges' time in an ordinary hour",
        f"for comparison   PAwR ({plan.in_train.train}): full update {plan.in_train.update_s / 60:.1f} min, one change "
        f"{plan.in_train.change_mean_s:.0f} s, 95 of 100 within {plan.in_train.change_95_s:.0f} s, cells "
        f"{_years(plan.in_train.years)}{'' if plan.in_train.fits else '; too many tags for one train'}",
        "",
        "Simulated contact by contact on the shop's air; the formula knows no loss, no queue and no repetition.",
    ]


def _years(years: float) -> str:
    """A cell's seals and self-discharge end it before thirty years of arithmetic do."""
    return f"{years:.1f} years" if years <= 10 else "more than 10 years"
