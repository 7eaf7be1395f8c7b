"""Every number by which delivery waits, retries, reserves or caps, with its reason above it."""

# A tag answers at its next contact; half of another forgives jitter. An early retry costs a place in the bridge's
# queue, a late one costs the shop a contact: the six minutes of a batch hold three tries at 60 s.
CONTACTS_BEFORE_RETRY = 1.5
# A question is answered within one contact and its jitter, and a word lost on the link was lost by then: the rounds of
# a batch ask four times in their six minutes instead of three, which one label in a thousand needs on a bad link.
CONTACTS_BEFORE_ASKING_AGAIN = 1.1
# Each attempt that passes unanswered makes the wait longer by this, up to so many contacts: a dead tag costs next to
# nothing, and a tag that was unlucky four times in a row waits minutes, not an hour.
BACKOFF_FACTOR = 1.5
BACKOFF_CONTACTS_MAX = 16.0
# Tries in vain that still make a pause longer; a glass may fail for years, and no float holds that power.
BACKOFF_STEPS_MAX = 16
# A glass that fails again and again must not drain its cell: each failed refresh doubles the pause, up to that bound.
FAILURE_FACTOR = 2.0
# Entries of the agenda without effect that are not worth clearing away yet, beside one a display.
AGENDA_SPARE = 32
# Belt beside braces: whatever was lost, the tables are compared with the agenda this often.
SWEEP_EVERY_S = 60.0
# Revisions travel as u32. Past this the display is silent rather than the gateway dead: 2^31 moves do not happen.
REVISION_MAX = 0xFFFF_FFFF
# Spread of a retry, as a share of its wait, so that tags that fell silent together do not come back together.
RETRY_JITTER = 0.25
# What the way through broker, queue and bridge may add to a contact, on top of it: when all prices of a shop change at
# once, an offer waits behind 2,000 others, on a box that is busy with them.
LINK_SLACK_S = 2.0
# Without a HELLO we do not know a bridge's contact interval; the poll profile's default (docs/protocol.md).
CONTACT_S_DEFAULT = 60.0
# A manifest that waits in a bridge longer than this many contacts is for a tag that does not come; we offer it anew.
EXPIRES_CONTACTS = 40.0
# One record of the counter book covers this many messages to a tag (docs/protocol.md, "Counters").
COUNTERS_RESERVED = 256
# Counters of a second; with the UTC second since 2026 as a floor a copied database repeats nothing.
COUNTERS_A_SECOND = 128
# What is sent to bridges in one database turn: bounds the transaction to some tens of milliseconds.
DISPLAYS_A_TURN = 500
# A turn costs its commit whatever it holds: what bridges say within so short a time is heard together.
TURN_EVERY_S = 0.05
# Encodings kept ready for bridges that ask: some 20,000 labels of a kilobyte.
ENCODINGS_KEPT_OCTETS = 32 << 20
# Offers of one picture that build on the one of the glass, the last of them without an answer; the next is the whole.
DIFFERENCES_OFFERED_MAX = 2
# A Parts message: one block (firmware_protocol.link.limits allows 4,608), so that several labels share one payload.
PARTS_OCTETS = 4_096
# Encodings a bridge was given lately and need not be given again; it asks for what it lost.
ENCODINGS_REMEMBERED_A_BRIDGE = 4_096
# A queue that stands still this long asks the bridge for its credit: a lost status must not stop delivery.
CREDIT_QUERY_AFTER_S = 2.0
# An association moves after this many sealed reports through another bridge (docs/protocol.md, "Associations").
REPORTS_BEFORE_MOVING = 3
# ... or when another bridge hears the tag this many of its contacts after an offer that it has not answered.
CONTACTS_BEFORE_MOVING = 1.5
# Below this a tag's cell is the likeliest cause of its silence (2.45 V, the field's low-battery threshold).
BATTERY_LOW_MV = 2_450
# A corrupted message is one that a tag cannot open, too: only so many in a row mean that its keys are not ours.
CANNOT_OPEN_BEFORE_COMMISSIONING = 3
# A database that would not take a turn (full disk): what was heard is asked for again after this.
RETRY_AFTER_TROUBLE_S = 2.0
# Tags of radio modules choose their own intervals, up to ten minutes: after two and a half of these one is asleep.
MODULE_TAG_ASLEEP_S = 1_500.0
# Such a tag that checks in so often with its picture waiting, and never comes for it, may not take that encoding.
TOLD_IN_VAIN_MAX = 8
# Two modules may hear one tag at once: it goes to the other when its own has not heard it for some check-ins.
MODULE_TAG_MOVES_AFTER_S = 120.0
# Tags that a module heard once: enough for every shop around, bounded against noise.
STRANGERS_MAX = 10_000
# A bridge that is there but says no HELLO: a lost greeting must not cost more than a person's patience.
GREET_EVERY_S = 2.0
# A newcomer in the name of a tag whose keys are in use waits for the tag's objection. What the tag said before somebody
# reset it can be on its way for so long: half of a contact, and never less than this (a broker that was busy).
LATE_WORD_CONTACTS, LATE_WORD_S = 0.5, 5.0
# ... is asked each so many contacts, at moments that are not the newcomer's, which would hear what is meant for it,
DOUBT_CONTACTS = 0.15
# ... and after that for one contact, in which the tag hears our question, and half of another for its jitter.
OBJECTION_CONTACTS = 1.5
# Counters of what a tag could not open, and of questions about it, that are kept: those of some contacts.
UNOPENED_KEPT = 8
# Tags that are asked for new keys in one pass: a shop's labels are unproved for a contact each, not all at once.
RENEWED_A_PASS = 256
RENEWAL_PASS_S = 5.0
