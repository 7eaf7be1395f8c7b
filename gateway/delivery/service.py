"""Brings *shown* to *desired*: listens to bridges, works through due displays, speaks. One turn at a time.

In: carrier events, `DesiredMoved`, the time. Out: payloads to bridges, facts in the tables, `ShownMoved`.
Rule: a turn first commits (turn.py), then speaks; whatever is lost is found again by comparing tables, because every
display that is not proved stands on the agenda. Why: docs/architecture.md.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Connection

from firmware_protocol import PANELS, Encoding, FieldError
from firmware_protocol.link.messages import (
    BOOT_ID_OCTETS,
    Associate,
    Hello,
    PartsWanted,
    Unassociate,
    Welcome,
)
from firmware_protocol.link.payload import unpack_up_payload
from gateway.database import Database, DatabaseFailure
from gateway.delivery.bridge_session import BridgeSession, BridgeStanding
from gateway.delivery.bridges import MODULE, BridgeFull, BridgesChanged, associate, list_bridges
from gateway.delivery.encodings import Wanted, make_encodings, offered_encoding, wanted_for
from gateway.delivery.hearing import Ear, Hearing
from gateway.delivery.joining import Answers, answerable, doubted, doubts_again_s, take_keys, to_look_up, used_among
from gateway.delivery.limits import DISPLAYS_A_TURN, RETRY_AFTER_TROUBLE_S, SWEEP_EVERY_S, TURN_EVERY_S
from gateway.delivery.plan import Agenda
from gateway.delivery.reasons import reason_of
from gateway.delivery.rejections import Rejection
from gateway.delivery.renewal import next_pass_s, renewed, renewing, to_ask
from gateway.delivery.restore import hello_tells
from gateway.delivery.shop import Shop
from gateway.delivery.tags import Keyring, TagLink, displays_of_modules, load_tags
from gateway.delivery.turn import TurnOutcome, TurnWork, run_turn
from gateway.delivery.voice import Voice
from gateway.links import BridgeClosed, BridgeOpened, Carrier, CarrierEvent, PayloadArrived
from gateway.ports import Clock, EventStream, Random, Secrets, event_or_pause, to_ms
from gateway.shelf import (
    BindingsChanged,
    DesiredMoved,
    FactoryCodeVault,
    ShownMoved,
    label_reasons,
    tags_with_twins,
    unproved_displays,
)

log = structlog.get_logger("delivery")
_EPOCH_MASK = 0xFFFF_FFFF  # the site's time travels as u32 milliseconds and wraps


class Delivery:
    """One per gateway. `verify` and `reasons` serve the batches' rounds."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        random: Random,
        secrets: Secrets,
        events: EventStream,
        carrier: Carrier,
        site_secret: bytes,
        run_id: bytes,
    ) -> None:
        self._database = database
        self._clock = clock
        self._secrets = secrets
        self._events = events
        self._carrier = carrier
        self._run_id = run_id
        self.shop = Shop(Keyring(site_secret, FactoryCodeVault(site_secret)), Agenda(random))
        self.voice = Voice(self.shop)
        self.ear = Ear(self.shop)
        self._inbox: list[CarrierEvent] = []
        self._questions: dict[str, None] = {}  # displays to ask, in order
        self._moved: dict[str, None] = {}  # displays whose *desired* moved, in order
        self._elsewhere: frozenset[str] = frozenset()  # displays that radio modules serve
        self._reload = True
        self._restored = False
        self._swept_s = 0.0
        self._renewal_s: float | None = None  # when tags are asked for new keys again
        self._awake = asyncio.Event()
        self.payloads_sent = 0
        self.octets_sent = 0
        events.watch(DesiredMoved, self._desired_moved)
        events.watch(BindingsChanged, lambda _: self.wake())
        events.watch(BridgesChanged, lambda _: self.wake())

    async def run(self) -> None:
        """Serve until cancelled."""
        listener = asyncio.create_task(self._listen(), name="delivery-listener")
        try:
            while True:
                began_s = self._clock.monotonic_s()
                self._awake.clear()
                try:
                    await self._turn()
                except DatabaseFailure as error:
                    log.warning("turn_postponed", reason=str(error), next_try_s=RETRY_AFTER_TROUBLE_S)
                    self._reload = True  # what this turn took off the agenda is found again in the tables
                    await self._clock.sleep(RETRY_AFTER_TROUBLE_S)
                    continue
                await self._wait()
                pause = began_s + TURN_EVERY_S - self._clock.monotonic_s()
                if pause > 0:
                    await self._clock.sleep(pause)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def verify(self, display_ids: Sequence[str]) -> None:
        """Ask about displays that are not proved: each once, at its tag's expected contact, whoever asks."""
        self._questions.update(dict.fromkeys(display_ids))
        self._awake.set()

    async def reasons(self, display_ids: Sequence[str]) -> dict[str, str]:
        """Why each display is not confirmed, in the contract's words."""
        labels = await self._database.read(lambda connection: label_reasons(connection, display_ids))
        now_s = self._clock.monotonic_s()
        found: dict[str, str] = {}
        for display_id in display_ids:
            place = self.shop.place.get(display_id)
            link = place[0] if place else None
            session = self.shop.sessions.get(link.bridge_id) if link is not None and link.bridge_id else None
            attempt = self.shop.agenda.attempts.get(display_id)
            found[display_id] = reason_of(link, session, attempt, labels.get(display_id), now_s).value
        return found

    def standings(self) -> dict[str, BridgeStanding]:
        """Of each bridge, by its id."""
        return {bridge_id: session.standing() for bridge_id, session in self.shop.sessions.items()}

    def wake(self) -> None:
        """Tables that delivery reads were changed by hand: bridges registered, a restore."""
        self._reload = True
        self._awake.set()

    def _desired_moved(self, event: DesiredMoved) -> None:
        self._moved.update(dict.fromkeys(event.display_ids))
        self._awake.set()

    async def _listen(self) -> None:
        async for event in self._carrier.events():
            self._inbox.append(event)
            self._awake.set()

    async def _wait(self) -> None:
        """Until something was said, something moved, or a display is due."""
        if self._awake.is_set():
            return
        wakes = [self._swept_s + SWEEP_EVERY_S, self.shop.agenda.wake_at()]
        wakes += [self._renewal_s, doubts_again_s(self.shop)]
        wakes += [session.wake_at() for session in self.shop.sessions.values()]
        due_s = min((at for at in wakes if at is not None), default=None)
        pause_s = None if due_s is None else max(0.0, due_s - self._clock.monotonic_s())
        await event_or_pause(self._awake, self._clock, pause_s)

    async def _turn(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._reload or now_s >= self._swept_s + SWEEP_EVERY_S:  # as `_wait` says it, to the last bit
            await self._take_up()
        for display_id in self._take_moved():
            self.shop.agenda.attempt(display_id).unanswered = 0
            self.shop.agenda.due_at(display_id, now_s)
        hearing = self._hear_inbox(now_s)
        for session, hello in hearing.hellos:
            if await self._welcome(session, hello):
                hearing.forget_evidence()
        await self._move_associations(hearing.served_by, now_s)
        for link in hearing.back:
            self.shop.due_now(link, now_s)
        for session, wanted in hearing.wanted:
            await self._give(session, wanted)
        self.voice.please_commission([*hearing.commission, *self._renewals(now_s)])
        answers = await self._answers(hearing, now_s)
        joins, challenged = answers.joins, [*hearing.challenged.values(), *doubted(self.shop, now_s)]
        due, probes = self._reachable(self.shop.agenda.take_due(now_s, DISPLAYS_A_TURN), now_s)
        questions = [*probes, *self._take_questions(now_s)]
        held = await self._encodings_for(due)
        spoken_to = [*(display_id for display_id, _ in due), *questions]
        work = TurnWork(
            now_ms=to_ms(self._clock.now()),
            reports=tuple(hearing.reports),
            new_keys=tuple(join.new_key for join in joins if join.new_key is not None),
            heard_under_key=tuple(str(link.tag_id) for link in hearing.first_under_key),
            twins=(*hearing.twins, *answers.twins),
            reserve=self.shop.reservations(spoken_to, challenged, to_ms(self._clock.now()) // 1000),
            due=tuple(due),
            held_encodings=held,
        )
        if work.reports or work.new_keys or work.heard_under_key or work.reserve or work.due or work.twins:
            outcome = await self._database.write(lambda connection: run_turn(connection, work))
            self._after_commit(work, outcome, hearing, now_s)
        for join in joins:
            take_keys(self.shop, join, now_s)
            self.voice.answer_join(join)
        for display_id in questions:
            self.voice.ask(display_id, now_s)
        for link in challenged:
            self.voice.challenge(link)
        await self._flush(now_s)

    async def _encodings_for(self, due: Sequence[tuple[str, str]]) -> dict[Wanted, Encoding]:
        """What their offers will carry. Made before the turn: packing is not the writer's business."""
        if not due:
            return {}
        display_ids = [display_id for display_id, _ in due]
        wanted = await self._database.read(lambda connection: wanted_for(connection, display_ids))
        held = self.shop.encodings.among(wanted)
        missing = [one for one in wanted if one not in held]
        if missing:
            made = await self._database.read(lambda connection: make_encodings(connection, missing))
            self.shop.encodings.add(made)
            held |= made
        return held

    async def _take_up(self) -> None:
        """Read what the tables say: bridges, tags that are new to us, displays that are not proved."""
        self._reload = False
        self._swept_s = self._clock.monotonic_s()
        known = list(self.shop.tags)
        keyring = self.shop.keyring
        bridges, links, unproved, self._elsewhere, twins, wanted = await self._database.read(
            lambda connection: (
                list_bridges(connection),
                load_tags(connection, keyring, known),
                unproved_displays(connection),
                displays_of_modules(connection),
                tags_with_twins(connection),
                renewing(connection),
            )
        )
        chosen, self.shop.twins, self.shop.renewing = self.shop.twins - twins, twins, wanted
        self._renewal_s = self._swept_s if wanted else None
        for bridge in bridges:
            if bridge.carrier != MODULE and bridge.bridge_id not in self.shop.sessions:
                self.shop.sessions[bridge.bridge_id] = BridgeSession(bridge.bridge_id, bridge.store_id)
        self.shop.take_in(links)
        now_s = self._clock.monotonic_s()
        for display_id in unproved:
            if display_id not in self._elsewhere:
                self.shop.agenda.ensure(display_id, now_s)
        for tag_id in sorted(chosen):
            if (link := self.shop.tags.get(tag_id)) is not None:
                self.voice.speak_again(link)
                self.shop.due_now(link, now_s)

    def _renewals(self, now_s: float) -> list[TagLink]:
        if self._renewal_s is None or now_s < self._renewal_s:
            return []
        self._renewal_s = next_pass_s(self.shop, now_s)
        return to_ask(self.shop, now_s)

    async def _answers(self, hearing: Hearing, now_s: float) -> Answers:
        unknown = to_look_up(hearing.joins)
        used = await self._database.read(lambda connection: used_among(connection, unknown)) if unknown else set()
        return answerable(self.shop, self._secrets, hearing.joins, used, now_s)

    def _take_moved(self) -> list[str]:
        moved = [one for one in self._moved if one not in self._elsewhere]
        self._moved.clear()
        return moved

    def _hear_inbox(self, now_s: float) -> Hearing:
        hearing = Hearing()
        inbox, self._inbox = self._inbox, []
        for event in inbox:
            session = self.shop.sessions.get(event.bridge_id)
            if session is None:
                continue  # not registered: octets from there are not looked at
            match event:
                case BridgeOpened():
                    session.opened()
                case BridgeClosed():
                    session.closed()
                    log.warning("bridge_down", bridge=event.bridge_id)
                case PayloadArrived(payload=octets):
                    self._hear_payload(session, octets, hearing, now_s)
        return hearing

    def _hear_payload(self, session: BridgeSession, octets: bytes, hearing: Hearing, now_s: float) -> None:
        try:
            payload = unpack_up_payload(octets)
        except FieldError as error:
            self.shop.rejections.add(Rejection.PAYLOAD)
            log.info("payload_not_understood", bridge=session.bridge_id, reason=str(error))
            if session.not_understood(error):
                log.warning("bridge_refused", bridge=session.bridge_id, reason=session.refusal)
            return
        for message in payload.messages:
            self.ear.hear(session, message, hearing, now_s)

    async def _welcome(self, session: BridgeSession, hello: Hello) -> bool:
        """Answer a hello. True when it showed that our data is older than the world, so that all keys are void."""
        if not session.accepts(hello):
            if session.refuse(session.too_old(hello)):
                log.warning("bridge_refused", bridge=session.bridge_id, reason=session.refusal)
            return False
        now = self._clock.now()
        may_jump = not self._restored

        def note(connection: Connection) -> bool:
            return hello_tells(connection, session.bridge_id, hello, self._run_id, now, may_jump=may_jump)

        restored = await self._database.write(note)
        if restored:
            self._restored = True
            log.warning("data_older_than_the_world", bridge=session.bridge_id, next="numbers jump, tags take new keys")
            for link in self.shop.tags.values():
                link.key_book = None
            self._reload = True
            self._awake.set()
        fresh = session.hello(hello)
        session.say_at_once(Welcome(hello.boot_id, self._run_id, to_ms(self._clock.now()) & _EPOCH_MASK))
        for message in session.terms():
            session.say_at_once(message)
        if not fresh:
            return restored
        log.info("bridge_ready", bridge=session.bridge_id, contact_s=session.contact_s)
        now_s = self._clock.monotonic_s()
        for link in self.shop.tags.values():
            if link.bridge_id == session.bridge_id and link.esl_address is not None:
                session.say(Associate(link.tag_id, *link.esl_address))
                self.shop.due_now(link, now_s)
        return restored

    async def _move_associations(self, served_by: dict[str, str], now_s: float) -> None:
        by_bridge: dict[str, list[str]] = {}
        for tag_id, bridge_id in served_by.items():
            if self.shop.tags[tag_id].bridge_id != bridge_id:
                by_bridge.setdefault(bridge_id, []).append(tag_id)
        for bridge_id, tag_ids in by_bridge.items():
            try:
                addresses = await self._database.write(_associate(tag_ids, bridge_id))
            except BridgeFull as error:
                log.warning("bridge_full", bridge=bridge_id, reason=str(error))
                continue
            for tag_id, address in addresses.items():
                link = self.shop.tags[tag_id]
                before = self.shop.session_of(link)
                if before is not None:
                    before.say(Unassociate(link.tag_id))
                link.bridge_id, link.esl_address = bridge_id, address
                self.shop.sessions[bridge_id].say(Associate(link.tag_id, *address))
                self.shop.moved(link, now_s)

    async def _give(self, session: BridgeSession, wanted: PartsWanted) -> None:
        encoding = self.shop.encodings.get(wanted.encoding_id)
        if encoding is None:
            made = await self._database.read(lambda connection: offered_encoding(connection, wanted.encoding_id))
            if made is None:
                self.shop.rejections.add(Rejection.ENCODING)
                return
            encoding = next(iter(made.values()))
            self.shop.encodings.add(made)
        for one in wanted.ranges:
            session.give_range(encoding.encoding_id, encoding.stream, one.offset, one.length)

    def _reachable(self, display_ids: Sequence[str], now_s: float) -> tuple[list[tuple[str, str]], list[str]]:
        """Those that an offer can reach now, and those whose tag must first show that it has taken its keys.

        The others wait for a bridge or a contact, whose coming wakes them. A tag that holds keys of another life is
        asked to commission, again and again.
        """
        found: list[tuple[str, str]] = []
        probes: dict[str, str] = {}
        foreign: dict[str, TagLink] = {}
        for display_id in display_ids:
            bridge_id = self.shop.reachable(display_id)
            if bridge_id is not None:
                found.append((display_id, bridge_id))
                continue
            place = self.shop.place.get(display_id)
            if place is None or self.shop.session_of(place[0]) is None:
                continue
            link = place[0]
            if self.shop.is_twin(link):
                pass  # until a person has chosen
            elif link.key_book is not None:
                probes.setdefault(str(link.tag_id), display_id)
            elif link.silent_about_keys:
                foreign[str(link.tag_id)] = link
            self.shop.agenda.after_offer(display_id, now_s, self.shop.contact_s(link))
        self.voice.please_commission(list(foreign.values()))
        return found, list(probes.values())

    def _take_questions(self, now_s: float) -> list[str]:
        """Of the displays somebody wants to know about, those that nobody asks already and that can be reached."""
        questions, self._questions = self._questions, {}
        return [
            display_id
            for display_id in questions
            if (attempt := self.shop.agenda.attempts.get(display_id)) is not None
            and attempt.asked_until_s <= now_s
            and self.shop.reachable(display_id) is not None
        ]

    def _after_commit(self, work: TurnWork, outcome: TurnOutcome, hearing: Hearing, now_s: float) -> None:
        agenda = self.shop.agenda
        self.shop.encodings.add(outcome.encodings)
        for tag_id, highest in work.reserve:
            book = self.shop.tags[tag_id].key_book
            if book is not None:
                book.take_reserve(highest)
        for link in hearing.first_under_key:
            if link.key_book is not None:
                link.key_book.heard = True
            renewed(self.shop, link)
            self.shop.due_now(link, now_s)
        for display_id in outcome.done:
            agenda.forget(display_id)
        for display_id, state in outcome.answers.items():
            if display_id in agenda.attempts:
                link, index = self.shop.place[display_id]
                session = self.shop.session_of(link)
                divisor = session.time_divisor if session is not None else 1.0
                panel = PANELS[link.displays[index][1]]
                agenda.after_answer(display_id, state, now_s, self.shop.contact_s(link), panel, divisor)
        for display_id in outcome.unproved:
            agenda.ensure(display_id, now_s)
        for display_id in outcome.behind:
            agenda.knows_an_older(display_id, now_s, self.shop.contact_s(self.shop.place[display_id][0]))
        for twin in work.twins:
            self.voice.fall_silent(self.shop.tags[twin.tag_id])
        self.voice.please_commission([self.shop.place[one][0] for one in outcome.commission_anew])
        for one in outcome.offers:
            self.voice.offer(one, now_s)
        for display_id, store_id, revision, fact in outcome.facts:
            self._events.publish(ShownMoved(store_id, display_id, revision, fact))

    async def _flush(self, now_s: float) -> None:
        greeting = Welcome(bytes(BOOT_ID_OCTETS), self._run_id, to_ms(self._clock.now()) & _EPOCH_MASK)
        for session in self.shop.sessions.values():
            for payload in [*session.greeting(now_s, greeting), *session.payloads(now_s)]:
                self.payloads_sent += 1
                self.octets_sent += len(payload)
                await self._carrier.send(session.bridge_id, payload)


def _associate(tag_ids: Sequence[str], bridge_id: str) -> Callable[[Connection], dict[str, tuple[int, int]]]:
    return lambda connection: associate(connection, tag_ids, bridge_id)
