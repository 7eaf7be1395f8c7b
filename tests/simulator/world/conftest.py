"""Worlds of these tests live in memory: their fsyncs prove nothing, and take most of the time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.world.memory_folder import memory_folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with memory_folder("esl-world-") as name:
        yield Path(name)
