"""What a gateway holds in its memory, walked from the outside: every container that its objects lead to, and its size.

In: the running gateway. Out: (way to it, number of its members). Rule: nothing is asked of the gateway, so that what
a later change makes it remember is found without being named here.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import suppress

_CONTAINERS = (list, tuple, set, frozenset, deque)
# Objects of other packages are not looked into, nor what belongs to a module or a class.
_LOOKED_INTO = ("gateway.", "asyncio.queues")


def containers(gateway: object) -> Mapping[str, int]:
    """How many members the containers hold that lie at one way from the gateway, together: `bridges[…]` are all of
    them. Each container counts once, by the shortest way to it.
    """
    held: Counter[str] = Counter()
    seen: set[int] = set()
    waiting: deque[tuple[str, object]] = deque([("gateway", gateway)])
    while waiting:
        way, one = waiting.popleft()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, (Mapping, *_CONTAINERS)):
            held[way] += len(one)
        waiting.extend(_parts(way, one))
    return held


def _parts(way: str, one: object) -> Iterator[tuple[str, object]]:
    if isinstance(one, Mapping):
        for value in one.values():
            yield f"{way}[…]", value
    elif isinstance(one, _CONTAINERS):
        for value in one:
            yield f"{way}[…]", value
    elif type(one).__module__.startswith(_LOOKED_INTO):
        for name in _names(one):
            yield f"{way}.{name}", getattr(one, name)
    elif (owner := getattr(one, "__self__", None)) is not None:  # a method: of whom
        yield way, owner
    else:
        for cell in getattr(one, "__closure__", None) or ():  # a function within a function: what it holds on to
            with suppress(ValueError):  # empty
                yield f"{way}()", cell.cell_contents


def _names(one: object) -> Iterator[str]:
    yield from getattr(one, "__dict__", ())
    for of in type(one).__mro__:
        for name in getattr(of, "__slots__", ()):
            if hasattr(one, name):
                yield name
