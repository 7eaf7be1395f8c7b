"""The broker on the network: TLS with the operator's own certificate, which the gateway itself holds it to."""

import asyncio
from pathlib import Path
from random import Random

import pytest
from self_signed import self_signed

from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import Listener
from gateway.links import BrokerAddress, BrokerAway, probe_broker
from gateway.ports import SystemClock


def test_the_gateway_enters_over_tls_and_only_where_the_certificate_is_its_own(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "shop.example")
    foreign, _ = self_signed(tmp_path, "other.example")

    async def story() -> None:
        listener = Listener("127.0.0.1", 0, certificate, key)
        broker = EmbeddedBroker(tmp_path / "broker", listener, own_password="own", clock=SystemClock())
        async with asyncio.timeout(30):
            await broker.start([])
            try:
                own = broker.address
                assert own.url == f"mqtts://127.0.0.1:{own.port}"
                await probe_broker(own, Random(1))
                for wrong in (
                    BrokerAddress("127.0.0.1", own.port, True, own.username, own.password, foreign),
                    BrokerAddress("127.0.0.1", own.port, False, own.username, own.password),
                ):
                    with pytest.raises(BrokerAway):
                        await probe_broker(wrong, Random(2))
            finally:
                await broker.stop()

    asyncio.run(story())
