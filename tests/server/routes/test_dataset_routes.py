"""Samples and their masks over HTTP."""

from pathlib import Path

import numpy as np

from kpl.dataset import DatasetWriter
from kpl.dataset.masks import runs_segmentation
from kpl.testing.published import image_bytes, publish_dataset
from kpl.testing.server import RunningServer, SignedIn

V = "/api/v1/projects/default/datasets/cells/versions/1"


def test_masks_are_kept_for_ever_and_lists_name_no_empty_fields(
    server: RunningServer, viewer: SignedIn, stranger: SignedIn, tmp_path: Path
) -> None:
    mask = np.zeros((12, 12), np.bool_)
    mask[2:6, 3:9] = True
    with DatasetWriter(tmp_path / "set", kind="instance_segmentation", class_names=["cell"]) as writer:
        writer.add(
            "0", image=image_bytes(1), boxes=[[3, 2, 9, 6]], labels=[0], masks=[runs_segmentation(mask)]
        )
    publish_dataset(server.platform, tmp_path / "set", "cells")
    answer = viewer.client.get(f"{V}/samples/0/mask?size=160")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert "immutable" in answer.headers["cache-control"]
    assert stranger.client.get(f"{V}/samples/0/mask").status_code == 404
    box = viewer.client.get(f"{V}/samples").json()["items"][0]["boxes"][0]
    assert set(box) == {"x0", "y0", "x1", "y1", "class_id", "label"}
    assert viewer.client.get(f"{V}/samples/0").json()["boxes"][0]["outline"] == [
        [3.0, 2.0, 9.0, 2.0, 9.0, 6.0, 3.0, 6.0]
    ]
    refused = viewer.client.get(f"{V}/groups")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert [each["name"] for each in viewer.client.get(f"{V}/layers").json()["items"]] == [
        "samples",
        "labels",
    ]
