"""Puts this folder's helpers, and that which makes certificates, where its tests import them from."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "app")]
