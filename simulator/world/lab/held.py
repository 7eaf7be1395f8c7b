"""What a gateway holds in its memory, walked from the outside: every container that its objects lead to, and its size.

In: the running gateway. Out: (way to it, number of its members). Rule: nothing is asked of the gateway, so that what
a later change makes it remember is found without being named here.
"""

from collections import deque
from collections.abc import Iterator, Mapping

_CONTAINERS = (list, tuple, set, frozenset, deque)


def containers(gateway: object) -> Iterator[tuple[str, int]]:
    """Each container once, by the shortest way to it. Objects of other packages are not looked into."""
    seen: set[int] = set()
    waiting: deque[tuple[str, object]] = deque([("gateway", gateway)])
    while waiting:
        way, one = waiting.popleft()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, (Mapping, *_CONTAINERS)):
            yield way, len(one)
        waiting.extend(_parts(way, one))


def _parts(way: str, one: object) -> Iterator[tuple[str, object]]:
    if isinstance(one, Mapping):
        for value in one.values():
            yield f"{way}[…]", value
    elif isinstance(one, _CONTAINERS):
        for value in one:
            yield f"{way}[…]", value
    elif type(one).__module__.startswith("gateway."):
        for name in _names(one):
            yield f"{way}.{name}", getattr(one, name)
    elif (owner := getattr(one, "__self__", None)) is not None:  # a method: of whom
        yield way, owner
    else:
        for cell in getattr(one, "__closure__", None) or ():  # a function within a function: what it holds on to
            yield f"{way}()", cell.cell_contents


def _names(one: object) -> Iterator[str]:
    yield from getattr(one, "__dict__", ())
    for of in type(one).__mro__:
        for name in getattr(of, "__slots__", ()):
            if hasattr(one, name):
                yield name
