"""Every number that caps a row, its reason above it. The POS contract fixes those that say so; the others are ours."""

from decimal import Decimal

# POS contract, "What a POS may rely on" 4: deeper bodies are malformed.
DEPTH_MAX = 32
# A JSON number written with more characters than this is kept as text: no price, stock or barcode needs it,
# and counting its digits would cost more than the row is worth.
NUMBER_CHARACTERS_MAX = 400

# POS contract, Rows: a price is below ten million, in any currency.
PRICE_BELOW = Decimal(10_000_000)
# POS contract, Rows: how a binary float that was printed in full is told from a price with too many digits.
FLOAT_NOISE_DIGITS_MIN = 15
FLOAT_NOISE_WITHIN = Decimal("1E-9")
# Stock is counted in pieces or weighed: a billion pieces, a milligram of a kilogram.
NUMBER_BELOW = Decimal(1_000_000_000)
NUMBER_MINOR_DIGITS = 6

# POS contract, Rows: the length of a barcode.
BARCODE_LENGTH_MAX = 64
# A product with more codes than this is a mistake of the mapping, not a product.
EXTRA_BARCODES_MAX = 100

# Attributes are kept, never drawn: enough for a POS's own numbers, too little to be a document store.
ATTRIBUTES_PER_ROW_MAX = 100
ATTRIBUTE_NAME_LENGTH_MAX = 64
ATTRIBUTE_JSON_LENGTH_MAX = 1_000

# What a message repeats of a value that was sent: enough to find it in the POS, short enough for one line.
SHOWN_LENGTH_MAX = 40
# Spellings of field names remembered while one request is read; a POS uses a few dozen.
NAMES_REMEMBERED_MAX = 1_000
# Values of a field remembered while one request is read; a request has at most 1,000 rows.
VALUES_REMEMBERED_MAX = 1_000
# Names sent that are compared with a field that is missing; a product has fewer.
NAMES_COMPARED_MAX = 60
# Barcodes asked for in one statement: below the least limit of variables that SQLite was ever built with (999).
BARCODES_PER_STATEMENT = 900
# POS contract, Zeros and placeholders: earlier dates, and those from this year on, mean "not set".
FIRST_DATE = (1970, 1, 2)
PLACEHOLDER_YEAR = 9999

# A chunk carries the price changes of this many days: 30 for the price the law wants, and as many for a chunk that
# comes late (docs/chunks.md).
PRICE_HISTORY_DAYS = 60
# Two changes of each of its price fields every day; more is a loop somewhere, not a shop.
PRICE_CHANGES_PER_STATE_MAX = 1_000
# What every JSON reader takes exactly.
STATE_NUMBER_MAX = 2**53 - 1
