"""What a line from an authority elsewhere does to its chunks: late, twice, the newest first."""

from typing import TYPE_CHECKING

from simulator.chance import Random
from simulator.world.lab.troubles.trouble import Trouble

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

PRODUCTS = 5  # few, so that chunks are about the same ones


async def fed(lab: "Lab", chance: Random) -> None:
    """A few changes; the line carries them in any order, and what was not answered comes again."""
    office = lab.head_office
    chunks = []
    for _ in range(2 + int(chance.random() * 3)):
        barcodes = dict.fromkeys(f"FED-{int(chance.random() * PRODUCTS)}" for _ in range(2))
        chunks.append(
            office.chunk({code: f"{chance.randrange(1, 40)}.{chance.choice(('09', '99'))}" for code in barcodes})
        )
    await lab.moment(chance)
    lab.hit("chunks.fed")
    lab.tell(f"the authority of another store sends {len(chunks)} chunks, which come in another order")
    for chunk in chance.sample(chunks, len(chunks)):
        office.publish(chunk)
        await lab.clock.sleep(chance.choice((0.0, 0.2, 5.0)))
    for chunk in chance.sample(chunks, len(chunks)):
        if refused := await office.deliver(chunk):
            lab.broken("a good chunk is taken", f"a chunk is answered {refused}")


async def again(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    if (chunk := lab.head_office.old_chunk(chance.random())) is None:
        return
    lab.hit("chunks.again")
    lab.tell("a chunk that another store took long ago comes once more")
    await lab.head_office.deliver(chunk)


CHUNKS = (
    Trouble(
        "chunks.fed", "an authority elsewhere sends chunks, which come in any order and twice", fed, is_errand=True
    ),
    Trouble("chunks.again", "a chunk that was taken long ago comes once more", again, is_errand=True),
)
