"""Composes the whole gateway from settings and ports; `esl serve` and the virtual world run the same composition."""
