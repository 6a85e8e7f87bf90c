"""Write two small outputs, after a file exists where one is named."""

import time
from pathlib import Path

from kpl.algorithm import author

DEADLINE_S = 600


def main() -> None:
    parameters = author.parameters()
    wait_for = str(parameters.wait_for)
    for second in range(DEADLINE_S):
        if not wait_for or Path(wait_for).exists():
            break
        author.progress(second / DEADLINE_S, f"{second} s")
        time.sleep(1)
    for name in ("first", "second"):
        (author.output(name) / "number.txt").write_text(str(parameters.number))


if __name__ == "__main__":
    main()
