"""What people do in the middle of it all: bind, unbind, change templates and tokens."""

from typing import TYPE_CHECKING

from gateway.access.stores import LAWS
from simulator.chance import Random
from simulator.world.judge import TEMPLATE
from simulator.world.lab.troubles.trouble import Trouble

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

TEMPLATES = (TEMPLATE, "minimal")
ONE_TAG_SHARE = 0.7
LOCALES = ("hr-HR", "de-DE", "en-GB")


async def unbind(lab: "Lab", chance: Random) -> None:
    display = lab.pick_display(chance)
    barcode, away_s = lab.pick_barcode(chance), chance.uniform(5.0, 1800.0)
    display = await lab.moment(chance) or display
    lab.hit("people.unbind", tag=lab.tag_of(display))
    lab.tell(f"somebody unbinds {display}, and binds {barcode} to it {away_s:.0f} s later")
    if display is not None:
        await lab.staff.bind(display, None)
        await lab.clock.sleep(away_s)
        await lab.staff.bind(display, barcode)


async def bind(lab: "Lab", chance: Random) -> None:
    display, barcode = lab.pick_display(chance), lab.pick_barcode(chance)
    display = await lab.moment(chance) or display
    lab.hit("people.bind", tag=lab.tag_of(display))
    lab.tell(f"somebody binds {barcode} to {display}")
    if display is not None:
        await lab.staff.bind(display, barcode)


async def choose_template(lab: "Lab", chance: Random) -> None:
    """Of what the display shows already: the same product, drawn in another way."""
    display, template = lab.pick_display(chance), chance.choice(TEMPLATES)
    display = await lab.moment(chance) or display
    barcode = None if display is None else lab.batches.barcode_of(display)
    lab.hit("people.template", tag=lab.tag_of(display))
    lab.tell(f"somebody has {display} drawn by the template {template}")
    if display is not None and barcode is not None:
        await lab.staff.bind(display, barcode, template)


async def change_settings(lab: "Lab", chance: Random) -> None:
    locale, law = chance.choice(LOCALES), chance.choice(LAWS)
    await lab.moment(chance)
    lab.hit("people.settings")
    lab.tell(f"the store's labels are drawn for {locale} and the law {law} from now on")
    await lab.staff.change_settings(locale, law)


async def rotate_keys(lab: "Lab", chance: Random) -> None:
    """Of one tag or of all: nothing is proved under the new ones until each has answered, and no glass is drawn."""
    tag = lab.pick_tag(chance) if chance.random() < ONE_TAG_SHARE else None
    await lab.moment(chance)
    lab.hit("people.keys_rotated", tag=tag)
    lab.tell(f"new keys are asked for {'all tags' if tag is None else tag.tag_id}")
    await lab.staff.rotate_keys(tag)


async def revoke_token(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    lab.hit("people.token_revoked")
    lab.tell("the POS's token is revoked, and it is given another")
    await lab.till.takes_a_new_token()


PEOPLE = (
    Trouble("people.unbind", "a display is unbound while it is served, and bound anew later", unbind, is_errand=True),
    Trouble("people.bind", "a display gets another product", bind, is_errand=True),
    Trouble("people.template", "a display is drawn by another template", choose_template, is_errand=True),
    Trouble(
        "people.settings", "the store gets another locale or law: every label changes", change_settings, is_errand=True
    ),
    Trouble("people.keys_rotated", "a tag, or all of them, shall take new keys", rotate_keys, is_errand=True),
    Trouble("people.token_revoked", "the POS's token is revoked and replaced", revoke_token, is_errand=True),
)
