"""Troubles of the gateway's own machine: death at any await and at any commit, its disk, its clock, its workers."""

from typing import TYPE_CHECKING

from simulator.chance import Random
from simulator.world.lab.disk import PowerCut, Tear
from simulator.world.lab.troubles import pos
from simulator.world.lab.troubles.trouble import Trouble

if TYPE_CHECKING:
    from simulator.world.lab.lab import Lab

AWAITS_MAX = 60  # turns of the loop into a request: past its answer
COMMITS_MAX = 12
COMMITS_AT_A_MOMENT = 2  # later ones would find the shop in another state
COMMITS_OF_A_BATCH = 8  # of completing, planning, saving, noting, drawing and waiting, with others between them
WAITS_AT_MOST_S = 1800.0
BACKUP_AGE = (0.001, 0.1)  # of the open hours
MACHINE_AWAY_S = (5.0, 600.0)
WAITS_FOR_A_BATCH_S = 7200.0


async def killed(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    down_s = chance.uniform(0.2, 120.0)
    lab.tell(f"the gateway is killed, and back after {down_s:.0f} s")
    await lab.dies("gateway.killed", down_s)


async def killed_in_a_request(lab: "Lab", chance: Random) -> None:
    awaits, down_s = int(chance.random() * AWAITS_MAX), chance.uniform(0.2, 60.0)
    _asks_at_the_moment(lab, await lab.moment(chance), chance)
    if not await lab.soon(lab.till.request_begins(), WAITS_AT_MOST_S):
        return
    await lab.turns(awaits)
    lab.tell(f"the gateway is killed {awaits} awaits into a request, and back after {down_s:.0f} s")
    await lab.dies("gateway.killed_in_a_request", down_s)


def _asks_at_the_moment(lab: "Lab", display: str | None, chance: Random) -> None:
    """A moment that was waited for does not wait for the POS: it asks now, about another product."""
    if display is not None:
        lab.errand("a price at that moment", pos.one_price(lab, chance))


async def killed_at_an_answer(lab: "Lab", chance: Random) -> None:
    """Whatever it has promised in the answer must be on the disk by then."""
    down_s = chance.uniform(0.2, 60.0)
    _asks_at_the_moment(lab, await lab.moment(chance), chance)
    if not await lab.soon(lab.answer_kills(), WAITS_AT_MOST_S):
        return
    lab.tell(f"the gateway is killed at the instant an answer has left, and back after {down_s:.0f} s")
    await lab.dies("gateway.killed_at_an_answer", down_s)


async def power_cut(lab: "Lab", chance: Random) -> None:
    commits, tear, share = chance.random(), chance.choice(list(Tear)), chance.random()
    down_s = chance.uniform(0.2, 120.0)
    most = COMMITS_MAX if await lab.moment(chance) is None else COMMITS_AT_A_MOMENT
    cut = PowerCut(1 + int(commits * most), tear, share)
    if not await lab.soon(lab.power_is_cut(cut), WAITS_AT_MOST_S):
        return
    lab.tell(f"the power goes {cut.tear}; the gateway is back after {down_s:.0f} s")
    await lab.dies("gateway.power_cut", down_s)


async def power_cut_in_a_batch(lab: "Lab", chance: Random) -> None:
    """At one of the commits in which a batch becomes products, pictures and counts."""
    cut = PowerCut(1 + int(chance.random() * COMMITS_OF_A_BATCH), chance.choice(list(Tear)), chance.random())
    down_s = chance.uniform(0.2, 120.0)
    if await lab.moment(chance) is not None:
        lab.errand("a batch at that moment", pos.batch_of_one(lab, chance))
    if not await lab.soon(lab.batches.next_begins(), WAITS_FOR_A_BATCH_S):
        return
    if not await lab.soon(lab.power_is_cut(cut), WAITS_AT_MOST_S):
        return
    lab.tell(f"the power goes {cut.tear}, {cut.commits} commits into a batch; the gateway is back after {down_s:.0f} s")
    await lab.dies("gateway.power_cut_in_a_batch", down_s)


async def restored(lab: "Lab", chance: Random) -> None:
    """Both ends take aim: what the backup holds half, and what the world has gone on to since."""
    between_s, away_s = lab.scenario.open_s * chance.uniform(*BACKUP_AGE), chance.uniform(*MACHINE_AWAY_S)
    async with lab.restoring.alone:
        await lab.moment(chance)
        backup = await lab.restoring.backup()
        lab.hit("gateway.restored")
        lab.tell("a backup is made")
        await lab.clock.sleep(between_s)
        await lab.moment(chance)
        lab.hit("gateway.restored")
        lab.tell(
            f"the gateway's machine is lost; after {away_s:.0f} s another lives from the backup that was made "
            f"{lab.now_s - backup.at_s:.0f} s ago"
        )
        await lab.restoring.restore(backup, away_s)


async def restored_twice(lab: "Lab", chance: Random) -> None:
    """Of what the life between has given out, the backup knows nothing: neither then nor now."""
    waits_s = [lab.scenario.open_s * chance.uniform(*BACKUP_AGE) for _ in range(2)]
    away_s = [chance.uniform(*MACHINE_AWAY_S) for _ in range(2)]
    async with lab.restoring.alone:
        await lab.moment(chance)
        backup = await lab.restoring.backup()
        lab.hit("gateway.restored_twice")
        lab.tell("a backup is made")
        for again in range(2):
            await lab.clock.sleep(waits_s[again])
            await lab.moment(chance)
            lab.hit("gateway.restored_twice")
            lost, same = ("lost again", "same backup") if again else ("lost", "backup")
            age_s = lab.now_s - backup.at_s
            lab.tell(
                f"the gateway's machine is {lost}; after {away_s[again]:.0f} s another lives from the {same} that was "
                f"made {age_s:.0f} s ago"
            )
            await lab.restoring.restore(backup, away_s[again])


async def disk_full(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    lasts_s = chance.uniform(5.0, 600.0)
    lab.hit("gateway.disk_full")
    lab.tell(f"the disk is full for {lasts_s:.0f} s")
    lab.disk.full = True
    try:
        await lab.clock.sleep(lasts_s)
    finally:
        lab.disk.full = False


async def slow_disk(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    lasts_s, slow_s = chance.uniform(60.0, 600.0), chance.choice((0.05, 0.5, 3.0))
    lab.hit("gateway.slow_disk")
    lab.tell(f"each commit takes {slow_s:g} s, for {lasts_s:.0f} s")
    lab.disk.slow_s = slow_s
    try:
        await lab.clock.sleep(lasts_s)
    finally:
        lab.disk.slow_s = 0.0


async def clock_jump(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    jump_s = chance.choice((-7200.0, -3600.0, -30.0, 30.0, 3600.0, 86_400.0))
    lab.hit("gateway.clock_jump")
    lab.tell(f"the gateway's clock jumps by {jump_s:.0f} s")
    lab.clock.jump(jump_s)


async def worker_killed(lab: "Lab", chance: Random) -> None:
    await lab.moment(chance)
    lab.hit("gateway.worker_killed")
    works = 1 + int(chance.random() * 3)
    lab.tell(f"the worker that draws dies in each of the next {works} works")
    lab.world.executor.die_in_next(works)


GATEWAY = (
    Trouble("gateway.killed", "SIGKILL at any instant", killed),
    Trouble("gateway.killed_in_a_request", "SIGKILL at any await of a request", killed_in_a_request),
    Trouble("gateway.killed_at_an_answer", "SIGKILL at the instant an answer has left", killed_at_an_answer),
    Trouble("gateway.power_cut", "no power before, within or after a commit; the log may be torn", power_cut),
    Trouble("gateway.power_cut_in_a_batch", "no power at one of a batch's own commits", power_cut_in_a_batch),
    Trouble("gateway.restored", "the machine is lost, and another lives from an earlier backup", restored),
    Trouble(
        "gateway.restored_twice",
        "the machine is lost twice, and both times another lives from the same backup",
        restored_twice,
    ),
    Trouble("gateway.disk_full", "the disk takes nothing more for a while", disk_full),
    Trouble("gateway.slow_disk", "each commit takes up to seconds", slow_disk),
    Trouble("gateway.clock_jump", "UTC jumps by seconds, hours or a day", clock_jump),
    Trouble("gateway.worker_killed", "worker processes die while they draw", worker_killed),
)
