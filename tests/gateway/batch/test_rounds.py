"""Verification: who has proved it counts at once, who has not is asked about, and named in the end."""

import pytest

from gateway.batch import Phase, SessionState
from gateway.batch.confirming import end_syncing
from gateway.shelf import Fact


def row(number, price="1.00", **fields):
    return {"barcode": f"P{number}", "name": f"Product {number}", "price": price} | fields


def display(number):
    return f"{number:016X}.0"


async def quiet(shop):
    await shop.clock.pass_s(0)


async def batch_with_displays(shop, count, price="2.00"):
    """A batch that changes the product of each of `count` displays; gives its id once it is verifying."""
    await shop.send([row(n) for n in range(count)])
    await quiet(shop)
    for n in range(count):
        await shop.hang(display(n), f"P{n}")
    session_id = await shop.send([row(n, price) for n in range(count)])
    await quiet(shop)
    return session_id


def test_confirmations_count_as_they_arrive_and_the_last_one_completes_the_batch(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 4)
        status = await shop.status(session_id)
        assert (status.phase, status.progress) == (Phase.VERIFYING, 80)
        assert (status.tags_total, status.tags_synced, status.tags_confirmed, status.tags_unconfirmed) == (4, 4, 0, 4)
        seen = []
        for n in range(4):
            await shop.prove(display(n))
            seen.append(await shop.status(session_id))
        assert [one.progress for one in seen] == [85, 90, 95, 100]
        assert [one.tags_confirmed for one in seen] == [1, 2, 3, 4]
        assert seen[-1].status is SessionState.COMPLETED
        assert shop.asked == []

    in_a_shop(story)


def test_a_display_that_proved_it_before_is_confirmed_without_any_question(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 2)
        for n in range(2):
            await shop.prove(display(n), fact=Fact.SETTLED)
        again = await shop.send([row(n, "2.00") for n in range(2)])
        await quiet(shop)
        status = await shop.status(again)
        assert (status.status, status.tags_total, status.tags_confirmed) == (SessionState.COMPLETED, 2, 2)
        assert status.unchanged == 2
        assert (await shop.status(session_id)).status is SessionState.COMPLETED

    in_a_shop(story)


def test_every_thirty_seconds_the_missing_ones_are_asked_about_for_six_minutes(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 3)
        started = shop.clock.now()
        await shop.clock.pass_s(29)
        assert shop.asked == []
        await shop.clock.pass_s(1)
        assert shop.asked == [[display(0), display(1), display(2)]]
        await shop.prove(display(1))
        for _ in range(10):
            await shop.clock.pass_s(30)
        status = await shop.status(session_id)
        assert (status.verification.round, status.verification.rounds) == (11, 12)
        assert (status.verification.next_check_at - started).total_seconds() == 360
        assert shop.asked[1:] == [[display(0), display(2)]] * 10
        assert (status.status, status.progress) == (SessionState.PROCESSING, 86)
        await shop.clock.pass_s(30)
        status = await shop.status(session_id)
        assert (status.status, status.progress, status.tags_unconfirmed) == (SessionState.COMPLETED, 100, 2)
        assert (status.finished_at - started).total_seconds() == 360
        assert len(shop.asked) == 11

    in_a_shop(story)


def test_what_stays_missing_is_listed_with_its_reason_by_pages(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 3)
        await shop.prove(display(1))
        await shop.clock.pass_s(360)
        shop.reason = "battery"
        page = await shop.sessions.unconfirmed("corner", session_id, limit=1)
        rest = await shop.sessions.unconfirmed("corner", session_id, after=page[-1].display_id)
        assert [(one.display_id, one.reason) for one in page + rest] == [
            (display(0), "battery"),
            (display(2), "battery"),
        ]
        shop.sessions._reasons = None  # nobody to ask, for instance in the office: as last heard
        listed = await shop.sessions.unconfirmed("corner", session_id)
        assert [one.reason for one in listed] == ["asleep", "asleep"]

    in_a_shop(story)


