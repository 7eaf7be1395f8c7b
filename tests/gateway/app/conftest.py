"""Puts this folder's helpers where its tests import them from; a shop in a folder, and its backup."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shops import NOW, make_shop

from gateway.app.backup import take_backup


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = make_shop(tmp_path / "shop", "split", "zagreb")
    (folder / "settings.toml").write_text('log_level = "debug"\n')
    return folder


@pytest.fixture
def file(shop: Path, tmp_path: Path) -> Path:
    """A backup of the shop."""
    return take_backup(shop, tmp_path / "monday.esl-backup", NOW).file
