"""`esl serve` as a real process: starting, stopping, being killed, and saying why it cannot start."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from gateway_process import as_nobody, gateway, is_one_line, refused

only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@only_linux
def test_killed_it_leaves_no_process_behind_and_starts_again_at_once_on_the_same_ports(tmp_path: Path) -> None:
    with gateway(tmp_path) as first:
        before = first.endpoint
        assert len(first.family()) >= 3  # itself, the broker, a worker
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        with gateway(tmp_path) as second:
            after = second.endpoint
            assert (after["http"], after["mqtt"]) == (before["http"], before["mqtt"])
            assert httpx.get(after["http"] + "/readyz").status_code == 200
            second.process.send_signal(signal.SIGKILL)
            second.process.wait()
            assert first.gone()
            assert second.gone()


@only_linux
def test_told_to_stop_it_ends_with_status_0_and_takes_everything_along(tmp_path: Path) -> None:
    with gateway(tmp_path) as one:
        one.process.send_signal(signal.SIGTERM)
        status, words = one.ended()
        assert (status, words) == (0, "")
        assert one.gone()
        assert not (tmp_path / "endpoint.json").exists()


def test_started_by_a_program_it_ends_with_it(tmp_path: Path) -> None:
    with gateway(tmp_path, "--until-stdin-ends") as one:
        assert one.process.stdin is not None
        assert one.process.poll() is None
        one.process.stdin.close()
        one.process.stdin = None  # or the helper's end would close it again
        assert one.process.wait(30) == 0


def test_once_ready_it_says_where_it_is_and_keeps_its_secrets(tmp_path: Path) -> None:
    with gateway(tmp_path) as one:
        assert one.endpoint["pid"] == one.process.pid
        with socket.create_connection(("127.0.0.1", port_of(one.endpoint["mqtt"]))):
            assert httpx.get(one.endpoint["http"] + "/healthz").json()["status"] == "ok"
        for name, octets in (("admin.token", 33), ("site.key", 32)):
            stat = (tmp_path / name).stat()
            assert (stat.st_mode & 0o777, stat.st_size) == (0o600, octets)
        figures = httpx.get(one.endpoint["http"] + "/metrics")
        assert "esl_labels_drawn_total 0" in figures.text
        assert figures.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_what_was_answered_is_there_after_a_kill_and_the_keys_stay(tmp_path: Path) -> None:
    with gateway(tmp_path) as one:
        token = one.admin_token
        assert one.admin("POST", "/admin/stores", {"store": "shop"}).status_code == 200
        made = one.admin("POST", "/admin/stores/shop/bridges", {"name": "door"}).json()
        one.process.kill()
        one.process.wait()
    with gateway(tmp_path) as two:
        assert two.admin_token == token
        assert [store["store"] for store in two.admin("GET", "/admin/stores").json()["stores"]] == ["shop"]
        assert two.admin("POST", "/admin/stores/shop/bridges", {"name": "door"}).json()["mqtt"] == made["mqtt"]


def test_a_second_gateway_on_the_same_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with gateway(tmp_path) as one:
        status, words = refused(tmp_path)
        assert status == 1
        assert is_one_line(words)
        assert f"another gateway (process {one.process.pid}) runs on {tmp_path}" in words
        assert httpx.get(one.endpoint["http"] + "/healthz").status_code == 200


@pytest.mark.parametrize("option", ["--http", "--mqtt"])
def test_a_port_in_use_is_said_with_what_to_do(tmp_path: Path, option: str) -> None:
    other = "--mqtt" if option == "--http" else "--http"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, words = refused(tmp_path, option, f"127.0.0.1:{port}", other, "127.0.0.1:0")
    assert status == 1
    assert is_one_line(words)
    assert f"port {port} on 127.0.0.1 is in use" in words
    assert option in words


def test_a_data_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, words = refused(tmp_path / "file" / "data")
    assert status == 1
    assert is_one_line(words)
    assert "cannot be used" in words
    assert "--data" in words


@pytest.mark.skipif(not as_nobody(), reason="root may read everything")
def test_a_data_folder_without_rights_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    status, words = refused(tmp_path)
    tmp_path.chmod(0o700)
    assert (status, is_one_line(words)) == (1, True)


def test_a_broker_that_is_not_there_is_said(tmp_path: Path) -> None:
    status, words = refused(tmp_path, "--broker", "mqtt://esl:geheim@127.0.0.1:9")
    assert status == 1
    assert is_one_line(words)
    assert "no broker answers at mqtt://127.0.0.1:9" in words
    assert "geheim" not in words


def test_a_database_of_a_newer_version_is_said_and_left_as_it_is(tmp_path: Path) -> None:
    with gateway(tmp_path) as one:
        one.process.send_signal(signal.SIGTERM)
        assert one.ended()[0] == 0
    with sqlite3.connect(tmp_path / "esl.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999_of_tomorrow'")
    database.close()
    status, words = refused(tmp_path)
    assert status == 1
    assert is_one_line(words)
    assert "newer" in words


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs Linux's unshare")
    probe = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk needs the right to make a mount namespace")
    serve = f"{sys.executable} -m gateway.cli serve --data {tmp_path} --http 127.0.0.1:0 --mqtt 127.0.0.1:0 --workers 1"
    mounted = f"mount -t tmpfs -o size=200k tmpfs {tmp_path} && exec {serve} --log-level error"
    ended = subprocess.run(["unshare", "-rm", "sh", "-c", mounted], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert is_one_line(ended.stderr)
    assert "is full: free some space" in ended.stderr


def test_bridges_on_the_network_need_tls(tmp_path: Path) -> None:
    status, words = refused(tmp_path, "--http", "127.0.0.1:0", "--mqtt", "0.0.0.0:0")
    assert (status, is_one_line(words)) == (1, True)
    assert "mqtt_certificate" in words


def test_a_setting_that_cannot_be_read_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('log_level = "loud"\n')
    ports = ("--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0")
    command = [sys.executable, "-m", "gateway.cli", "serve", "--data", str(tmp_path), *ports]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert is_one_line(ended.stderr)
    assert "settings.toml: log_level: 'loud' is none of debug, info" in ended.stderr


@pytest.mark.mosquitto
def test_it_runs_with_somebody_elses_broker_and_outlives_it(tmp_path: Path) -> None:
    binary = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
    if binary is None:
        pytest.skip("mosquitto is not installed (apt install mosquitto)")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen([binary, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        with gateway(tmp_path / "data", "--broker", f"mqtt://127.0.0.1:{port}", mqtt=None) as one:
            assert port_of(one.endpoint["mqtt"]) == port
            broker.kill()
            broker.wait()
            assert httpx.get(one.endpoint["http"] + "/readyz").status_code == 200
            one.process.send_signal(signal.SIGTERM)
            assert one.ended()[0] == 0
    finally:
        broker.kill()
        broker.wait()


def test_ctrl_c_ends_it_like_sigterm(tmp_path: Path) -> None:
    with gateway(tmp_path) as one:
        os.killpg(one.process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        assert one.ended() == (0, "")
