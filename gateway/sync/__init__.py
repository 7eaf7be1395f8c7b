"""Brings *desired* up to date for stale displays."""
