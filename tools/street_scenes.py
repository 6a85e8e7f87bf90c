"""Pictures of streets that nobody has to photograph, with the exact box and outline of everything on them, as COCO."""

import json
import math
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

CLASSES = ("car", "bus", "person", "tree", "traffic light")
WIDTH, HEIGHT = 960, 600
SKIES = (((126, 176, 226), (226, 238, 248)), ((236, 168, 120), (252, 226, 190)), ((72, 86, 128), (172, 168, 196)),
         ((168, 184, 196), (222, 228, 232)))  # fmt: skip
PAINTS = (
    (200, 52, 52),
    (42, 92, 170),
    (232, 232, 228),
    (40, 44, 52),
    (230, 180, 40),
    (70, 140, 96),
    (150, 154, 162),
)
Point = tuple[float, float]


def write(folder: Path, *, num_images: int, seed: int) -> Path:
    """Write JPEGs and `annotations/instances_{train,val}.json` into a folder; the same seed gives the same scenes."""
    for split, share in (("train", 0.8), ("val", 0.2)):
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        (folder / split).mkdir(parents=True, exist_ok=True)
        for number in range(round(num_images * share)):
            picture, objects = draw(Random(f"{seed} {split} {number}"))
            name = f"street-{number:04d}.jpg"
            picture.save(folder / split / name, "JPEG", quality=88)
            images.append({"id": number, "file_name": name, "width": picture.width, "height": picture.height})
            for class_id, outline in objects:
                annotations.append(_annotation(len(annotations), number, class_id, outline))
        categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        path = folder / "annotations" / f"instances_{split}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    return folder


def draw(chance: Random) -> tuple[Image.Image, list[tuple[int, list[Point]]]]:
    """One scene, and of each object its class id and outline in pixels, the farthest first."""
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    brush = ImageDraw.Draw(picture)
    horizon = HEIGHT * chance.uniform(0.38, 0.5)
    _sky(brush, horizon, chance)
    _houses(brush, horizon, chance)
    vanishing = WIDTH * chance.uniform(0.35, 0.65)
    brush.rectangle((0, horizon, WIDTH, HEIGHT), fill=(150, 152, 150))
    road = [
        (vanishing - 16, horizon),
        (vanishing + 16, horizon),
        (WIDTH * 0.92, HEIGHT),
        (WIDTH * 0.08, HEIGHT),
    ]
    brush.polygon(road, fill=(78, 80, 86))
    for part in range(8):
        near, far = ((part + each) / 8 for each in (0.5, 0.05))
        y, top = (horizon + (HEIGHT - horizon) * each**1.8 for each in (near, far))
        x, width = vanishing + (WIDTH / 2 - vanishing) * near, 7 * near
        brush.polygon(
            [(x - width, y), (x + width, y), (x + width / 2, top), (x - width / 2, top)], fill=(224, 222, 208)
        )
    objects = []
    places = sorted((chance.uniform(0.12, 1.0), chance.random()) for _ in range(chance.randint(5, 11)))
    for depth, side in places:
        kind = chance.choices(CLASSES, (5, 1, 3, 2, 1))[0]
        foot = horizon + (HEIGHT - horizon) * depth**1.5 * 0.94
        on_road = kind in ("car", "bus")
        reach = (WIDTH * 0.3 if on_road else WIDTH * 0.52) * depth
        gap = 0 if on_road else (WIDTH * 0.36) * depth
        left = side < 0.5
        x = (
            vanishing
            + (WIDTH / 2 - vanishing) * depth
            + (-1 if left else 1) * (gap + reach * chance.uniform(0.25, 1))
        )
        outline = _OBJECTS[kind](brush, x, foot, 20 + 190 * depth**1.3, chance)
        inside = [(min(max(px, 0), WIDTH - 1), min(max(py, 0), HEIGHT - 1)) for px, py in outline]
        if _area(inside) > 120:
            objects.append((CLASSES.index(kind), inside))
    return picture.filter(ImageFilter.GaussianBlur(0.6)), objects


def _sky(brush: ImageDraw.ImageDraw, horizon: float, chance: Random) -> None:
    top, low = chance.choice(SKIES)
    for y in range(math.ceil(horizon)):
        share = y / horizon
        brush.line(
            (0, y, WIDTH, y), fill=tuple(round(a + (b - a) * share) for a, b in zip(top, low, strict=True))
        )


