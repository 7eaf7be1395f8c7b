"""What people do in the middle of it all: bind, unbind, change templates and tokens."""

from typing import TYPE_CHECKING

from simulator.chance import Random
from simulator.world.lab.troubles.trouble import Trouble

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab


async def unbind(lab: "Lab", chance: Random) -> None:
    display = lab.pick_display(chance)
    barcode, away_s = lab.pick_barcode(chance), chance.uniform(5.0, 1800.0)
    display = await lab.moment(chance) or display
    lab.hit("people.unbind", tag=lab.tag_of(display))
    lab.tell(f"somebody unbinds {display}, and binds {barcode} to it {away_s:.0f} s later")
    if display is not None:
        await lab.bind(display, None)
        await lab.clock.sleep(away_s)
        await lab.bind(display, barcode)


async def bind(lab: "Lab", chance: Random) -> None:
    display, barcode = lab.pick_display(chance), lab.pick_barcode(chance)
    display = await lab.moment(chance) or display
    lab.hit("people.bind", tag=lab.tag_of(display))
    lab.tell(f"somebody binds {barcode} to {display}")
    if display is not None:
        await lab.bind(display, barcode)


async def revoke_token(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    lab.hit("people.token_revoked")
    lab.tell("the POS's token is revoked, and it is given another")
    await lab.till.takes_a_new_token()


PEOPLE = (
    Trouble("people.unbind", "a display is unbound while it is served, and bound anew later", unbind, is_errand=True),
    Trouble("people.bind", "a display gets another product", bind, is_errand=True),
    Trouble("people.token_revoked", "the POS's token is revoked and replaced", revoke_token, is_errand=True),
)
