"""The groups of `esl --help`, in the order in which a newcomer meets them."""

RUN = "Run"
SHOP = "Set up a shop"
GOODS = "Products and prices"
LABELS = "Labels"

ORDER = (RUN, SHOP, GOODS, LABELS)
