"""What a gateway wrote down with `esl serve --record`: told step by step, and its POS side played again.

In: a recording. Out: words; or what came of the same requests, at the same distances in time, in a virtual shop with
the gateway of this version. Rule: what is sealed stays sealed; of a tag's own words only kind and length are told.
"""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from firmware_protocol import FieldError
from firmware_protocol.link.messages import Digest, FromTag, Hello, Parts, PartsWanted, ToTag
from firmware_protocol.link.payload import unpack_payload
from gateway.shelf import ShownMoved
from simulator.clock import VirtualClock
from simulator.fleet import FleetPlan
from simulator.virtual_time import run
from simulator.world.memory_folder import memory_folder
from simulator.world.world import World

FORMAT = 1
BINDS_EVERY_S = 30.0
QUIET_WITHIN_S = 4 * 3600.0


class RecordingWrong(ValueError):
    """Not a recording. `str()` names the line and what is wrong with it."""


class Step(Struct, frozen=True):
    """One line. `what`: as docs/operating.md, "Recording", lists it."""

    at: datetime
    kind: str
    what: dict[str, object]

    def octets(self, name: str) -> bytes | None:
        """Of `payload`, `body`, `answer`; None if they were not kept."""
        text = self.what.get(name)
        return base64.b64decode(text) if isinstance(text, str) else None


def read_recording(path: Path) -> list[Step]:
    """Its lines, in their order; a last one that was cut off is left out. Raises RecordingWrong, OSError."""
    lines = path.read_text("utf-8", errors="replace").split("\n")
    steps: list[Step] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            found = json.loads(line)
            at = datetime.fromtimestamp(found.pop("at") / 1000, UTC)
            steps.append(Step(at, str(found.pop("kind")), found))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            if number == len(lines):
                break  # whoever wrote it died
            raise RecordingWrong(f"{path}, line {number}: no line of a recording (`esl serve --record`)") from None
    if not steps or steps[0].kind != "started" or steps[0].what.get("format") != FORMAT:
        raise RecordingWrong(f"{path} does not begin as a recording of format {FORMAT} (`esl serve --record`)")
    return steps


def told(step: Step) -> Iterator[str]:
    """A line for each message of the step."""
    when = f"{step.at:%Y-%m-%d %H:%M:%S}.{step.at.microsecond // 1000:03d}"
    match step.kind:
        case "up" | "down":
            arrow = "->" if step.kind == "down" else "<-"
            for words in _messages(step.octets("payload") or b""):
                yield f"{when}  {arrow} {step.what.get('bridge')}  {words}"
        case "request":
            body = step.octets("body")
            size = "a body too large to be kept" if body is None else f"{len(body)} octets"
            status = step.what.get("status")
            yield f"{when}  POS {step.what.get('path')}  {size}, answered {'not at all' if status is None else status}"
        case _:
            yield f"{when}  {step.kind} {step.what.get('bridge', '')}".rstrip()


def _messages(payload: bytes) -> Iterator[str]:
    try:
        messages = unpack_payload(payload).messages
    except FieldError as error:
        yield f"{len(payload)} octets that are no payload: {error}"
        return
    for one in messages:
        match one:
            case ToTag():
                yield f"{one.kind.name.lower()} for {one.tag_id}.{one.display}, {len(one.octets)} sealed octets"
            case FromTag():
                yield f"{one.kind.name.lower()} from {one.tag_id} at {one.signal_dbm} dBm, {len(one.octets)} octets"
            case Parts():
                yield f"parts of {one.encoding_id.hex()}: {len(one.octets)} octets from {one.offset}"
            case PartsWanted():
                yield f"parts of {one.encoding_id.hex()} wanted: {sum(part.length for part in one.ranges)} octets"
            case Digest():
                yield f"digest of {len(one.tags)} tags"
            case Hello():
                yield f"hello of {one.name}, contact {one.contact_ms / 1000:g} s"
            case _:
                yield str(one)


