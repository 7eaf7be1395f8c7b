"""A tag's first contacts, octet by octet, as docs/protocol.md shows them: played by the package's own tag.

    python -m tools.first_contact

In: fixed secrets and nonces, those of the golden vectors. Out: Markdown. Rule: nothing here is written by hand but the
words between the frames; a test holds the document against it.
"""

from collections.abc import Iterator, Sequence

from firmware_protocol import PANELS, Codec, FactoryCode, Manifest, TagId, content_id
from firmware_protocol.commissioning import JoinAnswer, JoinRequest
from firmware_protocol.content import NO_BASE
from firmware_protocol.encoding import Encoding, encoding_of
from firmware_protocol.explain import explain
from firmware_protocol.keys import SessionKeys, derive_share, join_key, owner_key, session_keys
from firmware_protocol.poll import (
    Answer,
    Contact,
    ContactFlags,
    DownItem,
    Join,
    Part,
    SealedManifest,
    SealedReport,
    UpItem,
    pack_frame,
)
from firmware_protocol.poll import JoinAnswer as JoinAnswerItem
from firmware_protocol.sealing import open_report, seal_manifest
from firmware_protocol.tag import Outcome, TagMachine

TAG = TagId.parse("A4C1380000000001")
CODE = FactoryCode(bytes(range(16)))
SITE_SECRET = bytes(range(0x20, 0x40))
TAG_NONCE, NEXT_TAG_NONCE = bytes(range(1, 9)), bytes(range(0x21, 0x29))
GATEWAY_NONCE = bytes(range(0x11, 0x19))
PANEL = PANELS["2.13-bw"]
ENCODED = bytes.fromhex("EDC13101000000C2A0FEA9670C1FA000000080B701")
AGAIN_MS = 100
GATEWAY_COUNTER = 1_000_000
REVISION = 1
REFRESH_S, TEMPERATURE_C, BATTERY_MV = 1.7, 21, 2980


def markdown() -> str:
    """The whole section, without its heading."""
    return "\n".join([*_secrets(), *_contacts()]) + "\n"


def _share() -> bytes:
    return derive_share(SITE_SECRET, TAG)


def _keys() -> SessionKeys:
    return session_keys(CODE, _share(), TAG, TAG_NONCE, GATEWAY_NONCE)


def _secrets() -> Iterator[str]:
    keys, planes = _keys(), _planes()
    encoding = _encoding()
    rows = (
        ("TagId", str(TAG)),
        ("factory code", f"{CODE.hex().upper()}, printed {CODE}"),
        ("site secret", SITE_SECRET.hex().upper()),
        ("tag nonce, gateway nonce", f"{TAG_NONCE.hex().upper()}, {GATEWAY_NONCE.hex().upper()}"),
        ("share", _share().hex().upper()),
        ("join key", join_key(CODE, TAG).hex().upper()),
        ("owner key", owner_key(CODE, _share(), TAG).hex().upper()),
        ("key down, IV down", f"{keys.down_key.hex().upper()}, {keys.down_iv.hex().upper()}"),
        ("key up, IV up", f"{keys.up_key.hex().upper()}, {keys.up_iv.hex().upper()}"),
        ("picture", f"{PANEL.name}, {len(planes[0])} octets, each FF: all white"),
        ("content id", content_id(PANEL, planes).hex().upper()),
        ("encoding, codec 1", encoding.data.hex().upper()),
        ("encoding id, root", f"{encoding.encoding_id.hex().upper()}, {encoding.root.hex().upper()}"),
    )
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {name} | `{value}` |" for name, value in rows)


