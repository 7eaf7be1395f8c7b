"""The air of a shop: how far frames carry, how they get lost, how long they take. Pure: no clock, no loop, no I/O.

In: a floor, a seed, instants. Out: strengths, losses, times, each a function of what it is asked.
Layers: `draws` · `path_loss`, `bursts` · `floor` (and its file) · `channel` (all of it for one fleet) · `poll`, `pawr`
(the two ways of speaking, as simulations of their own) · `sizing` (a whole shop, planned).
Where each figure comes from, and what is assumed: docs/simulator.md, "Radio".
"""
