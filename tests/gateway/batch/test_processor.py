"""Processing: what was accepted is saved and synced in its order, once, whatever fails on the way."""

import asyncio

from sqlalchemy import func, select

from gateway.batch import Phase, SessionMode, SessionState, tables
from gateway.batch.saving import plan_chunks
from gateway.catalog import ProductsChanged, ledger, products_by_barcode
from gateway.database import DatabaseFull
from gateway.ports import WorkerDied


def row(number, price="1.00", **fields):
    return {"barcode": f"P{number}", "name": f"Product {number}", "price": price} | fields


def display(number):
    return f"{number:016X}.0"


async def quiet(shop):
    await shop.clock.pass_s(0)


def counts(status):
    return status.created, status.updated, status.unchanged, status.superseded


def test_a_batch_without_displays_completes_at_once(in_a_shop):
    async def story(shop):
        session_id = await shop.send([row(1), row(2)], [row(3)])
        await quiet(shop)
        status = await shop.status(session_id)
        assert (status.status, status.progress, status.phase) == (SessionState.COMPLETED, 100, None)
        assert counts(status) == (3, 0, 0, 0)
        assert status.started_at <= status.completed_at <= status.saved_at <= status.synced_at <= status.finished_at

    in_a_shop(story)


def test_an_empty_batch_completes_at_once(in_a_shop):
    async def story(shop):
        session_id = await shop.send()
        await quiet(shop)
        status = await shop.status(session_id)
        assert (status.status, status.progress, status.products_received) == (SessionState.COMPLETED, 100, 0)

    in_a_shop(story)


def test_sums_tell_created_from_updated_from_unchanged_from_overtaken(in_a_shop):
    async def story(shop):
        await shop.send([row(1), row(2)])
        await quiet(shop)
        older = await shop.sessions.start("corner")
        await shop.sessions.push(
            "corner",
            older.session_id,
            [row(1, "9.00"), row(2), row(3), row(4, "x"), {"barcode": "P1", "price": "2.00"}],
        )
        newer = await shop.send([row(1, "3.00")])
        await quiet(shop)
        assert counts(await shop.status(newer)) == (0, 1, 0, 0)
        await shop.sessions.complete("corner", older.session_id)
        await quiet(shop)
        status = await shop.status(older.session_id)
        assert counts(status) == (1, 0, 1, 2)
        assert (status.products_received, status.products_saved, status.rejected) == (5, 4, 1)
        assert await shop.price_of("P1") == "3.00"  # the newest price that was accepted, though completed earlier

    in_a_shop(story)


def test_rows_go_to_sync_in_chunks_of_a_thousand_products(in_a_shop):
    async def story(shop):
        pushes = [row(n) for n in range(700)], [row(n) for n in range(700, 1500)], [row(n) for n in range(1500, 1700)]
        session_id = await shop.send(*pushes, [row(0, "2.00")])  # the second push is in both chunks
        await quiet(shop)
        assert [(chunk.index, chunk.of, len(chunk.products)) for chunk in shop.chunks] == [(0, 2, 1000), (1, 2, 701)]
        assert {chunk.session_id for chunk in shop.chunks} == {session_id}
        products = await shop.database.read(lambda connection: products_by_barcode(connection, "corner", ["P0", "P5"]))
        told = {one.barcode: one for chunk in shop.chunks for one in chunk.products}
        assert told["P5"].product_id == products["P5"].product_id
        assert told["P0"].version == products["P0"].version
        assert (await shop.status(session_id)).products_saved == 1701

    in_a_shop(story)


def test_staged_rows_are_gone_once_they_are_saved(in_a_shop):
    async def story(shop):
        await shop.send([row(n) for n in range(5)])
        await quiet(shop)
        staged = select(func.count(tables.staged_push.c.rows))
        assert await shop.database.read(lambda connection: connection.scalar(staged)) == 0

    in_a_shop(story)


def test_sessions_of_a_store_are_saved_in_the_order_of_their_completion(in_a_shop):
    async def story(shop):
        first, second = [await shop.sessions.start("corner") for _ in range(2)]
        await shop.sessions.push("corner", first.session_id, [row(1)])
        await shop.sessions.push("corner", second.session_id, [row(2)])
        shop.processor._working["corner"] = busy = asyncio.create_task(asyncio.sleep(3600))  # somebody is at it
        await shop.sessions.complete("corner", second.session_id)
        await shop.sessions.complete("corner", first.session_id)
        busy.cancel()
        del shop.processor._working["corner"]
        shop.processor._nudged.set()
        await quiet(shop)
        assert [chunk.session_id for chunk in shop.chunks] == [second.session_id, first.session_id]

    in_a_shop(story)


