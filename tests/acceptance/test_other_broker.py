"""The whole demo once more with somebody else's broker: Debian's mosquitto. CI: 20 tags; ESL_TEST_LONG=1: 200."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance_sizes import size, wait_for
from real_shop import ESL

TAGS = size(20, 200)
BINARY = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(BINARY is None, reason="mosquitto is not installed (apt install mosquitto)"),
]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[str]:
    """The URL of a broker that lets everybody in."""
    assert BINARY is not None
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen([BINARY, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(port), 30, "mosquitto listens")
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        broker.kill()
        broker.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_the_demo_proves_every_glass_through_debians_mosquitto(mosquitto: str, tmp_path: Path) -> None:
    options = ["--tags", str(TAGS), "--data", str(tmp_path / "shop"), "--http", "127.0.0.1:0", "--broker", mosquitto]
    command = [*ESL, "demo", *options, "--exit", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    print(told)
    assert (told["tags_confirmed"], told["glass_equal"], told["glass_different"]) == (TAGS, TAGS, 0)
