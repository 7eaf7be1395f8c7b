"""The numbers no template may go below. House rules: no law we read states a letter height (docs/labels.md)."""

LEAST_PRICE_DIGIT_PX = 22  # 5 mm on a 2.9 inch panel: legible at arm's length from above
LEAST_TEXT_DIGIT_PX = 8  # 1.8 mm: unit price, earlier price, deposit
PRODUCTS_MOST = 6  # on one display

CENTS_PARTS = (58, 100)  # raised cents: 58 % of the price's size
SYMBOL_BELOW_PARTS = (34, 100)  # the currency symbol under raised cents: what they leave, less a gap
SYMBOL_BESIDE_PARTS = (55, 100)
