"""Print many lines, as a long training does, and report many points of one metric."""

import math
import random

from kpl.algorithm import author


def main() -> None:
    parameters = author.parameters()
    chance = random.Random(0)
    for number in range(parameters.num_lines):
        if number % 1000:
            speed = f"images/s {chance.random():.4f} lr 0.001000 memory {number % 97:2d} GiB"
            print(f"2026-01-01 00:00:00 INFO step {number:7d} loss {chance.random():.6f} {speed}")
        else:
            print(f"2026-01-01 00:00:00 WARNING step {number:7d}: a batch took 3 times as long as the median")
    for step in range(parameters.num_points):
        author.metric("loss", math.exp(-4 * step / parameters.num_points) + 0.1 * chance.random(), step=step)
    author.progress(1.0, "done")


if __name__ == "__main__":
    main()
