"""What the catalogue tells the rest of the gateway, after the commit. Only a nudge: the tables are the truth."""

from msgspec import Struct


class ProductsChanged(Struct, frozen=True):
    """Products of a store have new versions; whoever called `save_rows` or `remove_products` publishes it."""

    store_id: str
    product_ids: tuple[int, ...]
