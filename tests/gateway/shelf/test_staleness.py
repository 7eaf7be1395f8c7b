"""Which displays must be drawn anew: by what they were drawn from, and by time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gateway.access import update_store
from gateway.catalog import products_by_barcode
from gateway.ports import to_ms
from gateway.shelf import (
    DrawnFrom,
    Moved,
    Picture,
    bind,
    next_change_at,
    set_template_releases,
    stale_displays,
    unbind,
    write_pictures,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STORE = "zagreb-1"
MILK = {"barcode": "3850000000017", "name": "Mlijeko", "price": "1.29"}


def stale(shelf: Any, at: Any) -> list[str]:
    found: list[str] = shelf.do(lambda connection: stale_displays(connection, at))
    return found


def draw(shelf: Any, display: str, now: Any, content: bytes = b"c" * 16, **drawn_from: Any) -> Moved:
    """Write a picture of what the display is bound to now."""

    def write(connection: Connection) -> Moved:
        goods = products_by_barcode(connection, STORE, [MILK["barcode"]])
        source = DrawnFrom(
            binding_version=drawn_from.get("binding_version", 1),
            template="shelf",
            template_release=drawn_from.get("template_release", "release-1"),
            settings_version=drawn_from.get("settings_version", 1),
            product_versions=drawn_from.get(
                "product_versions", tuple((one.product_id, one.version) for one in goods.values())
            ),
            valid_from=drawn_from.get("valid_from"),
            valid_until=drawn_from.get("valid_until"),
        )
        picture = Picture(display, STORE, "2.9-bwr", content, b"deflated", source, None, None)
        return write_pictures(connection, [picture], now)

    moved: Moved = shelf.do(write)
    return moved


def bound(shelf: Any) -> str:
    shelf.products(MILK)
    display: str = shelf.tag(1)
    shelf.do(lambda connection: set_template_releases(connection, {"shelf": "release-1"}, NOW))
    shelf.do(lambda connection: bind(connection, STORE, display, [MILK["barcode"]]))
    return display


def test_a_display_that_was_never_bound_is_never_stale(shelf: Any) -> None:
    shelf.products(MILK)
    shelf.tag(1)
    assert stale(shelf, NOW) == []


def test_a_bound_display_is_stale_until_it_is_drawn(shelf: Any) -> None:
    display = bound(shelf)
    assert stale(shelf, NOW) == [display]
    assert draw(shelf, display, NOW).moved == (display,)
    assert stale(shelf, NOW) == []


def test_a_new_price_a_new_binding_new_settings_and_a_new_release_each_make_it_stale(shelf: Any) -> None:
    display = bound(shelf)
    draw(shelf, display, NOW)
    shelf.products({"barcode": MILK["barcode"], "price": "1.39"})
    assert stale(shelf, NOW) == [display]
    draw(shelf, display, NOW, b"d" * 16)
    assert stale(shelf, NOW) == []
    shelf.do(lambda connection: unbind(connection, STORE, display))
    assert stale(shelf, NOW) == [display]
    draw(shelf, display, NOW, b"e" * 16, binding_version=2, product_versions=())
    assert stale(shelf, NOW) == []
    shelf.do(lambda connection: update_store(connection, STORE, now=NOW, allow_zero_price=True))
    assert stale(shelf, NOW) == [display]
    draw(shelf, display, NOW, b"f" * 16, binding_version=2, product_versions=(), settings_version=2)
    assert stale(shelf, NOW) == []
    shelf.do(lambda connection: set_template_releases(connection, {"shelf": "release-2"}, NOW))
    assert stale(shelf, NOW) == [display]


def test_time_alone_makes_a_display_stale_outside_its_interval_in_either_direction(shelf: Any) -> None:
    display = bound(shelf)
    start, end = to_ms(NOW), to_ms(NOW + timedelta(hours=1))
    draw(shelf, display, NOW, valid_from=start, valid_until=end)
    assert stale(shelf, NOW) == []
    assert stale(shelf, NOW + timedelta(minutes=59)) == []
    assert stale(shelf, NOW + timedelta(hours=1)) == [display]
    assert stale(shelf, NOW - timedelta(seconds=1)) == [display]  # the clock was set back
    assert shelf.do(lambda connection: next_change_at(connection, NOW)) == end


def test_a_picture_drawn_from_what_has_changed_meanwhile_is_not_taken(shelf: Any) -> None:
    display = bound(shelf)
    moved = draw(shelf, display, NOW, binding_version=0)
    assert (moved.moved, moved.outdated) == ((), (display,))
    assert stale(shelf, NOW) == [display]


def test_the_same_content_renews_and_moves_no_revision(shelf: Any) -> None:
    display = bound(shelf)
    draw(shelf, display, NOW)
    shelf.products({"barcode": MILK["barcode"], "stock": "4"})
    moved = draw(shelf, display, NOW)
    assert (moved.moved, moved.renewed) == ((), (display,))
    assert stale(shelf, NOW) == []
