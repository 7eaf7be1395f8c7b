"""The numbers of the link that wait, cap or repeat, each with its reason."""

from firmware_protocol.encoding import BLOCK_HASH_OCTETS, BLOCK_OCTETS, ENCODED_OCTETS_MAX

# A carrier payload: far below what a broker refuses (8 MB), large enough for 400 manifests or eight blocks at once.
PAYLOAD_OCTETS_MAX = 32_768
PAYLOAD_HEAD_OCTETS = 10
# As many Unassociates as fill a payload, the smallest message that names a tag: more of still less would only cost
# whoever reads it time (11,000 empty digests took 27 ms).
PAYLOAD_MESSAGES_MAX = 3_000
MESSAGE_HEAD_OCTETS = 3

# The longest octets one tag says or hears at once: 48 octets of TLVs, sealed, are 61; a manifest is 77.
SEALED_OCTETS_MAX = 96
# One block and its share of the table; a bridge's memory for one message.
PARTS_OCTETS_MAX = 4_608
STREAM_OCTETS_MAX = ENCODED_OCTETS_MAX + ENCODED_OCTETS_MAX // BLOCK_OCTETS * BLOCK_HASH_OCTETS
# 13 octets a row: 6.6 kB. A bridge of 5,000 tags sends ten digests in 5 minutes.
DIGEST_ROWS_MAX = 512
# A part request asks for at most 512 parts, in at most 256 separate ranges.
PART_RANGES_MAX = 256

# A serial frame before COBS, so that COBS adds two octets at most: 12 of head, 4 of CRC-32, 240 of data.
SERIAL_FRAME_OCTETS_MAX = 256
SERIAL_HEAD_OCTETS = 12
SERIAL_CRC_OCTETS = 4
SERIAL_DATA_OCTETS_MAX = SERIAL_FRAME_OCTETS_MAX - SERIAL_HEAD_OCTETS - SERIAL_CRC_OCTETS
# COBS: one octet for each started 254.
SERIAL_CODED_OCTETS_MAX = SERIAL_FRAME_OCTETS_MAX + 2

DEFAULT_BAUD = 921_600
# A USB serial bridge hands a short read over after its latency timer, 16 ms by default; a device turns in a few more.
LATENCY_S = 0.020
# Frames on their way: what the line carries in that latency (1,843 octets at 921,600 baud, so eight frames), twice, so
# that it stays busy while a lost one is repeated; at most what an acknowledgement's bitmap can name.
WINDOW_LATENCIES = 2
WINDOW_FRAMES_MIN = 8
WINDOW_FRAMES_MAX = 32
# A frame counts as lost after three round trips, and never before a USB stall is over.
RETRY_ROUND_TRIPS = 3
RETRY_MIN_S = 0.050
# A peer that acknowledges nothing is asked ever more slowly, up to this.
RETRY_MAX_S = 2.0
# How often an end that does not know its peer says so.
OPEN_EVERY_S = 0.2
# Longer than copies of old frames can wander about, shorter than a person notices.
PEER_LOST_S = 1.0
# Sessions of a peer that are over: a repeated frame of one of these must not bring it back.
SESSIONS_REMEMBERED = 16

# Speeds offered to a bridge above the base of 115,200 baud, at which every one begins: what USB serial chips divide to.
BASE_BAUD = 115_200
OFFERED_BAUDS = (2_000_000, 1_000_000, 921_600, 460_800, 230_400)
SPEEDS_OFFERED_MAX = 8
# The second offer comes after so long, each later one after twice as long: a bridge that took a speed and was not heard
# is back at the base speed before the fourth; one that knows no offers costs six frames and a wait of this once.
SPEED_OFFER_FIRST_S = 0.4
SPEED_OFFERS_MAX = 6
# At a raised speed: silence for so long, where something should have been understood, makes an end ask "are you there?"
# so often, `OPEN_EVERY_S` apart, before it goes back. In all 1.5 s; of five questions on a line that loses a tenth of
# its frames both ways one in 4,000 times all fail.
SPEED_DOUBT_S = 0.5
SPEED_PROBES_MAX = 5
# A speed that failed so often with one peer, or once before anything was understood at it, is not offered again.
SPEED_FALLS_MAX = 3
