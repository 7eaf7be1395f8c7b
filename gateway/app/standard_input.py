"""Watches standard input for its end, which comes with the end of whoever holds the other side, however that ends."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress

_STDIN = 0
_OCTETS_AT_ONCE = 4_096


def call_when_stdin_ends(call: Callable[[], object]) -> None:
    """On a thread of its own; what is written there is not looked at. A pipe, a terminal or a file: all will do."""

    def watch() -> None:
        with suppress(OSError):  # closed from the start
            os.set_blocking(_STDIN, True)  # whoever started us may have used it otherwise
            while os.read(_STDIN, _OCTETS_AT_ONCE):
                pass
        with suppress(RuntimeError):  # the loop has ended before
            call()

    threading.Thread(target=watch, name="standard-input", daemon=True).start()