def test_a_display_that_a_newer_change_overtook_says_so_until_the_newer_one_is_proved(in_a_shop):
    async def story(shop):
        older = await batch_with_displays(shop, 2)
        shop.content = b"d" * 16
        newer = await shop.send([row(0, "3.00")])
        await quiet(shop)

        async def listed(session_id):
            found = await shop.sessions.unconfirmed("corner", session_id)
            return [(one.display_id, one.reason) for one in found]

        assert await listed(older) == [(display(0), "superseded"), (display(1), "asleep")]
        assert await listed(newer) == [(display(0), "asleep")]
        await shop.clock.pass_s(360)
        status = await shop.status(older)
        assert (status.status, status.tags_total, status.tags_unconfirmed) == (SessionState.COMPLETED, 2, 2)
        assert await listed(older) == [(display(0), "superseded"), (display(1), "asleep")]
        await shop.prove(display(0))
        assert await listed(older) == [(display(1), "asleep")]
        assert [(await shop.status(one)).tags_confirmed for one in (older, newer)] == [1, 1]

    in_a_shop(story)


@pytest.mark.parametrize("reason", ["unbound", "product_removed"])
def test_a_display_that_was_unbound_or_whose_product_was_removed_says_that_and_not_that_it_was_overtaken(
    in_a_shop, reason
):
    async def story(shop):
        older = await batch_with_displays(shop, 1)
        shop.content, shop.reason = b"d" * 16, reason
        await shop.send([row(0, "3.00")])
        await quiet(shop)
        assert [one.reason for one in await shop.sessions.unconfirmed("corner", older)] == [reason]

    in_a_shop(story)


def test_a_new_number_for_the_same_picture_overtakes_nothing(in_a_shop):
    async def story(shop):
        first_content = shop.content
        first = await batch_with_displays(shop, 1)
        second = await shop.send([row(0, "3.00")])
        await quiet(shop)
        shop.content = b"d" * 16
        other = await shop.send([row(0, "4.00")])
        await quiet(shop)
        shop.content = first_content
        back = await shop.send([row(0, "3.00")])
        await quiet(shop)
        reasons = [(await shop.sessions.unconfirmed("corner", one))[0].reason for one in (first, second, other, back)]
        assert reasons == ["asleep", "asleep", "superseded", "asleep"]

    in_a_shop(story)


def test_a_late_confirmation_still_counts_and_completed_stays_completed(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 2)
        await shop.clock.pass_s(360)
        finished = await shop.status(session_id)
        await shop.clock.pass_s(3600)
        await shop.prove(display(0))
        status = await shop.status(session_id)
        assert (status.status, status.tags_confirmed, status.tags_unconfirmed) == (SessionState.COMPLETED, 1, 1)
        assert status.finished_at == finished.finished_at
        assert [one.display_id for one in await shop.sessions.unconfirmed("corner", session_id)] == [display(1)]

    in_a_shop(story)


@pytest.mark.parametrize("when", ["next round", "restart"])
def test_a_lost_event_costs_time_and_no_count(in_a_shop, when):
    async def story(shop):
        session_id = await batch_with_displays(shop, 2)
        await shop.prove(display(0), told=False)
        assert (await shop.status(session_id)).tags_confirmed == 0
        if when == "restart":
            await shop.crash()
            shop.open()
            await quiet(shop)
        else:
            await shop.clock.pass_s(30)
            assert shop.asked == [[display(1)]]
        assert (await shop.status(session_id)).tags_confirmed == 1

    in_a_shop(story)


def test_a_proof_lost_after_completion_is_found_at_the_next_start(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 1)
        await shop.clock.pass_s(360)
        await shop.prove(display(0), told=False)
        await shop.crash()
        shop.open()
        await quiet(shop)
        assert (await shop.status(session_id)).tags_confirmed == 1

    in_a_shop(story)


def test_a_newer_price_that_is_proved_confirms_the_older_batch_too(in_a_shop):
    async def story(shop):
        older = await batch_with_displays(shop, 1)
        newer = await shop.send([row(0, "3.00")])
        await quiet(shop)
        await shop.prove(display(0))
        for session_id in (older, newer):
            status = await shop.status(session_id)
            assert (status.status, status.tags_confirmed) == (SessionState.COMPLETED, 1)

    in_a_shop(story)


