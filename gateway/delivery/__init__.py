"""Brings *shown* to *desired*: every conversation with a tag."""
