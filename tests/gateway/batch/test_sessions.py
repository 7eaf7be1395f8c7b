"""Sessions: what a POS may rely on between start and complete."""

import re
import time
from datetime import timedelta

import pytest

from gateway.batch import (
    BatchMoved,
    SessionClosed,
    SessionExpired,
    SessionMode,
    SessionState,
    SessionUnknown,
    TooManyMissing,
    TooManySessions,
)


def row(number, price="1.00", **fields):
    return {"barcode": f"P{number}", "name": f"Product {number}", "price": price} | fields


async def quiet(shop):
    await shop.clock.pass_s(0)


def test_a_session_lives_for_half_an_hour_from_its_start(in_a_shop):
    async def story(shop):
        started = await shop.sessions.start("corner")
        assert re.fullmatch("[A-Za-z0-9_-]{16,64}", started.session_id)
        assert started.expires_at == shop.clock.now() + timedelta(minutes=30)
        await shop.clock.pass_s(29 * 60)
        await shop.sessions.push("corner", started.session_id, [row(1)])
        await shop.clock.pass_s(60)  # the push has not prolonged it
        for call in (
            shop.sessions.push("corner", started.session_id, [row(2)]),
            shop.sessions.complete("corner", started.session_id),
        ):
            with pytest.raises(SessionExpired):
                await call
        assert (await shop.status(started.session_id)).status is SessionState.EXPIRED
        assert await shop.price_of("P1") is None

    in_a_shop(story)


def test_a_completed_session_does_not_expire(in_a_shop):
    async def story(shop):
        session_id = await shop.send([row(1)])
        await shop.clock.pass_s(3600)
        assert (await shop.status(session_id)).status is SessionState.COMPLETED

    in_a_shop(story)


def test_good_rows_are_staged_though_others_of_the_push_are_rejected(in_a_shop):
    async def story(shop):
        started = await shop.sessions.start("corner")
        pushed = await shop.sessions.push(
            "corner", started.session_id, [row(1), row(2, price="1,29"), "nonsense", {"name": "no barcode"}, row(3)]
        )
        assert (pushed.received, pushed.accepted, pushed.rejected) == (5, 2, 3)
        assert {issue.index for issue in pushed.errors} == {1, 2, 3}
        assert [parsed.barcode for parsed in pushed.rows] == ["P1", "P3"]
        await shop.sessions.complete("corner", started.session_id)
        await quiet(shop)
        status = await shop.status(started.session_id)
        assert (status.products_received, status.products_saved, status.rejected) == (5, 2, 3)
        assert {error.issue.index for error in status.errors} == {1, 2, 3}
        assert await shop.price_of("P3") == "1.00"

    in_a_shop(story)


def test_nothing_is_saved_before_the_session_is_completed(in_a_shop):
    async def story(shop):
        started = await shop.sessions.start("corner")
        await shop.sessions.push("corner", started.session_id, [row(1)])
        await quiet(shop)
        assert await shop.price_of("P1") is None
        status = await shop.status(started.session_id)
        assert (status.status, status.phase, status.progress) == (SessionState.OPEN, None, 0)

    in_a_shop(story)


def test_a_barcode_is_known_from_the_catalogue_or_from_an_earlier_row_of_the_session(in_a_shop):
    async def story(shop):
        await shop.send([row(1)])
        await quiet(shop)
        started = await shop.sessions.start("corner")
        first = await shop.sessions.push(
            "corner",
            started.session_id,
            [
                {"barcode": "P1", "price": "2.00"},
                {"barcode": "P2", "price": "2.00"},
                row(3),
                {"barcode": "P3", "stock": 5},
            ],
        )
        assert [issue.barcode for issue in first.errors] == ["P2"]
        later = await shop.sessions.push("corner", started.session_id, [{"barcode": "P3", "price": "3.00"}])
        assert later.rejected == 0
        other = await shop.sessions.start("corner")
        elsewhere = await shop.sessions.push("corner", other.session_id, [{"barcode": "P3", "price": "4.00"}])
        assert elsewhere.rejected == 1  # another session's rows are not known before they are saved

    in_a_shop(story)


def test_an_accepted_row_is_never_rejected_later(in_a_shop):
    async def story(shop):
        await shop.send([row(1)])
        await quiet(shop)
        started = await shop.sessions.start("corner")
        pushed = await shop.sessions.push("corner", started.session_id, [{"barcode": "P1", "stock": 7}])
        assert pushed.accepted == 1
        await shop.send([row(2)], mode=SessionMode.FULL, remove_missing=True, force=True)
        await quiet(shop)
        await shop.sessions.complete("corner", started.session_id)
        await quiet(shop)
        status = await shop.status(started.session_id)
        assert (status.status, status.products_saved, status.rejected) == (SessionState.COMPLETED, 1, 0)

    in_a_shop(story)


def test_a_push_after_complete_is_refused(in_a_shop):
    async def story(shop):
        session_id = await shop.send([row(1)])
        with pytest.raises(SessionClosed):
            await shop.sessions.push("corner", session_id, [row(2)])

    in_a_shop(story)


