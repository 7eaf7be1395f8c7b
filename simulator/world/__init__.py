"""Gateway, POS and fleet in one process on one virtual clock; and the judge. The only part that imports the gateway."""
