"""Batch sessions (staging, saving, sums) and verification rounds."""