def _contacts() -> Iterator[str]:
    """What is said on the air, in order; the tag's side is the tag machine's, from factory new to a proved picture."""
    nonces = iter((TAG_NONCE, NEXT_TAG_NONCE))
    tag = TagMachine(TAG, CODE, [PANEL], lambda _: next(nonces))
    tag.measured(TEMPERATURE_C, BATTERY_MV)
    planes, keys = _planes(), _keys()
    encoding = _encoding()
    manifest = Manifest.showing(0, REVISION, content_id(PANEL, planes), encoding)

    joins = tag.contact()
    yield from _up("The tag wakes up for the first time: it has no keys, so it asks to join.", joins)
    yield from _down("The bridge hands it to the gateway, and asks the tag to come again.", [], AGAIN_MS)
    yield from _up("100 ms later, with the same nonce.", tag.contact())
    answer = _join_answer(joins)
    yield from _down("The gateway has committed the new keys; its answer waited at the bridge.", [answer])
    said = tag.receive(answer)
    yield from _up(
        "The tag opens the share, derives the session keys and writes them down. It goes on in the same contact, under "
        "the key *up*, and so the gateway knows that it was heard.",
        said,
    )
    yield from _opened(keys, said)
    yield from _down("Nothing waits, so the contact is over. The tag sleeps until its usual time.", [])
    yield from _up(
        "The next contact: a glass that nobody knows is not said again while nothing is ordered.", tag.contact()
    )
    order = SealedManifest(seal_manifest(keys, GATEWAY_COUNTER, manifest))
    yield from _down(f"The gateway has an offer: revision {REVISION}, counter {GATEWAY_COUNTER:,}.", [order])
    yield from _plain("manifest", "The manifest inside its seal:", manifest.pack())
    said = tag.receive(order)
    yield from _up("The tag writes the order down, says so, and asks for the one part it needs.", said)
    yield from _opened(keys, said)
    yield from _part(encoding)
    tag.receive(Part(TAG, encoding.encoding_id, 0, encoding.stream))
    yield from _draw(tag)
    said = tag.contact()
    yield from _up("At its next contact the tag proves.", said)
    yield from _opened(keys, said)
    yield from _down("Nothing waits.", [])


def _encoding() -> Encoding:
    """Written down, since another zlib may code the same planes in other octets."""
    return encoding_of(Codec.DEFLATE, NO_BASE, ENCODED)


def _planes() -> tuple[bytes, ...]:
    return tuple(b"\xff" * size for size in PANEL.plane_sizes)


def _join_answer(said: Sequence[UpItem]) -> JoinAnswerItem:
    (join,) = said
    assert isinstance(join, Join)
    request = JoinRequest.unpack(join.octets)
    return JoinAnswerItem(JoinAnswer.seal(join_key(CODE, TAG), request, GATEWAY_NONCE, _share()).pack())


def _draw(tag: TagMachine) -> Iterator[str]:
    order = tag.refresh_due()
    assert order is not None
    tag.refresh_begins(0)
    tag.refresh_ended(0, Outcome.DRAWN, REFRESH_S, TEMPERATURE_C, BATTERY_MV)
    yield ""
    yield (
        "The block has the manifest's root for its hash, the stream unpacks to just the plane, and the content id of "
        "what the slot reads back is the manifest's. The tag writes *glass unknown*, draws for 1.7 s, and writes what "
        "the glass shows."
    )


def _up(words: str, items: Sequence[UpItem]) -> Iterator[str]:
    yield from _plain("poll-up", f"**Tag:** {words}", pack_frame(Contact(TAG, ContactFlags.NONE, tuple(items))))


def _down(words: str, items: Sequence[DownItem], again_ms: int = 0) -> Iterator[str]:
    yield from _plain("poll-down", f"**Bridge:** {words}", pack_frame(Answer(TAG, 0, again_ms, tuple(items))))


def _part(encoding: Encoding) -> Iterator[str]:
    yield from _plain(
        "poll-down",
        "**Bridge:** It holds the encoding, so the part follows its answer at once. (The answer is as before.)",
        pack_frame(Part(TAG, encoding.encoding_id, 0, encoding.stream)),
    )


def _opened(keys: SessionKeys, said: Sequence[UpItem]) -> Iterator[str]:
    for item in said:
        if isinstance(item, SealedReport):
            yield from _plain("report", "The report inside its seal:", open_report(keys, item.octets)[1].pack_tlv())


def _plain(kind: str, words: str, octets: bytes) -> Iterator[str]:
    lines = explain(kind, octets).lines
    rows = [(str(line.offset), "  " * line.depth + line.name, line.value) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    yield ""
    yield words
    yield ""
    yield "```text"
    yield from (octets[start : start + 32].hex().upper() for start in range(0, len(octets), 32))
    yield ""
    yield from (f"{row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() for row in rows)
    yield "```"


if __name__ == "__main__":
    print(markdown(), end="")
