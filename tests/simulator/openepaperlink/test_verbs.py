"""The module's ear for its host: windows, structs, blocks and pauses."""

import pytest

from simulator.openepaperlink.verbs import BlockOctets, Verb, VerbReader

SDA = bytes.fromhex("C1 A0 95 7E 76 10 AC 8F CB 34 08 00 00 20 00 00 00 14 00 1B 3B EA B7 19 02 00 00")


def verbs(octets: bytes, channel_octets: int = 4) -> list[object]:
    return list(VerbReader(channel_octets).feed(octets, 0.0))


def test_verbs_are_found_among_noise() -> None:
    assert verbs(b"boot:\xff\x00RDY?RDNFO?\nHSPD..RSET") == [
        Verb(b"RDY?"),
        Verb(b"NFO?"),
        Verb(b"HSPD"),
        Verb(b"RSET"),
    ]


@pytest.mark.parametrize("piece", [1, 2, 5, 1000])
def test_structs_and_blocks_come_in_any_pieces(piece: int) -> None:
    plain = bytes(place * 5 & 0xFF for place in range(4100))
    octets = b"SDA>" + SDA + b">D>" + bytes(one ^ 0xAA for one in plain) + b"\xf5" * 32 + b"RDY?"
    reader = VerbReader(4)
    found: list[object] = []
    block = bytearray(4100)
    for at in range(0, len(octets), piece):
        for said in reader.feed(octets[at : at + piece], 0.0):
            if isinstance(said, BlockOctets):
                block[said.offset : said.offset + len(said.octets)] = said.octets
            else:
                found.append(said)
    assert found == [Verb(b"SDA>", SDA), Verb(b">D>"), Verb(b"RDY?")]
    assert bytes(block) == plain


def test_a_block_needs_three_letters_whatever_stands_before_them() -> None:
    assert verbs(b">D>") == [Verb(b">D>")]
    assert verbs(b"X>D>") == [Verb(b">D>")]


def test_in_a_struct_octets_that_look_like_a_verb_count() -> None:
    inside = b"RDY?" * 7
    assert verbs(b"CXD>" + inside[:27] + b"NFO?") == [Verb(b"CXD>", inside[:27]), Verb(b"NFO?")]


def test_a_channel_of_three_octets_takes_one_more_from_what_follows_where_four_are_wanted() -> None:
    three = b"SCP>\x15\x0b\x0a"
    assert verbs(three + three, 3) == [Verb(b"SCP>", b"\x15\x0b\x0a")] * 2
    assert verbs(three + three, 4) == [Verb(b"SCP>", b"\x15\x0b\x0aS")]


def test_four_octets_serve_where_three_are_wanted() -> None:
    four = b"SCP>\x15\x0b\x0a\x00"
    assert verbs(four + b"RDY?", 3) == [Verb(b"SCP>", b"\x15\x0b\x0a"), Verb(b"RDY?")]


@pytest.mark.parametrize(("pause_s", "is_over"), [(1.0, False), (1.001, True)])
def test_after_a_pause_within_a_struct_the_next_octet_starts_a_command(pause_s: float, is_over: bool) -> None:
    reader = VerbReader(4)
    assert reader.feed(b"SDA>" + SDA[:10], 5.0) == []
    rest = reader.feed(SDA[10:] + b"RDY?", 5.0 + pause_s)
    assert rest == ([Verb(b"RDY?")] if is_over else [Verb(b"SDA>", SDA), Verb(b"RDY?")])


def test_after_a_pause_within_a_verb_or_a_block_too() -> None:
    reader = VerbReader(4)
    assert reader.feed(b"RD", 0.0) == []
    assert reader.feed(b"Y?", 1.5) == []
    assert reader.feed(b">D>" + bytes(100), 3.0) == [Verb(b">D>"), BlockOctets(0, b"\xaa" * 100)]
    assert reader.feed(b"RDY?", 4.5) == [Verb(b"RDY?")]