def test_a_proof_of_an_older_price_confirms_nothing_newer(in_a_shop):
    async def story(shop):
        older = await batch_with_displays(shop, 1)
        await shop.prove(display(0), told=False)
        newer = await shop.send([row(0, "3.00")])
        await shop.clock.pass_s(30)
        assert (await shop.status(older)).tags_confirmed == 1
        assert (await shop.status(newer)).tags_confirmed == 0

    in_a_shop(story)


def test_a_confirmation_is_never_taken_back(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 2)
        await shop.prove(display(0))
        await shop.send([row(0, "3.00")])  # the glass is to show something else now
        await shop.clock.pass_s(360)
        assert (await shop.status(session_id)).tags_confirmed == 1

    in_a_shop(story)


def test_a_verification_goes_on_after_a_restart_where_it_stood(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 1)
        await shop.clock.pass_s(100)
        await shop.crash()
        shop.clock.elapsed_s += 10
        shop.open()
        await shop.clock.pass_s(10)
        assert (await shop.status(session_id)).verification.round == 4
        await shop.clock.pass_s(240)
        status = await shop.status(session_id)
        assert (status.status, status.verification.round) == (SessionState.COMPLETED, 12)

    in_a_shop(story)


@pytest.mark.parametrize("hours", [5, -5])
def test_a_wall_clock_that_jumps_neither_skips_nor_delays_the_rounds(in_a_shop, hours):
    async def story(shop):
        session_id = await batch_with_displays(shop, 1)
        await shop.clock.pass_s(45)
        shop.clock.utc_offset += type(shop.clock.utc_offset)(hours=hours)
        await shop.clock.pass_s(60)
        assert (await shop.status(session_id)).verification.round in (3, 4)
        await shop.clock.pass_s(270)
        assert (await shop.status(session_id)).status is SessionState.COMPLETED

    in_a_shop(story)


def test_progress_never_falls_from_start_to_completed(in_a_shop, monkeypatch):
    monkeypatch.setattr("gateway.batch.saving.ROWS_PER_SLICE", 2)

    async def story(shop):
        await shop.send([row(n) for n in range(10)])
        await quiet(shop)
        for n in range(10):
            await shop.hang(display(n), f"P{n}", f"P{(n + 5) % 10}")  # each in two chunks
        session_id = await shop.send([row(n, "2.00") for n in range(10)])
        seen = []
        for _ in range(150):
            seen.append((await shop.status(session_id)).progress)
        for n in range(10):
            await shop.prove(display(n))
            seen.append((await shop.status(session_id)).progress)
        assert seen == sorted(seen)
        assert {6, 12, 30, 80, 98, 100} <= set(seen)
        status = await shop.status(session_id)
        assert (status.tags_total, status.tags_confirmed) == (10, 10)

    in_a_shop(story)


def test_a_proof_that_was_lost_again_before_the_batch_confirms_nothing(in_a_shop):
    async def story(shop):
        first = await batch_with_displays(shop, 2)
        await shop.prove(display(0))
        await shop.prove(display(1))
        await shop.lose(display(0))
        again = await shop.send([row(n, "2.00") for n in range(2)])  # the same prices need the same revisions
        await shop.clock.pass_s(65)
        assert (await shop.status(again)).tags_confirmed == 1
        assert [one.display_id for one in await shop.sessions.unconfirmed("corner", again)] == [display(0)]
        await shop.crash()
        shop.open()  # a start asks for all that was proved while nobody listened
        await quiet(shop)
        assert (await shop.status(again)).tags_confirmed == 1
        await shop.prove(display(0), told=False)
        await shop.clock.pass_s(30)
        assert (await shop.status(again)).tags_confirmed == 2
        assert (await shop.status(first)).tags_confirmed == 2

    in_a_shop(story)


def test_a_second_try_to_end_syncing_forgets_no_proof_that_came_after_the_first(in_a_shop):
    async def story(shop):
        session_id = await batch_with_displays(shop, 1)
        await shop.prove(display(0), told=False)
        again = await shop.database.write(lambda c: end_syncing(c, session_id, shop.clock.now()))
        assert again == ()
        await shop.clock.pass_s(30)
        assert (await shop.status(session_id)).tags_confirmed == 1

    in_a_shop(story)
