"""Every number by which the process waits, retries or caps, with its reason above it."""

# The broker's MQTT listener is up within 50 ms on a slow box; a full disk or a bad binary shows well before this.
BROKER_READY_S = 15.0
# A killed gateway takes its broker with it, but the kernel needs some milliseconds for that; then its port is free.
BROKER_PORT_FREED_S, BROKER_PORT_LOOK_S = 1.0, 0.05
# A broker that dies again and again is started at most this often; the first time at once.
BROKER_RESTART_FIRST_S, BROKER_RESTART_MAX_S = 0.2, 10.0
# A broker that ran this long was well: its next death is a new story.
BROKER_WELL_AFTER_S = 60.0
# SIGTERM lets the broker close its files; then it is killed.
BROKER_STOP_S = 3.0
# Display-sync chunks of 1,000 products need it (docs/architecture.md, "The broker"); nats-server's own default is 1 MB.
BROKER_PAYLOAD_OCTETS = 8 << 20
# Retained presences and sessions only: far more than a shop with 10,000 bridges needs, far less than a small disk has.
BROKER_STORE_OCTETS = 256 << 20
# An external broker that does not answer CONNECT at the start within this many tries is called absent.
BROKER_PROBES, BROKER_PROBE_PAUSE_S = 3, 0.5
# Connections that wait while the loop is busy with a large body.
LISTEN_BACKLOG = 1_024
# Worker processes hold about 80 MB each, and more than the cores bring nothing.
WORKERS_MAX = 8
# Python looks for cycles each time so many more objects were made than freed. Its own 700 is reached with every few
# rows of a price list, which have none: with this number a list takes a seventh less of the processor (measured).
GARBAGE_EVERY_OBJECTS = 50_000
# 32 letters to paste; nobody guesses 192 bits. The site key's length is the wire's (docs/protocol.md, "Keys").
ADMIN_TOKEN_OCTETS = 24
SITE_KEY_OCTETS = 32
# A backup is packed at the level that keeps up with a disk (measured: 60 MB/s and a fifth of the size; 6 packs a tenth
# better in three times the time).
BACKUP_PACKS = 1
# Octets a step while files are packed and checked: a bar that moves, and no file in memory.
BACKUP_READS_OCTETS = 1 << 20
# `backup.json` names five files.
BACKUP_ABOUT_OCTETS_MAX = 64 << 10
# A recorded request or answer beyond this is noted without its words: a push of 1,000 rows has a third of it.
RECORDED_BODY_OCTETS_MAX = 1 << 20
