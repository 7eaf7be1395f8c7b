"""The composition that `esl serve` and the virtual world share, in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

import httpx
import pytest

from gateway.access import add_store, list_stores
from gateway.app.compose import Gateway, compose
from gateway.app.errors import CannotStart
from gateway.app.services import Ports
from gateway.database import Crashed
from gateway.ports import InlineExecutor, SystemClock, SystemSecrets
from gateway.settings import Settings


def new_gateway(folder: Path) -> Gateway:
    ports = Ports(SystemClock(), Random(1), SystemSecrets(), InlineExecutor())
    return compose(Settings(data=folder), ports, [], database_threads=False)


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[Gateway]:
    gateway = new_gateway(folder)
    await gateway.start()
    try:
        async with asyncio.timeout(30):
            yield gateway
    finally:
        await gateway.stop()


def test_a_crash_has_no_effect_any_more_and_a_new_instance_finds_what_was_committed(tmp_path: Path) -> None:
    async def story() -> None:
        gateway = new_gateway(tmp_path)
        await gateway.start()
        now = SystemClock().now()
        await gateway.database.write(partial(add_store, store_id="shop", now=now))
        await gateway.crash()
        with pytest.raises(Crashed):
            await gateway.database.write(partial(add_store, store_id="late", now=now))
        async with started(tmp_path) as again:
            assert [one.store_id for one in await again.database.read(list_stores)] == ["shop"]

    asyncio.run(story())


def test_each_start_draws_a_run_of_its_own_and_the_keys_stay(tmp_path: Path) -> None:
    async def keys() -> tuple[bytes, str, bytes]:
        async with started(tmp_path) as gateway:
            return gateway.keys.site_secret, gateway.keys.admin_token, gateway.services.delivery._run_id

    first, second = asyncio.run(keys()), asyncio.run(keys())
    assert first[:2] == second[:2]
    assert first[2] != second[2]


def test_a_loop_that_breaks_is_told_and_the_gateway_is_not_ready_any_more(tmp_path: Path) -> None:
    async def story() -> None:
        async with started(tmp_path) as gateway:
            transport = httpx.ASGITransport(app=gateway.asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                assert (await client.get("/readyz")).status_code == 200
                broken = ValueError("our own books disagree")
                gateway.services.sync.bring_up_to_date = lambda: _raise(broken)  # type: ignore[assignment]
                gateway.services.sync.nudge()
                assert await gateway.failed() is broken
                assert (await client.get("/readyz")).status_code == 503

    asyncio.run(story())


def test_a_damaged_site_key_is_said_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "site.key").write_bytes(b"short")
    with pytest.raises(CannotStart, match=r"site\.key is damaged: it has 5 octets"):
        new_gateway(tmp_path)
    assert (tmp_path / "site.key").read_bytes() == b"short"


async def _raise(error: Exception) -> int:
    raise error
