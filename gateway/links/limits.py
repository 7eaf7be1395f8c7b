"""Every number by which a carrier waits or caps, with its reason above it."""

# The first try after a loss comes at once to a person's eye; a broker that restarts needs about this long.
RECONNECT_FIRST_S = 0.2
# A shop that mends its broker shall not wait longer than this for its labels to go on.
RECONNECT_MAX_S = 5.0
# Spread of a wait, as a share of it, so that gateways and bridges of one broker do not come back in step.
RECONNECT_JITTER = 0.25
# The broker speaks the bridge's last will after one and a half of these (MQTT 3.1.1, 3.1.2.10).
KEEPALIVE_S = 20
# Longer than any loopback or shop network needs for CONNECT and SUBSCRIBE.
CONNECT_TIMEOUT_S = 5.0
# Payloads (up to 32 kB each) kept for a reader that is behind; what does not fit is lost like any radio frame.
PAYLOADS_WAITING_MAX = 2_000
# A larger payload is not one of ours (docs/protocol.md, "Payloads").
PAYLOAD_OCTETS_MAX = 32_768
# One read of a serial port: what 2,000,000 baud bring in about 20 ms.
SERIAL_READ_OCTETS = 4_096
# A speed is changed once all octets have left, which no port tells of itself: a frame takes 22 ms at 115,200 baud.
PORT_LEFT_LOOK_S = 0.005
