"""Check this package on this machine: every file is unchanged, and the model answers as it did when it was compiled.

python selftest.py
"""

import hashlib
import json

import numpy as np
from predict import HERE, Classifier


def main() -> None:
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    for name, expected in manifest["files"].items():
        digest = hashlib.sha256((HERE / name).read_bytes()).hexdigest()
        if digest != expected["sha256"]:
            raise SystemExit(f"{name} was changed since this package was made. Unpack the package again.")

    golden = json.loads((HERE / "golden" / "expected.json").read_text(encoding="utf-8"))
    classifier = Classifier()
    images = [(HERE / "golden" / sample["file"]).read_bytes() for sample in golden["samples"]]
    scores = classifier.scores(images)
    expected_scores = np.asarray([sample["scores"] for sample in golden["samples"]], dtype=np.float32)
    difference = float(np.abs(scores - expected_scores).max())
    if difference > golden["tolerance"]:
        raise SystemExit(
            f"The answers differ from those at compilation by {difference:.6f}; {golden['tolerance']} is allowed. "
            f"Install the versions in requirements.txt, or use another target of {sorted(manifest['targets'])}."
        )
    print(
        f"OK: {len(manifest['files'])} files unchanged, {len(images)} answers of {classifier.target} equal "
        f"to within {difference:.6f}"
    )


if __name__ == "__main__":
    main()
