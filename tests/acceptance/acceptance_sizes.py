"""How large an acceptance test is: small on every change, whole with ESL_TEST_LONG=1; each prints which."""

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LONG = os.environ.get("ESL_TEST_LONG") == "1"
LOOK_AGAIN_S = 0.1
_NOBODY_SETS_IT = threading.Event()


def size(small: T, whole: T) -> T:
    """The size of today's run."""
    return whole if LONG else small


def wait_for(condition: Callable[[], T], within_s: float, what: Callable[[], object] | str) -> T:
    """What the condition gives once it gives something. AssertionError says what was missing."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what() if callable(what) else what}")
        _NOBODY_SETS_IT.wait(LOOK_AGAIN_S)
    return found
