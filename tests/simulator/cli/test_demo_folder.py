"""The demo's folder: taken up again, started afresh, never somebody else's."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli.admin_api import GatewayRefuses
from simulator.cli.demo_folder import DemoFolder, Made, user_folder

MADE = Made(tags=6, products="3000 invented", seed=1, carrier="mqtt")


def opened(data: Path, made: Made = MADE) -> DemoFolder:
    return asyncio.run(DemoFolder.open(data, made))


def test_the_same_shop_is_taken_up_and_another_one_starts_afresh(tmp_path: Path) -> None:
    folder = opened(tmp_path / "shop")
    assert not folder.is_taken_up
    (folder.data / "esl.sqlite").write_text("a shop")
    (folder.data / "my notes").write_text("a person's")
    folder.keep_token("esl_sandbox_x")
    folder.close()

    folder = opened(tmp_path / "shop")
    assert folder.is_taken_up
    assert folder.token() == "esl_sandbox_x"
    folder.close()

    folder = opened(tmp_path / "shop", Made(tags=7, products="3000 invented", seed=1, carrier="mqtt"))
    assert not folder.is_taken_up
    assert folder.token() is None
    assert not (folder.data / "esl.sqlite").exists()
    assert (folder.data / "my notes").exists()
    folder.close()


def test_a_shop_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "esl.sqlite").write_text("a real shop")
    with pytest.raises(GatewayRefuses, match="no demo made"):
        opened(tmp_path)
    assert (tmp_path / "esl.sqlite").read_text() == "a real shop"


def test_two_demos_never_share_a_folder(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    with pytest.raises(GatewayRefuses, match="a demo runs"):
        opened(tmp_path)
    folder.close()
    opened(tmp_path).close()


def test_only_the_owner_reads_the_token(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    folder.keep_token("esl_sandbox_x")
    folder.close()
    assert (tmp_path / "demo" / "pos.token").stat().st_mode & 0o077 == 0


def test_the_users_data_folder_follows_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "esl-gateway" / "demo"
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")  # the convention says: ignore it
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folder() == tmp_path / ".local" / "share" / "esl-gateway" / "demo"
    monkeypatch.setattr("sys.platform", "darwin")
    assert user_folder() == tmp_path / "Library" / "Application Support" / "esl-gateway" / "demo"


def test_a_price_list_that_is_not_there_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "gateway.cli", "demo", "--exit", "--products", str(tmp_path / "none.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"esl: {tmp_path / 'none.csv'} cannot be read: No such file or directory. Name a price list, CSV or JSON\n"
    )
