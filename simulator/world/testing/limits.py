"""Every number by which a shop under test waits or caps, with its reason above it. Seconds are the shop's own."""

# What a request takes on a shop's network; and so a POS that sends thousands does not do it in one instant, which would
# meet the limit of requests a second.
REQUEST_S = 0.01
# A POS that is refused tries again after a while. It need not sleep real seconds for that: the refusal takes them.
REFUSED_S = 1.0
# As in `esl sandbox`.
GATEWAY_AWAY_S = 2.0
# Eight seconds of `esl sandbox`, whose fleet lives twenty times faster.
UNPLUGGED_S = 160.0
# How often it is looked whether all is proved.
LOOK_EVERY_S = 5.0
# A binding whose product was not sent yet is tried again: at once after each request, and ever more rarely.
BIND_AGAIN_S = (1.0, 60.0)
# All labels join at their first contact; on a busy radio at their second.
JOINED_WITHIN_S = 1800.0
# More than any label needs that can be reached: eight contacts and as many refreshes.
PROVED_WITHIN_S = 1800.0
# Real seconds: how often time that passes by itself is moved on.
TICK_REAL_S = 0.05
# Real seconds: how long the HTTP server has to begin or to end. It takes some hundredths.
SERVER_WITHIN_REAL_S = 30.0
