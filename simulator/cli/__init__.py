"""The commands `simulate` and `demo`, which start the gateway as a process and talk HTTP to it."""
