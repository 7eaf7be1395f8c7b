"""Everything a tag, a bridge and a gateway say to each other: pure, sans-I/O, no clock, no socket."""
