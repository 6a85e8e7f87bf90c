"""Count the samples of each split."""

import json

from kpl.algorithm import author
from kpl.dataset import Dataset

dataset = Dataset.open(author.input("dataset"))
author.progress(0.5, "opened")
report = {"greeting": author.parameters().greeting, "samples": len(dataset), "splits": dict(dataset.splits)}
(author.output("report") / "report.json").write_text(json.dumps(report, indent=1))
author.metric("samples", len(dataset))
author.figure("splits", {"type": "bar", "values": report["splits"]})
author.progress(1)
