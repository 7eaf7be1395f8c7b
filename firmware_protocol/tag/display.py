"""A tag's rule for one display: what it accepts, when it draws, and what it may say of its glass.

In: what happened to the display (a manifest, parts, the steps of a refresh, a power cut). Out: the new state and what
the tag shall do next, as data. Rule: `memory` is what survives a power cut and is written before anything of the
returned actions is done; a glass is *known* only between a refresh that ended well and the next one that begins.
Nothing here knows keys, octets or a clock. Why: docs/protocol.md, "Manifest, report, proof".
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from firmware_protocol.report import Cause, ReportState
from firmware_protocol.service import absolute_time

Content: TypeAlias = Hashable  # the name of exact pixels; the rule only ever compares it

SLOTS = 2  # whole pictures a display's flash holds: one that must stay, one that is being built
REFRESH_COUNTER_MODULUS = 1 << 16  # two octets in a report


class Stage(Enum):
    """Where the display stands between a whole picture and a glass that shows it."""

    REST = "rest"
    DUE = "due"  # a whole picture is to be drawn as soon as the tag gets to it
    DRAWING = "drawing"  # from the record *glass unknown* to the end of the refresh


class Step(Enum):
    ORDER = "a whole picture is ordered"
    DROP = "the order is gone or the picture is not whole after all"
    BEGIN = "the refresh begins"
    END = "the refresh ends, well or not"


STEPS: Mapping[Stage, Mapping[Step, Stage]] = MappingProxyType(
    {
        Stage.REST: {Step.ORDER: Stage.DUE},
        Stage.DUE: {Step.ORDER: Stage.DUE, Step.DROP: Stage.REST, Step.BEGIN: Stage.DRAWING},
        Stage.DRAWING: {Step.END: Stage.REST},
    }
)


class Outcome(Enum):
    """How a refresh ended. Only `DRAWN` tells what the glass shows; the value of another is what its report says."""

    DRAWN = Cause.NONE
    BUSY_MISSING = Cause.BUSY_MISSING
    TOO_SHORT = Cause.TOO_SHORT
    TOO_LONG = Cause.TOO_LONG
    BROWN_OUT = Cause.BROWN_OUT
    HASH_MISMATCH = Cause.SLOT_SPOILED


class NotNow(RuntimeError):
    """Our own caller took a step that this stage does not have: stop the run."""

    def __init__(self, stage: Stage, step: Step) -> None:
        super().__init__(f"{step.value}, but the display is at {stage.value}")
        self.stage, self.step = stage, step


class Order(Struct, frozen=True):
    """What a manifest asks of the glass. `t_ms` 0 = at once, None = keep the picture and never draw it."""

    revision: int
    content: Content
    t_ms: int | None = 0


class DisplayMemory(Struct, frozen=True):
    """The part in non-volatile memory. Each change of it is one record.

    `now` is the highest order whose T has come, `pending` a later one that waits. `glass` None = unknown.
    `held` are the whole pictures in flash, the one ordered last at the end.
    """

    now: Order | None = None
    pending: Order | None = None
    glass: Content | None = None
    held: tuple[Content, ...] = ()
    refresh_counter: int = 0

    @property
    def highest(self) -> Order | None:
        return self.pending or self.now

    @property
    def accepted_revision(self) -> int:
        """The highest revision accepted under the present key; 0 = none."""
        return order.revision if (order := self.pending or self.now) else 0

    @property
    def finished(self) -> bool:
        """The glass is known to show what the highest order asks, and nothing waits for its T."""
        return (
            self.pending is None and self.now is not None and self.glass is not None and self.glass == self.now.content
        )


class DisplayWork(Struct, frozen=True):
    """The part in RAM. `subject` is the picture due or being drawn; `trouble` is why the highest order stands still."""

    stage: Stage = Stage.REST
    subject: Content | None = None
    trouble: ReportState | None = None
    cause: Cause = Cause.NONE


WORK_NEW = DisplayWork()


class DisplayState(Struct, frozen=True):
    memory: DisplayMemory = DisplayMemory()
    work: DisplayWork = WORK_NEW


class SendReport(Struct, frozen=True):
    """Say `holding(state)`, as it is when the octets leave."""


class WantParts(Struct, frozen=True):
    """Ask for the parts of the highest order's encoding; whatever other transfer ran for this display ends."""

    order: Order


class StartRefresh(Struct, frozen=True):
    """Draw this whole picture: `refresh_begins` first, then the panel, then `refresh_ended`."""

    content: Content


DisplayAction: TypeAlias = SendReport | WantParts | StartRefresh
Result: TypeAlias = tuple[DisplayState, list[DisplayAction]]


class Holding(Struct, frozen=True):
    """What a report says: for `SHOWN` what is on the glass, else the highest order accepted.

    `revision` 0 = none is accepted under the present key; `content` None = there is nothing to name.
    """

    state: ReportState
    revision: int
    content: Content | None
    refresh_counter: int
    cause: Cause


