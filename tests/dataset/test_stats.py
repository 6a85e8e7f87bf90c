import json

from kpl.dataset import Dataset
from kpl.dataset.stats import summary


def test_a_detection_set_is_counted_by_class_and_split(detection: Dataset) -> None:
    found = summary(detection)
    assert json.loads(json.dumps(found)) == found
    assert found["num_samples"] == 12
    assert found["splits"] == {"train": 8, "val": 4}
    cats, dogs = found["classes"]
    assert (cats["name"], cats["num_objects"], cats["num_samples"]) == ("cat", 12, 9)
    assert (dogs["name"], dogs["num_objects"], dogs["num_samples"]) == ("dog", 6, 6)
    assert cats["splits"]["train"] + cats["splits"]["val"] == 12
    assert found["boxes"]["num_boxes"] == 18
    assert found["boxes"]["num_samples_without"] == 3
    assert found["images"]["width"] == {"min": 4.0, "median": 4.0, "mean": 4.0, "max": 4.0}
    assert found["images"]["bytes"]["min"] == min(len(sample["image"]) for sample in detection)


def test_a_view_is_counted_alone(classification: Dataset) -> None:
    found = summary(classification.split("test"))
    assert found["num_samples"] == 3
    assert [each["num_samples"] for each in found["classes"]] == [1, 2]
    assert found["classes"][0]["splits"] == {"train": 0, "test": 1}
    assert found["num_unlabelled"] == 0
