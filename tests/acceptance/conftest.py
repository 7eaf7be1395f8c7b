"""The promises of the first release, kept by real processes: small in `make test`, whole in `make test-long`.

Puts this folder's helpers, and those that start a real gateway, where the tests import them from.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "gateway" / "app")]
