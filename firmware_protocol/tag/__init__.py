"""The tag side: what a label accepts, refuses, draws and says, by its own decisions."""