def test_a_store_that_cannot_be_synced_holds_up_no_other_store(in_a_shop):
    async def story(shop):
        await shop.add_store("other")
        shop.sync_fails = [WorkerDied("killed")]
        stuck = await shop.send([row(1)])
        await quiet(shop)
        runs = await shop.send([row(1)], store="other")
        await quiet(shop)
        assert (await shop.status(runs, "other")).status is SessionState.COMPLETED
        assert (await shop.status(stuck)).phase is Phase.SYNCING
        await shop.clock.pass_s(5)
        assert (await shop.status(stuck)).status is SessionState.COMPLETED

    in_a_shop(story)


def test_a_second_try_of_syncing_does_not_move_the_moment_of_saving(in_a_shop):
    async def story(shop):
        shop.sync_fails = [WorkerDied("killed")]
        session_id = await shop.send([row(1)])
        await quiet(shop)
        saved_at = (await shop.status(session_id)).saved_at
        await shop.clock.pass_s(5)
        status = await shop.status(session_id)
        assert (status.status, status.saved_at) == (SessionState.COMPLETED, saved_at)
        assert status.synced_at > saved_at

    in_a_shop(story)


def test_a_session_completed_at_any_moment_of_another_ones_processing_is_not_forgotten(in_a_shop):
    async def story(shop):
        for turns in range(0, 36, 3):
            first = await shop.send([row(1, f"{turns}.10")])
            second = await shop.sessions.start("corner")
            for _ in range(turns):
                await asyncio.sleep(0)
            await shop.sessions.complete("corner", second.session_id)
            await quiet(shop)
            for session_id in (first, second.session_id):
                assert (await shop.status(session_id)).status is SessionState.COMPLETED, turns

    in_a_shop(story)


def test_a_fault_of_our_own_fails_the_batch_by_name_and_not_the_next(in_a_shop):
    async def story(shop):
        shop.sync_fails = [ZeroDivisionError("a layout of no width")]
        broken = await shop.send([row(1)])
        fine = await shop.send([row(2)])
        await quiet(shop)
        status = await shop.status(broken)
        assert (status.status, status.progress) == (SessionState.FAILED, 30)
        assert "ZeroDivisionError" in status.failure
        assert "a layout of no width" in status.failure
        assert (await shop.status(fine)).status is SessionState.COMPLETED

    in_a_shop(story)


def test_workers_that_die_again_and_again_fail_the_batch_in_the_end(in_a_shop):
    async def story(shop):
        shop.sync_fails = [WorkerDied("killed")] * 5
        session_id = await shop.send([row(1)])
        await shop.clock.pass_s(60)
        assert "WorkerDied" in (await shop.status(session_id)).failure

    in_a_shop(story)


def test_a_full_disk_holds_a_batch_up_until_there_is_space_again(in_a_shop):
    async def story(shop):
        shop.sync_fails = [DatabaseFull(shop.path)] * 100
        session_id = await shop.send([row(1)])
        await shop.clock.pass_s(99 * 5)
        assert (await shop.status(session_id)).status is SessionState.PROCESSING
        await shop.clock.pass_s(5)
        assert (await shop.status(session_id)).status is SessionState.COMPLETED

    in_a_shop(story)


def test_only_products_that_changed_are_told(in_a_shop):
    async def story(shop):
        told = []
        shop.events.watch(ProductsChanged, told.append)
        await shop.send([row(1), row(2)])
        await quiet(shop)
        await shop.send([row(1, "2.00"), row(2)])
        await quiet(shop)
        assert [len(event.product_ids) for event in told] == [2, 1]
        await shop.send([row(1, "2.00"), row(2)])
        await quiet(shop)
        assert len(told) == 2

    in_a_shop(story)


def test_the_ledger_names_the_session_of_each_price(in_a_shop):
    async def story(shop):
        first = await shop.send([row(1, "1.00")])
        await quiet(shop)
        second = await shop.send([row(1, "2.00")])
        await quiet(shop)

        def lines(connection):
            (product,) = products_by_barcode(connection, "corner", ["P1"]).values()
            return ledger(connection, "corner", product.product_id)

        told = await shop.database.read(lines)
        assert [line.session_id for line in told if line.field == "price"] == [first, second]

    in_a_shop(story)


