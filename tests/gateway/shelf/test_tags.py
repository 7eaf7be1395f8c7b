"""The box list, approval and removal."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from firmware_protocol import FactoryCode, TagId
from gateway.access import add_store
from gateway.delivery import jump
from gateway.shelf import (
    BoxTag,
    FactoryCodeVault,
    PanelUnknown,
    TagElsewhere,
    TagUnknown,
    add_box_list,
    approve_tags,
    bind,
    list_tags,
    remove_tag,
    stale_displays,
    standings,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STORE = "zagreb-1"


def box(number: int, code: int | None = None, *panels: str) -> BoxTag:
    octets = (number if code is None else code).to_bytes(16, "big")
    return BoxTag(TagId(number.to_bytes(8, "big")), FactoryCode(octets), "model", panels or ("2.9-bw",))


def add(shelf: Any, *boxes: BoxTag, store: str = STORE) -> list[str]:
    made: list[str] = shelf.do(lambda connection: add_box_list(connection, store, list(boxes), shelf.vault, NOW))
    return made


def test_a_box_list_approves_its_tags_and_makes_a_display_for_each_panel(shelf: Any) -> None:
    assert add(shelf, box(1, None, "2.9-bw", "4.2-bwr")) == ["0000000000000001.0", "0000000000000001.1"]
    assert [one.panel for one in shelf.do(lambda connection: standings(connection, STORE))] == ["2.9-bw", "4.2-bwr"]


def test_after_a_restore_a_display_that_was_never_bound_is_to_show_that_it_shows_nothing(shelf: Any) -> None:
    """It may have been bound after the backup: its price is one that nobody answers for."""

    def stale() -> list[str]:
        found: list[str] = shelf.do(lambda connection: stale_displays(connection, NOW))
        return found

    add(shelf, box(1))
    assert stale() == []
    shelf.do(lambda connection: jump(connection, NOW))
    add(shelf, box(2))  # it was on the box list that was lost
    assert stale() == ["0000000000000001.0", "0000000000000002.0"]


def test_the_same_list_again_changes_nothing(shelf: Any) -> None:
    add(shelf, box(1))
    assert add(shelf, box(1), box(2)) == ["0000000000000002.0"]


def test_a_second_row_with_another_factory_code_is_refused_as_a_twin(shelf: Any) -> None:
    add(shelf, box(1))
    with pytest.raises(TagElsewhere, match="another factory code"):
        add(shelf, box(2), box(1, 99))
    with pytest.raises(TagElsewhere, match="another factory code"):
        add(shelf, box(3), box(3, 98))
    assert [one.tag_id for one in shelf.do(lambda connection: list_tags(connection, STORE))] == ["0000000000000001"]


def test_a_tag_of_another_store_and_an_unknown_panel_are_refused(shelf: Any) -> None:
    add(shelf, box(1))
    shelf.do(lambda connection: add_store(connection, "split-2", now=NOW))
    with pytest.raises(TagElsewhere, match="another store"):
        add(shelf, box(1), store="split-2")
    with pytest.raises(PanelUnknown, match=r"9\.9-bw"):
        add(shelf, box(5, None, "9.9-bw"))


def test_a_removed_tag_leaves_its_displays_to_the_unbound_picture(shelf: Any) -> None:
    shelf.products({"barcode": "SKU-0", "name": "Product", "price": "1.00"})
    (display,) = add(shelf, box(1))
    shelf.do(lambda connection: bind(connection, STORE, display, ["SKU-0"]))
    shelf.do(lambda connection: remove_tag(connection, STORE, "0000000000000001", NOW))
    assert shelf.do(lambda connection: stale_displays(connection, NOW)) == [display]
    assert shelf.do(lambda connection: standings(connection, STORE))[0].removed
    with pytest.raises(TagUnknown):
        shelf.do(lambda connection: approve_tags(connection, STORE, ["00000000000000FF"], NOW))


def test_a_copied_database_opens_no_factory_code() -> None:
    code = bytes(range(16))
    sealed = FactoryCodeVault(bytes(32)).seal("0000000000000001", code)
    assert code not in sealed
    assert FactoryCodeVault(bytes(32)).open("0000000000000001", sealed) == code
    with pytest.raises(InvalidTag):
        FactoryCodeVault(b"\x01" * 32).open("0000000000000001", sealed)
    with pytest.raises(ValueError, match="32 octets"):
        FactoryCodeVault(b"short")
