"""The Bluetooth ESL service, byte for byte and rule for rule; start at `firmware_protocol.tlv`, which holds the table.

`commands`, `responses`: the rows. `led`, `absolute_time`: values with rules of their own. `packet`: TLVs in sealed
advertising structures. `answers`: who answers where, and what an answer means. `state`: a tag's states as data.
`quirks`: where shipped stacks differ, as data. The tag's side, which obeys all this, is `firmware_protocol.tag`.
"""
