"""`esl world ...`: the simulator as a laboratory. Each command of the group adds itself to `world`."""

import typer

world = typer.Typer(help="The simulator as a laboratory: shops that exist nowhere.", no_args_is_help=True)


@world.callback()
def _only_group() -> None:
    """The simulator as a laboratory: shops that exist nowhere."""


def register(app: typer.Typer) -> None:
    """Every command of the group is known by then: their modules add them when they are imported."""
    from simulator.cli import world_demo, world_lab, world_plan  # noqa: F401  # each adds its commands

    app.add_typer(world, name="world", rich_help_panel="Run")
