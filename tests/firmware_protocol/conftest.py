"""Hypothesis without a deadline: how long one example takes says more about the machine than about the code. And the
tests of this folder may import the vectors that stand beside them.
"""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("protocol", deadline=None)
settings.load_profile("protocol")