def test_a_display_bound_just_behind_the_last_chunk_is_drawn_before_the_batch_waits_for_it(in_a_shop):
    async def story(shop):
        await shop.send([row(1)])
        await quiet(shop)
        shop.after_chunk = lambda: shop.hang(display(1), "P1")
        session_id = await shop.send([row(1, "2.00")])
        await quiet(shop)
        status = await shop.status(session_id)
        assert (status.phase, status.tags_total, status.tags_confirmed) == (Phase.VERIFYING, 1, 0)
        assert len(shop.asked_again) == 1
        await shop.prove(display(1))
        assert (await shop.status(session_id)).status is SessionState.COMPLETED

    in_a_shop(story)


def test_a_bound_display_that_is_proved_and_then_bound_anew_is_not_confirmed_by_its_old_picture(in_a_shop):
    async def story(shop):
        await shop.send([row(1), row(2)])
        await quiet(shop)
        await shop.hang(display(1), "P1")
        await shop.send([row(1, "2.00")])
        await quiet(shop)
        await shop.prove(display(1))
        shop.after_chunk = lambda: shop.bind_anew(display(1), "P2")
        session_id = await shop.send([row(2, "3.00")])
        await quiet(shop)
        status = await shop.status(session_id)
        assert (status.tags_total, status.tags_confirmed) == (1, 0)

    in_a_shop(story)


def test_a_display_that_is_never_drawn_fails_the_batch_by_name_and_not_the_next(in_a_shop):
    async def story(shop):
        await shop.send([row(1), row(2)])
        await quiet(shop)
        shop.never_draws = True
        shop.after_chunk = lambda: shop.hang(display(1), "P1")
        stuck = await shop.send([row(1, "2.00")])
        await quiet(shop)
        status = await shop.status(stuck)
        assert (status.phase, status.tags_total) == (Phase.SYNCING, 0)
        await shop.clock.pass_s(4 * 5)
        status = await shop.status(stuck)
        assert status.status is SessionState.FAILED
        assert display(1) in status.failure
        fine = await shop.send([row(2, "2.00")])
        await quiet(shop)
        assert (await shop.status(fine)).status is SessionState.COMPLETED

    in_a_shop(story)


def test_products_that_change_faster_than_they_are_drawn_hold_a_batch_up_and_never_fail_it(in_a_shop):
    async def story(shop):
        await shop.send([row(1)])
        await quiet(shop)
        await shop.hang(display(1), "P1")
        shop.falls_behind = [1] * 20
        first = await shop.send([row(1, "2.00")])
        for _ in range(20):
            await shop.change("P1")
            await shop.clock.pass_s(5)
        assert shop.falls_behind == []
        await shop.clock.pass_s(5)
        assert (await shop.status(first)).phase is Phase.VERIFYING

    in_a_shop(story)


# --- full mode -----------------------------------------------------------------------------------------------------


def test_a_full_session_clears_what_its_rows_omit_and_lists_what_it_does_not_name(in_a_shop):
    async def story(shop):
        await shop.send([row(1, brand="Old"), row(2), row(3), row(4)])
        await quiet(shop)
        session_id = await shop.send([row(1), row(3, price="x")], mode=SessionMode.FULL)
        await quiet(shop)
        status = await shop.status(session_id)
        assert status.missing == 2  # P3 was rejected, so it was sent
        assert [one.barcode for one in await shop.sessions.missing("corner", session_id)] == ["P2", "P4"]
        page = await shop.sessions.missing("corner", session_id, limit=1)
        rest = await shop.sessions.missing("corner", session_id, after=page[0].position)
        assert [one.barcode for one in page + rest] == ["P2", "P4"]
        products = await shop.database.read(
            lambda connection: products_by_barcode(connection, "corner", ["P1", "P2", "P3", "P4"])
        )
        assert sorted(products) == ["P1", "P2", "P3", "P4"]  # nothing was removed
        assert "brand" not in products["P1"].fields

    in_a_shop(story)


def test_missing_products_are_removed_on_demand_and_their_displays_wait_for_a_new_picture(in_a_shop):
    async def story(shop):
        await shop.send([row(n) for n in range(10)])
        await quiet(shop)
        await shop.hang(display(7), "P7")
        session_id = await shop.send([row(n) for n in range(10) if n != 7], mode=SessionMode.FULL, remove_missing=True)
        await quiet(shop)
        assert await shop.price_of("P7") is None
        status = await shop.status(session_id)
        assert (status.missing, status.tags_total, status.phase) == (1, 1, Phase.VERIFYING)
        assert [one.barcode for one in shop.chunks[-1].products] == ["P7"]

    in_a_shop(story)


