"""Products, prices and their ledger."""
