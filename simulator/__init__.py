"""Virtual tags, panels, radio, bridges, POS, faults and virtual time: what stands in for the hardware."""
