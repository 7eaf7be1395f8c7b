"""The pictures of a certificate, as SVG: times, times over load, the shop from above, the cells.

In: what runs measured. Out: SVG text. Rule: a picture says its units and its numbers in words, too; there is nothing
that only a colour tells.
"""

from collections.abc import Sequence
from math import ceil, floor, log10
from statistics import median

from markupsafe import Markup, escape

from simulator.radio.floor import Floor
from simulator.world.lab.certificate import share_of
from simulator.world.lab.verdict import Delivery

WIDTH, HEIGHT, EDGE = 640, 220, 44
BARS = 32
CELL_M = 1.0  # of the map
_METRE = 40  # pixels


def histogram(values: Sequence[float], unit: str, of: str) -> Markup | None:
    """How many of the values lie in each of equal steps; the last one takes the rarest hundredth. None of no values."""
    if not values:
        return None
    ordered = sorted(values)
    step = _round_up(max(share_of(ordered, 0.99), 1e-9) / BARS)
    counts = [0] * (BARS + 1)
    for value in values:
        counts[min(BARS, floor(value / step))] += 1
    return _bars(
        [(f"{place * step:g}" + (" or more" if place == BARS else ""), count) for place, count in enumerate(counts)],
        unit,
        of,
    )


def over_load(deliveries: Sequence[Delivery]) -> Markup | None:
    """Median and p95 of the time to a proof, by how many labels were on their way at once (steps of two)."""
    steps: dict[int, list[float]] = {}
    for one in deliveries:
        steps.setdefault(one.waiting.bit_length() - 1, []).append(one.seconds)
    if not steps:
        return None
    points = []
    for power, seconds in sorted(steps.items()):
        ordered = sorted(seconds)
        name = "1" if power == 0 else f"{1 << power} to {(2 << power) - 1}"
        points.append((name, share_of(ordered, 0.5), share_of(ordered, 0.95), len(ordered)))
    return _lines(points)


def floor_map(shop: Floor, deliveries: Sequence[Delivery]) -> Markup:
    """The shop from above, a square a metre: the darker, the longer its labels took (median, in words on hover)."""
    squares: dict[tuple[int, int], list[float]] = {}
    for one in deliveries:
        if one.place is not None:
            x, y = one.place
            squares.setdefault((int(x // CELL_M), int(y // CELL_M)), []).append(one.seconds)
    medians = {square: median(seconds) for square, seconds in squares.items()}
    most = max(medians.values(), default=1.0)
    scale = min(_METRE, WIDTH / shop.width_m)
    drawn = [
        f'<rect x="{x * scale:.1f}" y="{y * scale:.1f}" width="{scale:.1f}" height="{scale:.1f}" class="heat" '
        f'fill-opacity="{0.1 + 0.9 * seconds / most:.2f}"><title>{seconds:.0f} s, {len(squares[x, y])} changes</title>'
        "</rect>"
        for (x, y), seconds in sorted(medians.items())
    ]
    drawn += [
        f'<line x1="{a[0] * scale:.1f}" y1="{a[1] * scale:.1f}" x2="{b[0] * scale:.1f}" y2="{b[1] * scale:.1f}" '
        f'class="shelf"><title>{escape(name)}</title></line>'
        for name, a, b in ((shelf.name, shelf.start, shelf.end) for shelf in shop.shelves)
    ]
    drawn += [
        f'<circle cx="{at.x * scale:.1f}" cy="{at.y * scale:.1f}" r="7" class="bridge"><title>{escape(name)}</title>'
        "</circle>"
        for name, at in shop.bridges.items()
    ]
    words = f"{shop.name} from above; the darkest square took {most:.0f} s (median of its labels)"
    return _svg(shop.width_m * scale, shop.depth_m * scale, drawn, words)


def _bars(bars: Sequence[tuple[str, int]], unit: str, of: str) -> Markup:
    most = max(count for _, count in bars) or 1
    wide = (WIDTH - 2 * EDGE) / len(bars)
    deep = HEIGHT - 2 * EDGE
    drawn = []
    for place, (name, count) in enumerate(bars):
        tall = deep * count / most
        drawn.append(
            f'<rect x="{EDGE + place * wide:.1f}" y="{EDGE + deep - tall:.1f}" width="{wide - 1:.1f}" '
            f'height="{tall:.1f}" class="bar"><title>{name}: {count} {of}</title></rect>'
        )
    for place in range(0, len(bars), 8):
        drawn.append(_words(EDGE + place * wide, HEIGHT - EDGE + 16, bars[place][0]))
    drawn.append(_words(EDGE, HEIGHT - 6, unit))
    drawn.append(_words(EDGE, EDGE - 8, f"{most} {of}"))
    return _svg(WIDTH, HEIGHT, drawn, f"{of} by {unit}")


def _lines(points: Sequence[tuple[str, float, float, int]]) -> Markup:
    most = max(p95 for _, _, p95, _ in points) or 1.0
    apart = (WIDTH - 2 * EDGE) / max(1, len(points) - 1)
    deep = HEIGHT - 2 * EDGE

    def at(place: int, seconds: float) -> tuple[float, float]:
        return EDGE + place * apart, EDGE + deep * (1 - seconds / most)

    drawn = []
    for which, style in ((1, "median"), (2, "p95")):
        line = [at(place, float(point[which])) for place, point in enumerate(points)]
        drawn.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in line)}" class="{style}"/>')
        for (x, y), point in zip(line, points, strict=True):
            drawn.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="{style}"><title>{point[0]} on their way: '
                f"{style} {point[which]:.0f} s of {point[3]}</title></circle>"
            )
    for place, (name, *_) in enumerate(points):
        drawn.append(_words(EDGE + place * apart - 8, HEIGHT - EDGE + 16, name))
    drawn.append(_words(EDGE, HEIGHT - 6, "labels on their way at once"))
    drawn.append(_words(EDGE, EDGE - 8, f"{most:.0f} s (upper line: p95, lower line: median)"))
    return _svg(WIDTH, HEIGHT, drawn, "seconds from a change to its proof, by labels on their way at once")


def _words(x: float, y: float, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _svg(width: float, height: float, drawn: Sequence[str], words: str) -> Markup:
    # Everything in `drawn` was made here of numbers and escaped names.
    return Markup(
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(words)}">{"".join(drawn)}</svg>'
    )


def _round_up(step: float) -> float:
    """To one of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step) if ceil(step) else 1.0
