import asyncio
from pathlib import Path

import pytest
from bridge_ends import BRIDGE, FixedRandom, PtyBridge

from gateway.links import BridgeOpened, SerialCarrier
from gateway.links.port import Port, PortAway
from gateway.links.serial_port import SerialPort, split_path
from gateway.ports import SystemClock, SystemSecrets


@pytest.mark.parametrize(
    ("path", "device", "baud"),
    [
        ("/dev/ttyUSB0", "/dev/ttyUSB0", None),
        ("/dev/serial/by-id/usb-x@921600", "/dev/serial/by-id/usb-x", 921_600),
        ("/dev/serial/by-path/a@b", "/dev/serial/by-path/a@b", None),
    ],
)
def test_a_path_may_name_its_speed(path: str, device: str, baud: int | None) -> None:
    assert split_path(path) == (device, baud)


def test_a_port_that_another_program_uses_is_not_shared(tmp_path: Path) -> None:
    async def story() -> None:
        bridge = PtyBridge(tmp_path / "door")
        await bridge.connect()
        first = SerialPort(str(tmp_path / "door"), 1, SystemClock(), print)
        with pytest.raises(PortAway):
            SerialPort(str(tmp_path / "door"), 2, SystemClock(), print)
        first.close()
        SerialPort(str(tmp_path / "door"), 3, SystemClock(), print).close()
        await bridge.break_off()

    asyncio.run(story())


def test_a_port_that_is_named_while_the_carrier_runs_is_opened_and_can_be_let_go(tmp_path: Path) -> None:
    async def story() -> None:
        carrier = SerialCarrier(clock=SystemClock(), random=FixedRandom(), secrets=SystemSecrets())
        await carrier.start()
        bridge = PtyBridge(tmp_path / "door")
        await bridge.connect()
        async with asyncio.timeout(10):
            await carrier.open_port(BRIDGE, str(tmp_path / "door"))
            assert await anext(carrier.events()) == BridgeOpened(BRIDGE)
        await carrier.close_port(BRIDGE)
        await carrier.send(BRIDGE, b"nobody hears this")
        assert carrier.lost == 1
        await carrier.stop()
        await bridge.break_off()

    asyncio.run(story())


def test_a_port_that_was_pulled_out_has_nothing_left_to_wait_for(tmp_path: Path) -> None:
    """A speed is changed once all has left: that must not end whoever waits for it."""

    async def story() -> None:
        bridge = PtyBridge(tmp_path / "door")
        await bridge.connect()
        away: list[PortAway] = []
        port = Port(str(tmp_path / "door"), 115_200, lambda _: None, away.append)
        await bridge.break_off()
        assert port.has_left
        port.set_baud(2_000_000)
        assert len(away) <= 1
        port.close()

    asyncio.run(story())