def test_a_product_that_came_after_the_session_began_is_not_missing(in_a_shop):
    async def story(shop):
        await shop.send([row(n) for n in range(10)])
        await quiet(shop)
        full = await shop.sessions.start("corner", SessionMode.FULL, remove_missing=True)
        await shop.sessions.push("corner", full.session_id, [row(n) for n in range(9)])
        await shop.send([row(99), {"barcode": "P9", "stock": 3}])
        await quiet(shop)
        await shop.sessions.complete("corner", full.session_id)
        await quiet(shop)
        assert (await shop.status(full.session_id)).missing == 0
        assert await shop.price_of("P99") == "1.00"
        assert await shop.price_of("P9") == "1.00"

    in_a_shop(story)


def test_what_an_earlier_session_brings_is_saved_before_a_full_one_asks_what_is_missing(in_a_shop):
    async def story(shop):
        earlier = await shop.sessions.start("corner")
        await shop.sessions.push("corner", earlier.session_id, [row(1), row(2)])
        full = await shop.sessions.start("corner", SessionMode.FULL)
        await shop.sessions.push("corner", full.session_id, [row(1)])
        await shop.sessions.complete("corner", earlier.session_id)
        await shop.sessions.complete("corner", full.session_id)
        await quiet(shop)
        assert (await shop.status(full.session_id)).missing == 1

    in_a_shop(story)


# --- restarts ------------------------------------------------------------------------------------------------------


def test_a_crash_at_any_await_changes_nothing_but_the_time(in_a_shop, monkeypatch):
    """The batch is the same as without a crash: the same sums, each product once, every display accounted for."""
    monkeypatch.setattr("gateway.batch.saving.ROWS_PER_SLICE", 4)
    phases_met = set()

    def tell(turns):
        async def story(shop):
            await shop.send([row(n) for n in range(3)])
            await quiet(shop)
            await shop.hang(display(1), "P1")
            await shop.hang(display(2), "P2", "P1")
            session_id = await shop.send([row(n, "2.00") for n in range(9)], [row(n, "3.00") for n in range(2)])
            for _ in range(turns):
                await asyncio.sleep(0)
            before = await shop.status(session_id)
            phases_met.add(before.phase)
            await shop.crash()
            shop.open()
            await quiet(shop)
            for number in (1, 2):
                await shop.prove(display(number))
            status = await shop.status(session_id)
            assert status.status is SessionState.COMPLETED
            assert counts(status) == (6, 5, 0, 0)
            assert status.progress >= before.progress
            assert (status.tags_total, status.tags_confirmed) == (2, 2)
            assert [await shop.price_of(f"P{n}") for n in (0, 1, 2, 8)] == ["3.00", "3.00", "2.00", "2.00"]

        in_a_shop(story)

    for turns in range(0, 69, 3):
        tell(turns)
    assert phases_met == {Phase.SAVING, Phase.SYNCING, Phase.VERIFYING}


def test_a_whole_list_of_which_no_row_was_taken_is_planned_once_and_ends(in_a_shop):
    async def story(shop):
        await shop.send([row(1), row(2)])
        await quiet(shop)
        session_id = await shop.send([row(3, price="x")], mode=SessionMode.FULL)
        for _ in range(2):  # a gateway that was killed behind the first plan plans again
            await shop.database.write(lambda connection: plan_chunks(connection, session_id))
        await quiet(shop)
        status = await shop.status(session_id)
        assert (status.status, status.rejected) == ("completed", 1)
        assert [one.barcode for one in await shop.sessions.missing("corner", session_id)] == ["P1", "P2"]

    in_a_shop(story)


def test_an_expired_sessions_rows_are_swept_out_and_its_status_is_kept_for_thirty_days(in_a_shop):
    async def story(shop):
        expired = await shop.sessions.start("corner")
        await shop.sessions.push("corner", expired.session_id, [row(1)])
        done = await shop.send([row(2), row(3, price="x")], mode=SessionMode.FULL)
        await shop.clock.pass_s(31 * 60)
        staged = select(func.count(tables.staged_push.c.rows))
        assert await shop.database.read(lambda connection: connection.scalar(staged)) == 0
        shop.clock.elapsed_s += 29 * 24 * 3600
        await shop.clock.pass_s(60)
        assert {one.session_id for one in await shop.sessions.list_sessions("corner")} == {expired.session_id, done}
        shop.clock.elapsed_s += 24 * 3600
        await shop.clock.pass_s(60)
        assert await shop.sessions.list_sessions("corner") == []

    in_a_shop(story)
