"""Makes a path canonical, so that each route is written once.

In: the path as a POS wrote it. Out: the path of the OpenAPI document.
Rule: slashes at the end or doubled do not count, and one of the prefixes may stand in front; pages and the admin
API, which own their names, are never reached through a prefix. Source: the POS contract, rule 6.
"""

from collections.abc import Sequence

PREFIXES = ("", "/v1", "/api", "/api/v1")
# Pages, their event streams and the admin API: nothing of theirs is read, changed or waited for here.
UNTOUCHED = ("/console", "/admin", "/glass")


def is_below(path: str, roots: Sequence[str]) -> bool:
    """Whether the path is one of `roots` or stands below one; doubled slashes do not count."""
    parts = _parts(path)
    return any(parts[: len(root)] == root for root in map(_parts, roots))


def canonical_path(path: str, prefixes: Sequence[str] = PREFIXES, untouched: Sequence[str] = UNTOUCHED) -> str:
    parts = _parts(path)
    for prefix in sorted(map(_parts, prefixes), key=len, reverse=True):
        rest = "/" + "/".join(parts[len(prefix) :])
        if parts[: len(prefix)] == prefix and not (prefix and is_below(rest, untouched)):
            return rest
    return "/" + "/".join(parts)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]
