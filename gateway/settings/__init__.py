"""Configuration of one gateway."""
