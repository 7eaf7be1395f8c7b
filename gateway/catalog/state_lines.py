"""The ledger of a product whose prices another authority sets: facts it has told, in whatever order they came. Pure.

In: the lines there are, changes as they are told, the prices of the newest state. Out: the lines there shall be.
Rule: the same facts and the same newest state give the same lines, whichever came first, however often. Lines stand in
the order of what happened; a line that comes late takes its place between the others.

Two kinds of line are ours. An *opening* line says which price held before the first change that was told: an authority
sends every change of 60 days, so what is not named has held that long. A *gap* line closes a hole: the newest state has
a price that no change told leads to (more than 60 days were missed, or the authority keeps no history). Its number is
that of the fact it goes on from (0 = none).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gateway.catalog.fields import LEDGER_FIELDS

OPENING, GAP = "opening", "gap"


class Fact(NamedTuple):
    """A change of a price-like field, as its authority tells it: when (ms), by which number of its own, from, to."""

    at: int
    accepted_seq: int
    field: str
    old: str | None
    new: str | None


class KeptLine(NamedTuple):
    """A fact in the ledger. `line_id`: of the line that tells it, perhaps with others; None until it is written."""

    line_id: int | None
    fact: Fact
    source: str
    session_id: str | None


def lines_after(
    kept: Sequence[KeptLine],
    told: Iterable[Fact],
    prices: Mapping[str, str],
    *,
    source: str,
    opens_at: int,
    now: int,
) -> list[KeptLine]:
    """`kept` oldest first; `prices`: the newest state's, as ledger texts; `opens_at`: 60 days before now (ms)."""
    known = {line.fact for line in kept}
    fresh = [KeptLine(None, fact, source, None) for fact in dict.fromkeys(told) if fact not in known]
    lines = [line for line in kept if line.source != OPENING] + fresh
    openings = [line for line in kept if line.source == OPENING]
    if all(line.source in (source, GAP) for line in lines):  # no history of another kind goes before
        facts = sorted((line.fact for line in lines if line.source != GAP), key=_when)
        opened = openings[0].fact.at if openings else opens_at
        # The newest state says nothing of a time that early: what was said of it then stays.
        said = {line.fact.field: line.fact.new for line in openings}
        held = said if opened < opens_at else dict(prices)
        openings = _openings(facts, held, opened, {line.fact: line for line in openings})
    lines = _without_closed_gaps(sorted(openings + lines, key=_place))
    return lines + _gaps(lines, prices, now)


def _openings(
    facts: Iterable[Fact], held: Mapping[str, str | None], opened: int, kept: Mapping[Fact, KeptLine]
) -> list[KeptLine]:
    """`held`: what fields that no fact speaks of were at `opened`; of the others, the first fact says it."""
    first: dict[str, Fact] = {}
    for fact in facts:
        first.setdefault(fact.field, fact)
    found = []
    for name in sorted(LEDGER_FIELDS):
        value = first[name].old if name in first else held.get(name)
        if value is not None and (name not in first or first[name].at > opened):
            fact = Fact(opened, 0, name, None, value)
            found.append(kept.get(fact) or KeptLine(None, fact, OPENING, None))
    return found


def _without_closed_gaps(lines: Iterable[KeptLine]) -> list[KeptLine]:
    """A gap is closed by a fact behind the one it goes on from that leads to what it leads to: that fact was told
    after the gap was found, though it had happened before.
    """
    facts: dict[str, list[Fact]] = {}
    open_ones = []
    for line in lines:
        before = facts.setdefault(line.fact.field, [])
        if line.source != GAP:
            before.append(line.fact)
        elif _is_closed(line.fact, before):
            continue
        open_ones.append(line)
    return open_ones


def _is_closed(gap: Fact, before: Sequence[Fact]) -> bool:
    """`before`: the facts of its field before it. An authority that numbers nothing leaves to be guessed which of them
    it goes on from: the last that leads to where it starts.
    """
    for fact in reversed(before):
        if gap.accepted_seq and fact.accepted_seq <= gap.accepted_seq:
            return False
        if fact.new == gap.new:
            return True
        if not gap.accepted_seq and fact.new == gap.old:
            return False
    return not before and gap.new is None


def _gaps(lines: Sequence[KeptLine], prices: Mapping[str, str], now: int) -> list[KeptLine]:
    last = {line.fact.field: line.fact for line in lines}
    at = max(now, lines[-1].fact.at) if lines else now
    gaps = []
    for name in sorted(LEDGER_FIELDS):
        seq, old = (last[name].accepted_seq, last[name].new) if name in last else (0, None)
        if old != prices.get(name):
            gaps.append(KeptLine(None, Fact(at, seq, name, old, prices.get(name)), GAP, None))
    return gaps


def _place(line: KeptLine) -> tuple[int, bool, tuple[int, int, str, str, str]]:
    return line.fact.at, line.source == GAP, _when(line.fact)


def _when(fact: Fact) -> tuple[int, int, str, str, str]:
    return fact.at, fact.accepted_seq, fact.field, fact.old or "", fact.new or ""
