"""Outlines of masks: the polygons around their pixels, for those who draw rather than count."""

import numpy as np
from numpy.typing import NDArray

Point = tuple[int, int]


def outlines(mask: NDArray[np.bool_], *, tolerance: float = 0.0) -> list[list[float]]:
    """Polygons around the set pixels of a mask, holes included, as `fill_polygons` takes them.

    Filled by the even-odd rule all together they give the mask back, if nothing is simplified.

    Args:
        mask: [height, width]; pixels that touch at a corner alone belong to two polygons.
        tolerance: how far, in pixels, a polygon may stay away from the corners of pixels that it leaves out.
    Returns:
        Each polygon as x1, y1, x2, y2, ... in pixels.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    top, left = int(rows[0]), int(columns[0])
    loops = _loops(mask[top : rows[-1] + 1, left : columns[-1] + 1])
    found = []
    for loop in loops:
        corners = simplified(loop, tolerance) if tolerance > 0 else loop
        if len(corners) >= 3:
            found.append([float(number) for x, y in corners for number in (x + left, y + top)])
    return found


def _loops(mask: NDArray[np.bool_]) -> list[list[Point]]:
    """Closed walks along the edges between set and other pixels, with the set ones on the right; corners only."""
    follow = _edges(mask)
    loops = []
    while follow:
        start, ends = next(iter(follow.items()))
        loop: list[Point] = []
        here, towards = start, ends[0]
        while True:
            after = _take(follow, here, towards)
            direction = (after[0] - here[0], after[1] - here[1])
            if direction != towards or not loop:
                loop.append(here)
            here, towards = after, direction
            if here == start:
                break
        loops.append(loop)
    return loops


def _edges(mask: NDArray[np.bool_]) -> dict[Point, list[Point]]:
    """Directions of the edges that begin at each corner of a pixel."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    follow: dict[Point, list[Point]] = {}
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),  # above: to the right
        (padded[1:-1, 2:], (1, 0), (0, 1)),  # at the right: down
        (padded[2:, 1:-1], (1, 1), (-1, 0)),  # below: to the left
        (padded[1:-1, :-2], (0, 1), (0, -1)),  # at the left: up
    )
    for other, (x0, y0), direction in sides:
        ys, xs = np.nonzero(inside & ~other)
        for x, y in zip((xs + x0).tolist(), (ys + y0).tolist(), strict=True):
            follow.setdefault((x, y), []).append(direction)
    return follow


def _take(follow: dict[Point, list[Point]], here: Point, towards: Point) -> Point:
    """Walk the edge that begins here, and turn right where two do; it cannot be walked again."""
    directions = follow[here]
    right = (-towards[1], towards[0])
    direction = right if right in directions else directions[0]
    directions.remove(direction)
    if not directions:
        del follow[here]
    return here[0] + direction[0], here[1] + direction[1]


def simplified(loop: list[Point], tolerance: float) -> list[Point]:
    """The corners of a closed polygon that matter, by Douglas and Peucker (1973)."""
    points = np.array([*loop, loop[0]], np.float64)
    far = int(((points - points[0]) ** 2).sum(axis=1).argmax())
    keep = {0, far}
    spans = [(0, far), (far, len(loop))]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        begin, along = points[first], points[last] - points[first]
        between = points[first + 1 : last] - begin
        length = float(np.hypot(*along))
        distances = (
            np.abs(between[:, 0] * along[1] - between[:, 1] * along[0]) / length
            if length
            else np.hypot(between[:, 0], between[:, 1])
        )
        worst = int(distances.argmax())
        if distances[worst] > tolerance:
            keep.add(first + 1 + worst)
            spans += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return [loop[place] for place in sorted(keep) if place < len(loop)]