def has_come(t_ms: int | None, now_ms: int | None) -> bool:
    """Whether T has come by the site's clock, which wraps. Without a clock (`now_ms` None) only T 0 has."""
    if t_ms is None:
        return False
    if t_ms == 0:
        return True
    return now_ms is not None and absolute_time.has_come(t_ms, now_ms)


def holding(state: DisplayState) -> Holding:
    memory, work = state.memory, state.work
    said = report_state(state)
    highest = memory.highest
    content = memory.glass if said is ReportState.SHOWN or highest is None else highest.content
    return Holding(said, memory.accepted_revision, content, memory.refresh_counter, work.cause)


def report_state(state: DisplayState) -> ReportState:
    """What a report says of the display, without what it names beside it."""
    memory, work = state.memory, state.work
    if work.stage is Stage.DRAWING:
        return ReportState.REFRESHING
    if work.trouble is not None:
        return work.trouble
    if memory.finished:
        return ReportState.SHOWN
    highest = memory.highest
    if highest is not None and highest.content != memory.glass and highest.content not in memory.held:
        return ReportState.WAITING_PARTS
    if memory.glass is None:
        return ReportState.GLASS_UNKNOWN
    if memory.pending is not None:
        return ReportState.WAITING_T
    return ReportState.SHOWN if highest is None else ReportState.REFRESHING


def parts_wanted(state: DisplayState) -> Order | None:
    """The order whose picture is missing, unless its encoding was refused and another offer must come first."""
    memory, work = state.memory, state.work
    order = memory.highest
    if order is None or memory.finished or order.content in memory.held or work.trouble is not None:
        return None
    return order


def manifest_received(state: DisplayState, order: Order, *, due: bool) -> Result:
    """A sealed manifest opened. `due`: its T has come (`has_come`).

    A lower revision, or an equal one with another content, changes nothing. Whatever it is, it is answered.
    """
    memory = state.memory
    if order.revision < memory.accepted_revision:
        return state, [SendReport()]
    if order.revision == memory.accepted_revision:
        return _repeated(state, order)
    if order.content in memory.held:
        kept = (*(content for content in memory.held if content != order.content), order.content)
    else:
        kept = _kept(state, due=due)
    work = _without_trouble(state.work)
    if due:
        return _ordered_now(replace(memory, now=order, pending=None, held=kept), work, [SendReport()])
    return _go_on(DisplayState(replace(memory, pending=order, held=kept), work), [SendReport()])


def _without_trouble(work: DisplayWork) -> DisplayWork:
    return DisplayWork(work.stage, work.subject)


def _ordered_now(memory: DisplayMemory, work: DisplayWork, actions: list[DisplayAction]) -> Result:
    """`memory.now` is what the glass shall show: whatever waited for its T, or was due to be drawn, is past."""
    if work.stage is Stage.DUE:
        work = replace(work, stage=_step(work, Step.DROP), subject=None)
    return _go_on(DisplayState(memory, work), actions)


def _repeated(state: DisplayState, order: Order) -> Result:
    highest = state.memory.highest
    if highest is None or highest.content != order.content or state.memory.finished:
        return state, [SendReport()]
    return _go_on(DisplayState(state.memory, _without_trouble(state.work)), [SendReport()])


def _kept(state: DisplayState, *, due: bool) -> tuple[Content, ...]:
    """The one whole picture that must survive while another is built in the other slot.

    It is the one being drawn, else the one on the glass, else the highest that may be drawn after a power cut.
    """
    memory, work = state.memory, state.work
    if work.stage is Stage.DRAWING or (work.stage is Stage.DUE and not due):
        must = work.subject
    elif memory.glass is not None:
        must = memory.glass
    else:
        must = _highest_whole(memory)
    return tuple(content for content in memory.held if content == must)


def _highest_whole(memory: DisplayMemory) -> Content | None:
    """The whole picture with the highest revision whose T has come."""
    if memory.now is not None and memory.now.content in memory.held:
        return memory.now.content
    waiting = memory.pending.content if memory.pending else None
    return next((content for content in reversed(memory.held) if content != waiting), None)


def _go_on(state: DisplayState, actions: list[DisplayAction]) -> Result:
    """Compare what is ordered with what is there, and say what is to be done about it."""
    memory, work = state.memory, state.work
    now = memory.now
    undrawn = now is not None and now.content in memory.held and now.content != memory.glass
    if now is not None and undrawn and work.stage is not Stage.DRAWING and _untroubled(memory, work):
        state = DisplayState(memory, replace(work, stage=_step(work, Step.ORDER), subject=now.content))
        actions.append(StartRefresh(now.content))
    if (missing := parts_wanted(state)) is not None:
        actions.append(WantParts(missing))
    return state, actions


def _untroubled(memory: DisplayMemory, work: DisplayWork) -> bool:
    """Trouble belongs to the highest order: a picture of the glass may be redrawn while a refused one is pending."""
    return work.trouble is None or memory.pending is not None


def _step(work: DisplayWork, step: Step) -> Stage:
    stage = STEPS[work.stage].get(step)
    if stage is None:
        raise NotNow(work.stage, step)
    return stage


