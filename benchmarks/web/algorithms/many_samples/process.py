"""Write many small pictures as one dataset."""

import io

import numpy as np
from PIL import Image, ImageDraw

from kpl.algorithm import author
from kpl.dataset.writer import DatasetWriter

CLASSES = ("amber", "azure", "coral", "ivory", "jade", "lilac", "ochre", "pearl", "rust", "teal")
NUM_DRAWN = 600
SIZES = (
    (64, 36),
    (36, 64),
    (48, 48),
    (56, 32),
    (40, 60),
    (64, 48),
    (48, 64),
    (60, 40),
    (24, 48),
    (32, 32),
    (64, 24),
    (44, 56),
)
COLOURS = ((232, 160, 32), (32, 120, 220), (240, 110, 90), (236, 230, 210), (30, 150, 100),
           (170, 130, 210), (190, 130, 40), (220, 220, 226), (170, 70, 30), (20, 140, 140))  # fmt: skip


def main() -> None:
    num_samples = int(author.parameters().num_samples)
    generator = np.random.default_rng(0)
    drawn = [draw(number % len(CLASSES), generator) for number in range(NUM_DRAWN)]
    # In an order of their own, so that neighbours differ.
    chosen = generator.integers(0, NUM_DRAWN, num_samples)
    with DatasetWriter(author.output("dataset"), kind="classification", class_names=CLASSES) as writer:
        for number in range(num_samples):
            image, width, height, label = drawn[chosen[number]]
            writer.add(
                f"{number:07d}.png",
                split="test" if number % 10 == 9 else "train",
                image=image,
                width=width,
                height=height,
                channels=3,
                label=label,
            )
            if number % 50_000 == 0:
                author.progress(number / num_samples, f"{number} samples")
    author.progress(1.0, f"{num_samples} samples")


def draw(label: int, generator: np.random.Generator) -> tuple[bytes, int, int, int]:
    """One picture as PNG with its width, height and label: a disc on a shaded ground."""
    width, height = SIZES[int(generator.integers(0, len(SIZES)))]
    shade = int(generator.integers(24, 96))
    image = Image.new("RGB", (width, height), (shade, shade, shade + 12))
    x, y = (int(generator.integers(8, side - 8)) for side in (width, height))
    radius = int(generator.integers(6, 14))
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLOURS[label])
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue(), width, height, label


if __name__ == "__main__":
    main()
