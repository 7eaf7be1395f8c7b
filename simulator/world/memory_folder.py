"""A folder of a world's own, in memory where the machine has such a place.

Why: in a virtual world an fsync proves nothing, and waiting for it takes a third of the time: what a power cut leaves
on the disk is worked out (`lab/disk.py`). A folder on a disk is as right, and slower.
"""

import os
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")


def memory_folder(prefix: str) -> "tempfile.TemporaryDirectory[str]":
    """Gone at the end of its `with`."""
    where = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix=prefix, dir=where)
