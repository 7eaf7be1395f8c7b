"""Every number by which the admin API caps, with its reason above it."""

# A page of displays with their reasons is about half a megabyte.
PAGE_MAX = 1_000
# One transaction of about a second each; longer lists come in parts.
TAGS_IN_A_BOX_LIST_MAX = 10_000
BINDINGS_IN_A_REQUEST_MAX = 5_000
PRODUCTS_IN_A_REMOVAL_MAX = 1_000
BATCHES_LISTED_MAX = 100