def _houses(brush: ImageDraw.ImageDraw, horizon: float, chance: Random) -> None:
    x = -20.0
    while x < WIDTH:
        width, height = chance.uniform(60, 150), chance.uniform(0.25, 0.85) * horizon
        shade = chance.randint(96, 176)
        wall = (shade, shade - chance.randint(0, 16), shade - chance.randint(4, 30))
        brush.rectangle((x, horizon - height, x + width, horizon), fill=wall)
        for row in range(int(height // 26)):
            for column in range(int(width // 22)):
                lit = (244, 222, 150) if chance.random() < 0.25 else (shade - 50, shade - 42, shade - 30)
                at = (x + 8 + column * 22, horizon - height + 8 + row * 26)
                brush.rectangle((*at, at[0] + 9, at[1] + 13), fill=lit)
        x += width + chance.uniform(0, 12)


def _car(brush: ImageDraw.ImageDraw, x: float, foot: float, size: float, chance: Random) -> list[Point]:
    width, height = size * 0.9, size * 0.36
    paint, top = chance.choice(PAINTS), foot - height * 0.62
    roof = foot - height * 1.15
    cabin = [
        (x - width * 0.3, top),
        (x - width * 0.2, roof),
        (x + width * 0.2, roof),
        (x + width * 0.32, top),
    ]
    outline = [(x - width / 2, foot - height * 0.1), (x - width / 2, top), *cabin, (x + width / 2, top),
               (x + width / 2, foot - height * 0.1)]  # fmt: skip
    _shadow(brush, x, foot, width)
    brush.polygon(outline, fill=paint)
    brush.polygon([(px * 0.86 + x * 0.14, py * 0.86 + top * 0.14) for px, py in cabin], fill=(40, 52, 66))
    for side in (-0.3, 0.3):
        radius = height * 0.24
        at = (x + side * width, foot - radius)
        brush.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=(24, 24, 28))
    return [(outline[0][0], foot), *outline[1:-1], (outline[-1][0], foot)]


def _bus(brush: ImageDraw.ImageDraw, x: float, foot: float, size: float, chance: Random) -> list[Point]:
    width, height = size * 1.25, size * 0.72
    _shadow(brush, x, foot, width)
    brush.rectangle(
        (x - width / 2, foot - height, x + width / 2, foot - height * 0.1), fill=chance.choice(PAINTS[:5])
    )
    for window in range(5):
        left = x - width * 0.44 + window * width * 0.18
        brush.rectangle(
            (left, foot - height * 0.86, left + width * 0.14, foot - height * 0.5), fill=(52, 66, 80)
        )
    for side in (-0.3, 0.3):
        radius = height * 0.14
        at = (x + side * width, foot - radius)
        brush.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=(24, 24, 28))
    return _corners(x - width / 2, foot - height, x + width / 2, foot)


def _person(brush: ImageDraw.ImageDraw, x: float, foot: float, size: float, chance: Random) -> list[Point]:
    height = size * 0.62
    width = height * 0.3
    _shadow(brush, x, foot, width)
    coat = chance.choice(PAINTS)
    brush.rectangle((x - width * 0.3, foot - height * 0.45, x + width * 0.3, foot), fill=(46, 48, 60))
    brush.rounded_rectangle(
        (x - width / 2, foot - height * 0.82, x + width / 2, foot - height * 0.38), width * 0.2, fill=coat
    )
    head = height * 0.1
    brush.ellipse((x - head, foot - height, x + head, foot - height + 2 * head), fill=(222, 178, 146))
    return [(x - head, foot - height), (x + head, foot - height), (x + width / 2, foot - height * 0.78),
            (x + width / 2, foot - height * 0.38), (x + width * 0.3, foot), (x - width * 0.3, foot),
            (x - width / 2, foot - height * 0.38), (x - width / 2, foot - height * 0.78)]  # fmt: skip


def _tree(brush: ImageDraw.ImageDraw, x: float, foot: float, size: float, chance: Random) -> list[Point]:
    height = size * 1.25
    radius = height * 0.3
    green = (chance.randint(40, 84), chance.randint(104, 140), chance.randint(48, 80))
    brush.rectangle((x - height * 0.035, foot - height * 0.5, x + height * 0.035, foot), fill=(92, 70, 50))
    brush.ellipse((x - radius, foot - height, x + radius, foot - height + 2 * radius), fill=green)
    middle = foot - height + radius
    turns = [math.tau * turn / 16 for turn in range(5, 20)]
    crown = [(x + radius * math.cos(turn), middle + radius * math.sin(turn)) for turn in turns]
    return [*crown, (x + height * 0.035, foot), (x - height * 0.035, foot)]


def _light(brush: ImageDraw.ImageDraw, x: float, foot: float, size: float, chance: Random) -> list[Point]:
    height = size * 0.95
    width = height * 0.14
    brush.rectangle((x - 2, foot - height * 0.7, x + 2, foot), fill=(60, 62, 66))
    brush.rectangle((x - width / 2, foot - height, x + width / 2, foot - height * 0.64), fill=(34, 36, 40))
    lit = chance.randrange(3)
    for place, colour in enumerate(((232, 64, 52), (240, 190, 50), (70, 200, 110))):
        middle, radius = foot - height * (0.94 - 0.12 * place), width * 0.3
        fill = colour if place == lit else (62, 62, 62)
        brush.ellipse((x - radius, middle - radius, x + radius, middle + radius), fill=fill)
    return _corners(x - width / 2, foot - height, x + width / 2, foot - height * 0.64)


_OBJECTS = {"car": _car, "bus": _bus, "person": _person, "tree": _tree, "traffic light": _light}


def _shadow(brush: ImageDraw.ImageDraw, x: float, foot: float, width: float) -> None:
    brush.ellipse(
        (x - width * 0.55, foot - width * 0.05, x + width * 0.55, foot + width * 0.05), fill=(62, 62, 66)
    )


def _corners(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _area(outline: list[Point]) -> float:
    turned = zip(outline, [*outline[1:], outline[0]], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in turned)) / 2


def _annotation(number: int, image: int, class_id: int, outline: list[Point]) -> dict[str, Any]:
    xs, ys = ([point[axis] for point in outline] for axis in (0, 1))
    box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
    return {
        "id": number,
        "image_id": image,
        "category_id": class_id,
        "bbox": [round(each, 1) for each in box],
        "area": round(_area(outline), 1),
        "iscrowd": 0,
        "segmentation": [[round(each, 1) for point in outline for each in point]],
    }