@dataclass(slots=True)
class PlayedAgain:
    """`answers`: recorded status and present one, of the requests that are answered otherwise now."""

    requests: int = 0
    left_out: int = 0  # their bodies were not kept
    answers: list[tuple[str, object, int]] = field(default_factory=list)
    displays: int = 0
    not_proved: list[str] = field(default_factory=list)
    facts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def to_json(self) -> dict[str, object]:
        return {
            "requests": self.requests,
            "left_out": self.left_out,
            "answered_otherwise": [
                {"path": path, "recorded": before, "now": status} for path, before, status in self.answers
            ],
            "displays": self.displays,
            "not_proved": self.not_proved,
            "facts": dict(sorted(self.facts.items())),
            "seconds": round(self.seconds, 1),
        }


def play_again(steps: list[Step], plan: FleetPlan, told: Callable[[int], None] | None = None) -> PlayedAgain:
    """The requests of the recording, as far apart as they were, in a virtual shop. `told` hears of each request.

    The shop's labels are free at first and take the products as they come. Waits at the end until all is proved.
    """
    requests = [one for one in steps if one.kind == "request"]
    with memory_folder("esl-again-") as name:

        async def main(clock: VirtualClock) -> PlayedAgain:
            async with World.open(clock, Path(name), plan) as world:
                return await _Player(world, clock, told).play(requests)

        return run(main, start_utc=steps[0].at)


class _Player:
    def __init__(self, world: World, clock: VirtualClock, told: Callable[[int], None] | None) -> None:
        self._world, self._clock, self._told = world, clock, told
        self._sessions: dict[str, str] = {}  # recorded session -> present one
        self.found = PlayedAgain()

    async def play(self, requests: list[Step]) -> PlayedAgain:
        self._world.running().services.events.watch(ShownMoved, self._note)
        began_s = self._clock.monotonic_s()
        started = requests[0].at if requests else self._clock.now()
        for step in requests:
            due_s = began_s + max(timedelta(0), step.at - started).total_seconds()
            while self._clock.monotonic_s() < due_s:
                await self._world.bind_all()
                await self._clock.sleep(min(BINDS_EVERY_S, due_s - self._clock.monotonic_s()))
            await self._send(step)
        await self._world.bind_all()
        await self._settle()
        self.found.displays = sum(one.desired_revision is not None for one in await self._world.displays())
        self.found.seconds = self._clock.monotonic_s() - began_s
        return self.found

    async def _send(self, step: Step) -> None:
        body, path, status = step.octets("body"), str(step.what.get("path")), step.what.get("status")
        if body is None or status is None:
            self.found.left_out += 1
            return
        for before, now in self._sessions.items():
            body, path = body.replace(before.encode(), now.encode()), path.replace(before, now)
        headers = step.what.get("headers")
        kept = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
        answer = await self._world.pos.post(path, content=body, headers=kept)
        self.found.requests += 1
        if answer.status_code != status:
            self.found.answers.append((path, status, answer.status_code))
        self._learn_session(step, answer.content)
        if self._told is not None:
            self._told(self.found.requests)

    def _learn_session(self, step: Step, answer: bytes) -> None:
        try:
            before, now = json.loads(step.octets("answer") or b"null"), json.loads(answer)
        except ValueError:
            return
        if isinstance(before, dict) and isinstance(now, dict) and "sessionId" in before and "sessionId" in now:
            self._sessions[str(before["sessionId"])] = str(now["sessionId"])

    async def _settle(self) -> None:
        began_s = self._clock.monotonic_s()
        while waiting := await self._world.unproved():
            if self._clock.monotonic_s() - began_s > QUIET_WITHIN_S:
                self.found.not_proved = waiting
                return
            await self._clock.sleep(BINDS_EVERY_S)

    def _note(self, event: ShownMoved) -> None:
        self.found.facts[event.fact.value] += 1