def image_asked(state: DisplayState, content: Content) -> Result:
    """A command for a slot with this picture: it is drawn only if that is what is ordered and not yet done."""
    now = state.memory.now
    if now is None or now.content != content or state.memory.pending is not None or state.memory.finished:
        return state, []
    return _go_on(DisplayState(state.memory, _without_trouble(state.work)), [])


def parts_complete(state: DisplayState, content: Content) -> Result:
    """The picture of the highest order stands whole in its slot."""
    memory = state.memory
    order = memory.highest
    if order is None or order.content != content or content in memory.held:
        return state, []
    held = (*memory.held, content)[-SLOTS:]
    actions: list[DisplayAction] = [SendReport()] if memory.pending is not None else []
    return _go_on(DisplayState(replace(memory, held=held), state.work), actions)


def encoding_refused(state: DisplayState, cause: Cause) -> Result:
    """The parts are whole but no picture comes out: another encoding must be offered."""
    work = replace(state.work, trouble=ReportState.REFUSED, cause=cause)
    return DisplayState(state.memory, work), [SendReport()]


def refresh_begins(state: DisplayState) -> Result:
    """To be written to memory before the panel is touched: from here on nobody knows what the glass shows."""
    work = replace(state.work, stage=_step(state.work, Step.BEGIN))
    return DisplayState(replace(state.memory, glass=None), work), []


def refresh_ended(state: DisplayState, outcome: Outcome, shows: Content | None = None) -> Result:
    """The panel is done. `shows` is the content id as it was computed while the slot was read back for the panel."""
    memory, work = state.memory, state.work
    subject = work.subject
    if outcome is Outcome.DRAWN and shows != subject:
        outcome = Outcome.HASH_MISMATCH
    rested = DisplayWork(stage=_step(work, Step.END), trouble=work.trouble, cause=work.cause)
    if outcome is Outcome.DRAWN:
        count = (memory.refresh_counter + 1) % REFRESH_COUNTER_MODULUS
        memory = replace(memory, glass=shows, refresh_counter=count)
        return _go_on(DisplayState(memory, rested), [SendReport()])
    if outcome is Outcome.HASH_MISMATCH:
        memory = _without(memory, subject)
    return _failed(DisplayState(memory, rested), subject, outcome)


def slot_broken(state: DisplayState) -> Result:
    """The slot of the picture that is due does not read back as that picture: nothing is drawn, the parts come anew."""
    work = state.work
    rested = DisplayWork(stage=_step(work, Step.DROP), trouble=work.trouble, cause=work.cause)
    broken = DisplayState(_without(state.memory, work.subject), rested)
    return _failed(broken, work.subject, Outcome.HASH_MISMATCH)


def _without(memory: DisplayMemory, content: Content | None) -> DisplayMemory:
    return replace(memory, held=tuple(held for held in memory.held if held != content))


def _failed(state: DisplayState, subject: Content | None, outcome: Outcome) -> Result:
    """A failed refresh waits for the next offer; one of a picture no longer ordered gives way to the one that is."""
    now = state.memory.now
    if now is not None and now.content == subject:
        if state.memory.pending is None:
            work = replace(state.work, trouble=ReportState.FAILED, cause=outcome.value)
            return DisplayState(state.memory, work), [SendReport()]
        return state, [SendReport()]
    return _go_on(state, [SendReport()])


def t_came(state: DisplayState) -> Result:
    """The T of the pending order has come: *next* becomes *now*."""
    memory = state.memory
    if memory.pending is None:
        return state, []
    actions: list[DisplayAction] = [SendReport()] if memory.pending.content == memory.glass else []
    return _ordered_now(replace(memory, now=memory.pending, pending=None), state.work, actions)


def glass_changed(state: DisplayState) -> Result:
    """Something else was drawn (a splash, a button page): the glass is unknown until the next offer."""
    if state.work.stage is Stage.DRAWING:
        return state, []
    return DisplayState(replace(state.memory, glass=None), state.work), [SendReport()]


def power_cut(state: DisplayState) -> DisplayMemory:
    """What is left."""
    return state.memory


def power_up(memory: DisplayMemory) -> Result:
    """What is ordered goes on. With the glass unknown the display says so and draws its highest whole picture once."""
    actions: list[DisplayAction] = [] if memory.glass is not None else [SendReport()]
    state, actions = _go_on(DisplayState(memory, WORK_NEW), actions)
    if memory.glass is None and state.work.stage is Stage.REST and (whole := _highest_whole(memory)) is not None:
        work = replace(state.work, stage=_step(state.work, Step.ORDER), subject=whole)
        return DisplayState(memory, work), [*actions, StartRefresh(whole)]
    return state, actions


def new_keys(state: DisplayState) -> Result:
    """The tag took new keys: no revision is accepted yet; what it knows of its glass, and its pictures, stay."""
    memory = replace(state.memory, now=None, pending=None)
    work = WORK_NEW
    if state.work.stage is Stage.DRAWING:
        work = DisplayWork(Stage.DRAWING, state.work.subject)
    return DisplayState(memory, work), [SendReport()]


def factory_reset() -> DisplayState:
    """Everything is forgotten, so the glass is unknown; nothing is drawn, so it still shows what it showed."""
    return DisplayState()
