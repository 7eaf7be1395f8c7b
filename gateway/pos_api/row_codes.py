"""What is said of single rows, by code: errors reject their row, warnings only remark.

Rule: the codes are given by `gateway.catalog`; here stands the sentence by which a POS developer learns of each. A test
holds this table against the catalogue's source.
"""

from collections.abc import Mapping

ROW_ERRORS: Mapping[str, str] = {
    "attribute_name": "The name of an attribute is empty, too long, or has characters that no name has.",
    "barcode_format": "The barcode is not a text of 1 to 64 printable ASCII characters, or not a whole number.",
    "boolean_format": "true or false was wanted; 0, 1 and these words as texts are taken, too.",
    "conflicting_names": "One field was sent under two names with different values.",
    "currency_mismatch": "The row names another currency than the store's.",
    "date_format": "The text is not an ISO 8601 date or date-time.",
    "duplicate_key": "One key stands twice in the same object.",
    "forbidden_character": "A text holds NUL, another control character, or half of a surrogate pair.",
    "not_an_object": "The row is not a JSON object.",
    "number_format": "The value is not a decimal number that can be kept exactly.",
    "object_wanted": "`attributes` is not an object.",
    "price_digits": "The price has more decimals than the currency; prices are never rounded.",
    "price_format": "The value is not a price: a number, or a text with a decimal point and without a currency sign.",
    "price_negative": "The price is below zero.",
    "price_too_large": "The price is not below 10,000,000.",
    "required": "A field that the row cannot do without is missing; `hint` names the nearest one sent.",
    "text_wanted": "The value is neither a text nor a number.",
    "too_long": "The text is longer than the field takes.",
    "too_many": "The list or the row has more entries than are taken.",
    "zero_sale_price": "`onSale` is true and `salePrice` is 0.",
}

ROW_WARNINGS: Mapping[str, str] = {
    "attribute_not_kept": "An unknown field could not be kept as an attribute; the row was taken without it.",
    "barcode_number": "The barcode came as a JSON number; leading zeros would have been lost. Send text.",
    "check_digit": "The last digit is not the check digit of a GTIN; fine for the store's own codes.",
    "date_as_unset": "A date before 1970-01-02, or from the year 9999 on, was taken as not set.",
    "duplicate_barcode": "Two rows of the request have the same barcode; the later one wins.",
    "float_noise": "A JSON number with 15 or more digits was taken as the price it is next to. Send text.",
    "ignored_field": "A field beside `products` means nothing and was ignored.",
    "number_as_text": "A number was sent where a text is kept.",
    "product_unknown": "`/delete` of a barcode that is not in the catalogue.",
    "sale_kept": "`price` was changed while a sale is in force, which goes on.",
    "sale_not_lower": "The sale price is not below the regular price; no old price is drawn.",
    "sale_window_empty": "The sale ends before it starts; it is never in force.",
    "unknown_field": "The field is none of ours; it is kept as an attribute.",
    "unmapped_price_field": "The unknown field sounds like a price; no label shows it. Map it, if it is one of ours.",
    "zero_as_unset": "0 was taken as not set.",
}
