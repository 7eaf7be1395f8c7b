"""Stores and their settings, tokens, keys, audit."""
