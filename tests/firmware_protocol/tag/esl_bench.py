"""A workbench for one tag in the service: an access point's hands on its link, its subevent and its clock.

Tag 5 of group 1: one display of two slots, slot 0 on the glass under revision 1, slot 1 empty; one LED; a cell that is
not low; Absolute Time 1,000,000 at its own time 0.
"""

from dataclasses import dataclass, field

from tag_bench import Bench, picture

from firmware_protocol.keys import SealKey
from firmware_protocol.service.packet import EslAddress, GroupPacket, open_answers, seal_group_packet
from firmware_protocol.service.quirks import OURS, Quirks
from firmware_protocol.tag.esl import Characteristic, EslTag
from firmware_protocol.tlv import Command, EslState, Response, UnknownTlv, pack_tlv, pack_tlvs, unpack_commands

ADDRESS = EslAddress(group_id=1, esl_id=5)
GROUP_KEY = SealKey(b"g" * 16, b"i" * 8)
NOW = 1_000_000
SHOWN = picture(1)


@dataclass
class EslBench:
    quirks: Quirks = OURS
    bench: Bench = field(default_factory=Bench)
    now_ms: int = 0
    counter: int = 0

    def __post_init__(self) -> None:
        self.bench.join()
        self.bench.show(1, SHOWN)
        self.esl = EslTag(self.bench.tag, self.quirks)

    # the access point's side of a link

    def write_all(self, now: int = NOW) -> None:
        self.esl.write(Characteristic.ESL_ADDRESS, ADDRESS.pack(), self.now_ms)
        self.esl.write(Characteristic.AP_SYNC_KEY, GROUP_KEY.to_characteristic(), self.now_ms)
        self.esl.write(Characteristic.RESPONSE_KEY, bytes(24), self.now_ms)
        self.esl.write(Characteristic.ABSOLUTE_TIME, now.to_bytes(4, "little"), self.now_ms)

    def over_the_link(self, octets: bytes) -> bytes | None:
        return self.esl.control_point(octets, self.now_ms)

    def reach(self, state: EslState) -> None:
        """From unassociated, the usual way."""
        if state is EslState.UNASSOCIATED:
            return
        self.esl.connected(self.now_ms)
        self.write_all()
        if state is EslState.CONFIGURING:
            return
        self.over_the_link(bytes((0x04, ADDRESS.esl_id)))
        self.esl.in_sync(self.now_ms)
        if state is EslState.UNSYNCHRONIZED:
            self.esl.sync_lost(self.now_ms)
        if state is EslState.UPDATING:
            self.esl.connected(self.now_ms)
        assert self.esl.state is state

    # its side of a subevent

    def sealed(self, *commands: Command | UnknownTlv, group_id: int = ADDRESS.group_id) -> bytes:
        self.counter += 1
        return seal_group_packet(GROUP_KEY, self.counter, GroupPacket(group_id, commands))

    def say(self, *commands: Command | UnknownTlv) -> tuple[int, list[Response | UnknownTlv]] | None:
        """Slot and answers; None = silence."""
        answer = self.esl.packet(self.sealed(*commands), self.now_ms)
        if answer is None:
            return None
        assert self.bench.keys is not None
        return answer.slot, open_answers(self.bench.keys.up, answer.octets)[1]

    def tlvs(self, octets: bytes) -> bytes | None:
        """Commands by whatever way this state hears them; the answers' octets."""
        if self.esl.state is EslState.SYNCHRONIZED:
            answer = self.say(*unpack_commands(octets))
            return None if answer is None else pack_tlvs(answer[1])
        return self.over_the_link(octets)

    def said_before(self, octets: bytes) -> None:
        """One after the other, all obeyed."""
        for command in unpack_commands(octets) if octets else []:
            answer = self.tlvs(pack_tlv(command))
            assert answer is not None
            assert answer[0] != 0
