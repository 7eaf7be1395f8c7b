"""Delivery to tags of OpenEPaperLink radio modules: brings *shown* to *desired*, as far as these can tell.

In: what modules and tags say, `DesiredMoved`, the time. Out: pictures for the modules, facts in the tables,
`ShownMoved`. Rule: level-triggered as `service`; each turn commits, then speaks. What a tag took counts as shown only
when it has checked in again, and every check-in after which its glass cannot be trusted makes *shown* unknown.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog
from msgspec import Struct

from firmware_protocol import Codec, FieldError, TagId, decode
from firmware_protocol.openepaperlink.frames import DataType
from firmware_protocol.openepaperlink.host import HostEvent
from firmware_protocol.openepaperlink.line import LineDown, LineUp
from firmware_protocol.openepaperlink.picture import Payload, PictureUnfit, payload_of
from firmware_protocol.openepaperlink.slots import Expired, Offer, Seen, Taken
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES, TagType
from gateway.database import Database, DatabaseFailure
from gateway.delivery.bridges import MODULE, BridgesChanged, list_bridges
from gateway.delivery.limits import (
    BATTERY_LOW_MV,
    DISPLAYS_A_TURN,
    MODULE_TAG_ASLEEP_S,
    MODULE_TAG_MOVES_AFTER_S,
    RETRY_AFTER_TROUBLE_S,
    STRANGERS_MAX,
    SWEEP_EVERY_S,
    TOLD_IN_VAIN_MAX,
    TURN_EVERY_S,
)
from gateway.delivery.module_tags import ModuleTag, keep_found, load_module_tags
from gateway.delivery.module_turn import ModuleOutcome, ModuleWork, PictureToOffer, run_module_turn
from gateway.labels import has_a_design
from gateway.links import ModuleLink, OpenPort
from gateway.ports import Clock, EventStream, Random, event_or_pause, to_ms
from gateway.shelf import BindingsChanged, DesiredMoved, Reason, ShownMoved, label_reasons, unproved_displays

log = structlog.get_logger("delivery")
CHANNEL = 11  # the one that OpenEPaperLink's own hosts begin with
_LOST = "the tag has started anew"
_MISSED = "nobody heard what the tag said meanwhile"
_OTHER = "the tag says that it is of another type"
_NOT_MEASURED_MV = 1_337  # facts, "batteryMv"
_STRANGE = "the tag took a picture, and nobody knows which"


class ModuleStanding(Struct, frozen=True):
    """How it stands with one radio module. Type, version and address: as it says them, while it is there."""

    is_up: bool
    type: str | None
    version: str | None
    mac: str | None
    live_slots: int
    tags_heard: int


class _Heard(Struct):
    """What the inbox came to, to be committed."""

    shown: list[tuple[str, int]]
    taken: list[tuple[str, int]]
    lost: list[tuple[str, str]]
    found: dict[str, list[tuple[TagId, TagType]]]  # by store


class ModuleDelivery:
    """One per gateway; `run` until cancelled. `reasons` serves the batches' rounds."""

    def __init__(
        self, database: Database, clock: Clock, random: Random, events: EventStream, open_port: OpenPort
    ) -> None:
        self._database, self._clock, self._random, self._events = database, clock, random, events
        self._open_port = open_port
        self._links: dict[str, ModuleLink] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._stores: dict[str, str] = {}  # of each link
        self._tags: dict[TagId, ModuleTag] = {}
        self._displays: dict[str, ModuleTag] = {}
        self._strangers: dict[TagId, tuple[int, int]] = {}  # tags that are not approved: type and software
        self._found: set[TagId] = set()  # of these, who stands in the tables; only asked, never walked
        self._inbox: list[tuple[str, HostEvent]] = []
        self._due: dict[str, None] = {}
        self._reload = True
        self._swept_s = 0.0
        self._awake = asyncio.Event()
        events.watch(DesiredMoved, self._desired_moved)
        events.watch(BindingsChanged, lambda _: self.wake())
        events.watch(BridgesChanged, lambda _: self.wake())

    def standings(self) -> dict[str, ModuleStanding]:
        """Of each module, by its link's id."""
        found: dict[str, ModuleStanding] = {}
        for bridge_id, link in self._links.items():
            info = link.info
            heard = sum(tag.bridge_id == bridge_id for tag in self._tags.values())
            found[bridge_id] = ModuleStanding(
                is_up=info is not None,
                type=info.type if info is not None else None,
                version=info.version if info is not None else None,
                mac=info.mac if info is not None else None,
                live_slots=link.live_slots,
                tags_heard=heard,
            )
        return found

    def serves(self, display_id: str) -> bool:
        return display_id in self._displays

    async def run(self) -> None:
        try:
            while True:
                self._awake.clear()
                try:
                    await self._turn()
                    wait_s = max(self._swept_s + SWEEP_EVERY_S - self._clock.monotonic_s(), 0.0)
                except DatabaseFailure as error:
                    log.warning("module_turn_postponed", reason=str(error), next_try_s=RETRY_AFTER_TROUBLE_S)
                    self._reload = True
                    for tag in self._tags.values():  # what was heard meanwhile is gone: it is offered anew
                        tag.offered = tag.taken = None
                        tag.is_trusted = False
                    await self._clock.sleep(RETRY_AFTER_TROUBLE_S)
                    continue
                await self._wait(wait_s)
        finally:
            for keeper in self._keepers.values():
                keeper.cancel()
            await asyncio.gather(*self._keepers.values(), return_exceptions=True)

    async def reasons(self, display_ids: Sequence[str]) -> dict[str, str]:
        """Why each display is not confirmed, in the contract's words."""
        labels = await self._database.read(lambda connection: label_reasons(connection, display_ids))
        return {one: self._reason(self._displays[one], labels.get(one)).value for one in display_ids}

    def _reason(self, tag: ModuleTag, label: Reason | None) -> Reason:
        if label in (Reason.UNBOUND, Reason.PRODUCT_REMOVED):
            return label
        link = self._links.get(tag.bridge_id) if tag.bridge_id is not None else None
        if not any(one.info is not None for one in self._links.values()) or (link is not None and link.info is None):
            return Reason.BRIDGE_DOWN
        if tag.heard_s is None:
            return Reason.OUT_OF_RANGE
        if self._clock.monotonic_s() - tag.heard_s > MODULE_TAG_ASLEEP_S:
            low = tag.battery_mv not in (None, _NOT_MEASURED_MV) and 0 < (tag.battery_mv or 0) < BATTERY_LOW_MV
            return Reason.BATTERY if low else Reason.ASLEEP
        if tag.is_unfit or tag.is_other or tag.told_in_vain >= TOLD_IN_VAIN_MAX:
            return Reason.REFUSED_IMAGE
        return label or Reason.NOT_YET

    # Waking

    def wake(self) -> None:
        """Tables that this reads were changed: modules registered, tags approved, a restore."""
        self._reload = True
        self._awake.set()

    def _desired_moved(self, event: DesiredMoved) -> None:
        moved = [one for one in event.display_ids if one in self._displays]
        if moved:
            self._due.update(dict.fromkeys(moved))
            self._awake.set()

    def _happened(self, bridge_id: str, event: HostEvent) -> None:
        self._inbox.append((bridge_id, event))
        self._awake.set()

    async def _wait(self, seconds: float) -> None:
        """Many displays that move one after the other make one turn."""
        await event_or_pause(self._awake, self._clock, seconds)
        if self._links and self._awake.is_set():
            await self._clock.sleep(TURN_EVERY_S)

    # A turn

    async def _turn(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._reload or now_s >= self._swept_s + SWEEP_EVERY_S:
            await self._take_up()
        heard = self._hear(now_s)
        now = self._clock.now()
        for store_id, found in heard.found.items():
            await self._database.write(partial(keep_found, store_id=store_id, found=found, now=now))
            for tag_id, kind in found:
                self._found.add(tag_id)
                log.info("tag_found", tag=str(tag_id), type=kind.name, next=f"esl tags approve {tag_id}")
        due = self._take_due()
        work = ModuleWork(to_ms(now), tuple(heard.shown), tuple(heard.taken), tuple(heard.lost), due)
        if work.shown or work.taken or work.lost or work.due:
            outcome = await self._database.write(lambda connection: run_module_turn(connection, work))
            self._after_commit(outcome)
        if self._due:
            self._awake.set()

    async def _take_up(self) -> None:
        """Read what the tables say: modules, tags that are new to us, displays that are not proved."""
        self._reload = False
        self._swept_s = self._clock.monotonic_s()
        known = list(self._tags)
        bridges, tags, unproved = await self._database.read(
            lambda connection: (
                [one for one in list_bridges(connection) if one.carrier == MODULE],
                load_module_tags(connection, known),
                unproved_displays(connection),
            )
        )
        for bridge in bridges:
            link = self._links.get(bridge.bridge_id)
            channel = bridge.channel or CHANNEL
            is_kept = link is not None and not self._keepers[bridge.bridge_id].done()
            is_same = link is not None and (link.path, link.channel) == (bridge.path, channel)
            if bridge.path is not None and not (is_kept and is_same):
                await self._open(bridge.bridge_id, bridge.store_id, bridge.path, channel)
        for gone in sorted(self._links.keys() - {one.bridge_id for one in bridges}):
            await self._close(gone)
        for tag in tags:
            self._tags[tag.tag_id] = self._displays[tag.display_id] = tag
            _, tag.software_version = self._strangers.pop(tag.tag_id, (None, None))
            self._found.discard(tag.tag_id)
        self._due.update(dict.fromkeys(one for one in unproved if one in self._displays))

    async def _open(self, bridge_id: str, store_id: str, path: str, channel: int) -> None:
        await self._close(bridge_id)
        link = ModuleLink(
            bridge_id,
            path,
            channel,
            clock=self._clock,
            random=self._random,
            on_event=self._happened,
            open_port=self._open_port,
        )
        self._links[bridge_id], self._stores[bridge_id] = link, store_id
        self._keepers[bridge_id] = asyncio.create_task(link.keep(), name=f"module-{bridge_id}")
        for tag in self._tags.values():
            if tag.bridge_id == bridge_id:
                tag.offered = None
                self._due[tag.display_id] = None

    async def _close(self, bridge_id: str) -> None:
        self._links.pop(bridge_id, None)
        if (keeper := self._keepers.pop(bridge_id, None)) is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    def _hear(self, now_s: float) -> _Heard:
        heard = _Heard([], [], [], {})
        inbox, self._inbox = self._inbox, []
        for bridge_id, event in inbox:
            match event:
                case LineUp(info=info):
                    log.info("module_ready", link=bridge_id, type=info.type, version=info.version, mac=info.mac)
                case LineDown(reason=reason):
                    log.warning("module_down", link=bridge_id, reason=reason)
                    for one in self._tags.values():
                        if one.bridge_id == bridge_id:
                            one.is_trusted, one.taken = False, None
                case Seen():
                    self._seen(bridge_id, event, heard, now_s)
                case Taken(tag_id=tag_id, offer=offer):
                    if (tag := self._tags.get(tag_id)) is not None:
                        self._took(tag, bridge_id, offer, heard)
                case Expired(tag_id=tag_id):
                    log.info("picture_not_fetched", link=bridge_id, tag=str(tag_id))
        return heard

    def _seen(self, bridge_id: str, seen: Seen, heard: _Heard, now_s: float) -> None:
        tag = self._tags.get(seen.tag_id)
        if tag is None:
            self._stranger(bridge_id, seen, heard)
            return
        is_lost = seen.report is not None and seen.report.glass_is_lost
        if tag.bridge_id != bridge_id:
            if not is_lost and self._serves_well(tag, now_s):
                return  # overheard
            self._moves(tag, bridge_id)
        if tag.heard(seen.report, now_s) and tag.is_unfit:
            self._due[tag.display_id] = None
        if seen.report is not None:
            tag.is_other = seen.report.hw_type != tag.type.hw_type
        if is_lost or tag.is_other or not tag.is_trusted:
            self._lose(tag, _LOST if is_lost else _OTHER if tag.is_other else _MISSED, heard)
            tag.is_trusted = True
        elif tag.taken is not None and tag.taken_by == bridge_id:
            heard.shown.append((tag.display_id, tag.taken))
            tag.taken = None
        elif seen.told is not None and seen.told.revision == tag.offered and not seen.fetched:
            self._told_again(tag, seen.told)

    def _serves_well(self, tag: ModuleTag, now_s: float) -> bool:
        """Its own module is there and has heard it lately."""
        link = self._links.get(tag.bridge_id) if tag.bridge_id is not None else None
        is_up = link is not None and link.info is not None
        return is_up and tag.heard_s is not None and now_s - tag.heard_s < MODULE_TAG_MOVES_AFTER_S

    def _lose(self, tag: ModuleTag, cause: str, heard: _Heard) -> None:
        """What it shows is not known any more, whatever it said before in this turn: it is told anew."""
        heard.shown = [one for one in heard.shown if one[0] != tag.display_id]
        heard.lost.append((tag.display_id, cause))
        tag.taken = tag.offered = None
        self._due[tag.display_id] = None

    def _took(self, tag: ModuleTag, bridge_id: str, offer: Offer | None, heard: _Heard) -> None:
        tag.told_in_vain = 0
        if offer is None:
            self._lose(tag, _STRANGE, heard)
            return
        heard.shown = [one for one in heard.shown if one[0] != tag.display_id]
        heard.taken.append((tag.display_id, offer.revision))
        tag.taken, tag.taken_by = offer.revision, bridge_id
        if offer.revision != tag.offered:  # not what it shall show: told anew
            tag.offered = None
            self._due[tag.display_id] = None

    def _told_again(self, tag: ModuleTag, told: Offer) -> None:
        """It was offered the picture, and has not come for it until its next check-in, again and again. A module that
        is busy with others turns it away, too: so nothing is concluded for good, and the encodings take turns.
        """
        tag.told_in_vain += 1
        if tag.told_in_vain % TOLD_IN_VAIN_MAX == 0:
            tag.refused = frozenset() if tag.refused else frozenset({int(told.data_type)} & {int(DataType.ZLIB)})
            tag.offered = None
            self._due[tag.display_id] = None
            log.warning("picture_not_fetched", tag=str(tag.tag_id), times=tag.told_in_vain, type=int(told.data_type))

    def _moves(self, tag: ModuleTag, bridge_id: str) -> None:
        """It is heard by another module."""
        before = self._links.get(tag.bridge_id) if tag.bridge_id is not None else None
        if before is not None:
            before.want(tag.tag_id, None)
        tag.bridge_id, tag.offered = bridge_id, None
        self._due[tag.display_id] = None

    def _stranger(self, bridge_id: str, seen: Seen, heard: _Heard) -> None:
        kind = TAG_TYPES.get(seen.report.hw_type) if seen.report is not None else None
        if kind is None or seen.report is None:
            return
        if not has_a_design(kind.panel):
            if seen.tag_id not in self._strangers and len(self._strangers) < STRANGERS_MAX:
                self._strangers[seen.tag_id] = (kind.hw_type, seen.report.software_version)
                log.warning("tag_too_small", tag=str(seen.tag_id), type=kind.name, reason="no label is made for it yet")
            return
        if seen.tag_id in self._found:
            return
        if self._strangers.get(seen.tag_id, (None, 0))[0] == kind.hw_type:
            heard.found.setdefault(self._stores[bridge_id], []).append((seen.tag_id, kind))
        elif seen.tag_id in self._strangers or len(self._strangers) < STRANGERS_MAX:
            self._strangers[seen.tag_id] = (kind.hw_type, seen.report.software_version)

    def _take_due(self) -> tuple[tuple[str, str], ...]:
        """Those whose tag some module hears; the others wait until they are heard, which makes them due."""
        chosen = list(self._due)[:DISPLAYS_A_TURN]
        found: list[tuple[str, str]] = []
        for display_id in chosen:
            del self._due[display_id]
            bridge_id = self._displays[display_id].bridge_id
            if bridge_id is not None and bridge_id in self._links:
                found.append((display_id, bridge_id))
        return tuple(found)

    def _after_commit(self, outcome: ModuleOutcome) -> None:
        for display_id in outcome.done:
            tag = self._displays[display_id]
            if tag.bridge_id in self._links:
                self._links[tag.bridge_id].want(tag.tag_id, None)
            tag.offered = None
        for one in outcome.offers:
            self._offer(self._displays[one.display_id], one)
        for display_id, store_id, revision, fact in outcome.facts:
            self._events.publish(ShownMoved(store_id, display_id, revision, fact))

    def _payload(self, tag: ModuleTag, planes: Sequence[bytes]) -> Payload:
        """Raises `PictureUnfit`."""
        version = tag.software_version or 0
        try:
            return payload_of(tag.type, planes, version, refused=tag.refused)
        except PictureUnfit:
            if not tag.refused:
                raise
        return payload_of(tag.type, planes, version)  # what it did not take is better than nothing

    def _offer(self, tag: ModuleTag, picture: PictureToOffer) -> None:
        if tag.offered == picture.revision or tag.taken == picture.revision:
            return  # its module tells it until it has taken it, and then it is waited for
        link = self._links[picture.bridge_id]
        link.want(tag.tag_id, None)  # whatever older one there was
        if tag.is_other:
            return
        try:
            planes = decode(Codec.DEFLATE, picture.deflated, tag.type.panel.plane_sizes)
            payload = self._payload(tag, planes)
        except PictureUnfit as error:
            tag.is_unfit = True
            log.warning("picture_unfit", tag=str(tag.tag_id), software=tag.software_version, reason=str(error))
            return
        except FieldError as error:
            log.error("picture_not_read", tag=str(tag.tag_id), reason=str(error))
            return
        tag.is_unfit = False
        tag.offered = picture.revision
        offer = Offer(
            payload.data_ver,
            payload.data_type,
            payload.octets,
            revision=picture.revision,
            urgency=self._clock.monotonic_s(),
        )
        link.want(tag.tag_id, offer)
