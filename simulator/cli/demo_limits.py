"""Every number by which the demo waits, retries or caps, with its reason above it."""

# The contact: with --speed 20 each tag speaks once a second, so that a price turns before the reader's eyes.
CONTACT_S = 20.0
# A bridge's radio serves about 500 labels at that contact.
TAGS_A_BRIDGE = 500
GENERATED_PRODUCTS = 3000
ROWS_A_REQUEST = 1000  # the POS contract's limit
DISPLAYS_A_PAGE = 1000

# What a POS sends to a sandbox is bound within this.
BINDS_EVERY_S = 1.0
# How often something that moves is looked at: a person sees it move.
LOOK_EVERY_S = 0.2
# A gateway starts in one to three seconds; on a machine that does ten other things it takes far longer.
GATEWAY_STARTS_S = 120.0
# It ends what it does; then it is killed.
GATEWAY_STOPS_S = 30.0
# Requests wait so long for a gateway that was killed and is started again.
PATIENCE_S = 90.0
ANSWER_S = 60.0
# A tag is commissioned at its first contact, at most one interval after the start; loss and load make it several.
JOINED_WITHIN_S = 300.0
# A batch holds twelve rounds of 30 s; after them it is completed, whoever is missing.
BATCH_WITHIN_S = 900.0
# A sale that begins at this instant, a price of the story: the glass may follow for so long before it is judged wrong.
JUDGED_WITHIN_S = 20.0
PORTS_TRIED = 200

# What the buttons do, in the words.
GATEWAY_AWAY_S = 2.0
UNPLUGGED_S = 8.0
# Past the ten seconds after which many a POS gives up.
GATEWAY_FROZEN_S = 15.0
LOSS, LOSS_S = 0.2, 10.0
TAGS_KILLED, TAGS_DEAD_S = 10, 10.0
# Prices that are on their way when something breaks: enough to see them wait, few enough to tell them from the rest.
PRICES_ON_THEIR_WAY = 20
# After a break everything is proved again within so long, on a quiet machine in a few seconds.
HEALED_WITHIN_S = 180.0
