"""The numbers of bridges, tags and their carriers that wait, cap or repeat, each with its reason."""

# A bridge's memory for what waits for tags: 4,096 items of 100 octets are 400 kB, as a small Linux or ESP32 box has.
WAITING_MAX = 4096
# A bridge tells its credit anew when it has grown by so much: nobody waits for it, and it costs next to nothing.
CREDIT_STEP = 256
# Encodings held: when all prices change at once, the 500 labels of a bridge, of 1.1 kB each as measured, must fit, or
# they push each other out before their tags have come.
CACHE_OCTETS_MAX = 1024 * 1024
# What a bridge says within so long of its last payload goes up together. It is the link's time, which no speed divides,
# and well below `AGAIN_S`: a tag that waits for an answer of the gateway comes no later for it.
UPLINK_HOLD_S = 0.05

# Until the gateway answers a hello. It starts in a second or two, and a shop may wait for it for days.
HELLO_EVERY_S = 1.0
HELLO_EVERY_MAX_S = 10.0
# Parts that were asked for and have not come: the payload is lost, ask again.
PARTS_AGAIN_S = 1.0
# A tag that waits for an answer of the gateway comes back after so long, then after twice as long, until it may sleep.
# 100 ms is what gateway, broker and two processes take under load; the radio's own pace is below it.
AGAIN_S = 0.1
AGAIN_DOUBLINGS_MAX = 5
AGAIN_MS_MAX = 65_535
# The same parts asked for a third time: what is cached is bad, whoever spoiled it.
SAME_REQUEST_MAX = 2

DIGEST_EVERY_S = 300.0
# A digest of tags that were not heard since the last one says nothing: where contacts are rare, it waits for so many.
DIGEST_CONTACTS = 5
AIRTIME_EVERY_S = 60.0
AIRTIME_CONTACTS = 1  # nor is there much of it to tell before each tag was heard again
# However fast a fleet's time runs, link and gateway are real: neither hears the books of a bridge more often than this.
BOOKS_REST_S = 5.0
MISSED_AFTER_CONTACTS = 1.5
LOST_AFTER_CONTACTS = 2.5  # two expected contacts missed, and half of one for the tag's own clock
SIGNAL_CHANGE_DB = 6

CONTACT_S = 60.0
CONTACT_JITTER = 0.02  # a tag adds up to so much of its interval, so that no two meet for ever
CRYSTAL_PPM = 20.0  # one sigma
PART_PACE_US = 5060  # measured: a part every 5.06 ms
TURN_US = 5000  # from what was heard to the answer: the tag's window
# A contact that met a busy radio is tried again by the tag after 0.5 to 2 s, so often, before it sleeps.
BUSY_RETRY_S = (0.5, 2.0)
BUSY_RETRIES = 6
# Exchanges in one contact: manifests, their parts in several requests, and the report.
EXCHANGES_MAX = 16

# In real time: what falls due within so long shares a turn of the loop, which costs more than most of what is done in
# it. Each call still lives at its own instant, and timers of the machine are hardly more exact.
TURN_SLACK_S = 0.002

RECONNECT_S = 0.2
RECONNECT_MAX_S = 5.0

# A box list is registered so many tags at a time: a gateway answers each portion soon, and takes a list of any length.
TAGS_A_REQUEST = 1000