def test_completing_twice_gives_the_first_answer_again(in_a_shop):
    async def story(shop):
        session_id = await shop.send([row(1)])
        await quiet(shop)
        first = await shop.status(session_id)
        again = await shop.sessions.complete("corner", session_id)
        assert (again.session_id, again.status) == (session_id, "processing")
        await quiet(shop)
        assert await shop.status(session_id) == first

    in_a_shop(story)


def test_a_store_never_sees_another_stores_session(in_a_shop):
    async def story(shop):
        await shop.add_store("other")
        started = await shop.sessions.start("corner")
        sessions, session_id = shop.sessions, started.session_id
        for call in (
            sessions.push("other", session_id, [row(1)]),
            sessions.complete("other", session_id),
            sessions.status("other", session_id),
            sessions.errors("other", session_id),
            sessions.missing("other", session_id),
            sessions.unconfirmed("other", session_id),
            sessions.status("corner", "b" + "A" * 24),
        ):
            with pytest.raises(SessionUnknown):
                await call
        assert await sessions.list_sessions("other") == []

    in_a_shop(story)


def test_sixteen_sessions_may_be_open_and_an_expired_one_makes_room(in_a_shop):
    async def story(shop):
        await shop.add_store("other")
        await shop.sessions.start("corner")
        await shop.clock.pass_s(60)
        for _ in range(15):
            await shop.sessions.start("corner")
        with pytest.raises(TooManySessions):
            await shop.sessions.start("corner")
        await shop.sessions.start("other")
        shop.clock.elapsed_s += 29 * 60  # expired, though nobody has swept it out yet
        await shop.sessions.start("corner")

    in_a_shop(story)


def test_the_book_is_written_in_the_rows_own_transaction(in_a_shop):
    class FailingBook:
        looked_up = 0

        def look_up(self, connection):
            self.looked_up += 1

        def write_down(self, connection, answer):
            raise OSError("no room for the answer")

    async def story(shop):
        started = await shop.sessions.start("corner")
        book = FailingBook()
        with pytest.raises(OSError, match="no room"):
            await shop.sessions.push("corner", started.session_id, [row(1)], book=book)
        assert book.looked_up == 1
        assert (await shop.status(started.session_id)).products_received == 0

    in_a_shop(story)


def test_errors_are_listed_by_pages_in_the_order_they_came(in_a_shop):
    async def story(shop):
        started = await shop.sessions.start("corner")
        for _ in range(2):
            await shop.sessions.push("corner", started.session_id, [row(n, price="x") for n in range(75)])
        page = await shop.sessions.errors("corner", started.session_id, limit=100)
        rest = await shop.sessions.errors("corner", started.session_id, after=page[-1].seq, limit=100)
        assert [(error.push_no, error.issue.index) for error in page + rest] == [
            (push, index) for push in range(2) for index in range(75)
        ]
        assert list((await shop.status(started.session_id)).errors) == page

    in_a_shop(story)


def test_every_change_is_told_after_its_commit(in_a_shop):
    async def story(shop):
        told = []
        shop.events.watch(BatchMoved, told.append)
        started = await shop.sessions.start("corner")
        await shop.sessions.push("corner", started.session_id, [row(1)])
        assert told == [BatchMoved("corner", started.session_id)] * 2

    in_a_shop(story)


def test_a_full_list_that_misses_more_than_a_fifth_is_not_removed_unless_forced(in_a_shop):
    async def story(shop):
        await shop.send([row(n) for n in range(10)])
        await quiet(shop)
        started = await shop.sessions.start("corner", SessionMode.FULL, remove_missing=True)
        await shop.sessions.push("corner", started.session_id, [row(n) for n in range(7)])
        with pytest.raises(TooManyMissing) as refused:
            await shop.sessions.complete("corner", started.session_id)
        assert (refused.value.missing, refused.value.products) == (3, 10)
        assert (await shop.status(started.session_id)).status is SessionState.OPEN
        await shop.sessions.push("corner", started.session_id, [row(7)])
        await shop.sessions.complete("corner", started.session_id)  # two of ten: exactly a fifth
        await quiet(shop)
        assert await shop.price_of("P8") is None
        forced = await shop.send([row(0)], mode=SessionMode.FULL, remove_missing=True, force=True)
        await quiet(shop)
        assert (await shop.status(forced)).missing == 7
        assert await shop.price_of("P7") is None
        assert await shop.price_of("P0") == "1.00"

    in_a_shop(story)


def test_a_push_of_a_thousand_rows_is_staged_quickly(in_a_shop):
    async def story(shop):
        started = await shop.sessions.start("corner")
        rows = [row(n, brand="b", unit="kg", unitPrice="2.00", packSize="500 g") for n in range(1000)]
        times = []
        for _ in range(3):
            begun = time.process_time()
            await shop.sessions.push("corner", started.session_id, rows)
            times.append(time.process_time() - begun)
        assert min(times) < 0.4  # 50 ms on a quiet machine; a query a row would take a second

    in_a_shop(story)
