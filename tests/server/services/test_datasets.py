"""Datasets: versions, samples, images, and who may do what."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from kpl.dataset import DatasetWriter, field, versions
from kpl.errors import Denied, Invalid, NotFound
from kpl.schemas.dataset import DatasetImport, SampleKeysOut
from kpl.server.services import audit, datasets
from kpl.server.services.access import Caller, Role
from kpl.server.services.algorithms import install_builtin
from kpl.server.services.paging import encode_cursor
from kpl.server.services.platform import Platform
from kpl.server.services.sample_filters import SampleFilter
from kpl.server.services.tasks import get_task
from kpl.testing.published import image_bytes, publish_dataset, write_dataset
from kpl.testing.server import add_user


@pytest.fixture
def viewer_of(platform: Platform) -> Caller:
    return add_user(platform, "view", roles={"default": Role.VIEWER})


@pytest.fixture
def developer_of(platform: Platform) -> Caller:
    return add_user(platform, "dev", roles={"default": Role.DEVELOPER})


@pytest.fixture
def pets(platform: Platform, tmp_path: Path) -> str:
    assert publish_dataset(platform, write_dataset(tmp_path / "pets"), "pets") == "pets@1"
    return "pets"


def test_a_changed_dataset_becomes_the_next_version(
    platform: Platform, viewer_of: Caller, pets: str, tmp_path: Path
) -> None:
    changed = write_dataset(tmp_path / "changed", first=50)
    assert publish_dataset(platform, changed, pets) == "pets@2"
    found = datasets.get_dataset(platform, viewer_of, "default", pets)
    assert [version.version for version in found.versions] == [2, 1]
    assert found.latest.splits == {"train": 6, "test": 3}
    assert found.latest.class_names == ["cat", "dog", "owl"]


def test_equal_files_stay_the_same_version(platform: Platform, pets: str, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    digest = datasets.get_dataset_version(
        platform, add_user(platform, "root", is_admin=True), "default", pets, 1
    ).digest
    folder.mkdir()
    for path in platform.artifacts.materialize(digest).rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(platform.artifacts.materialize(digest))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    assert publish_dataset(platform, folder, pets) == "pets@1"


def test_samples_are_filtered_counted_and_paged(platform: Platform, viewer_of: Caller, pets: str) -> None:
    def page(**filters: str | None) -> tuple[list[int], int, str | None]:
        found = datasets.list_samples(
            platform,
            viewer_of,
            "default",
            pets,
            1,
            SampleFilter(split=filters.get("split"), label=filters.get("label")),
            cursor=filters.get("cursor"),
            limit=2,
        )
        return [sample.row for sample in found.items], found.num_matches, found.next_cursor

    assert page(split="test") == ([2, 5], 3, page(split="test")[2])
    assert page(split="test", cursor=page(split="test")[2]) == ([8], 3, None)
    assert page(label="dog")[:2] == ([1, 4], 3)
    assert page(split="test", label="dog") == ([], 0, None)
    with pytest.raises(NotFound, match="Did you mean 'dog'"):
        page(label="dogs")
    with pytest.raises(NotFound, match="no split 'tests'"):
        page(split="tests")


def test_an_image_comes_back_byte_for_byte_and_scaled(
    platform: Platform, viewer_of: Caller, pets: str
) -> None:
    data, media_type = datasets.get_sample_image(platform, viewer_of, "default", pets, 1, 4, size=None)
    assert (data, media_type) == (image_bytes(4), "image/png")
    small, media_type = datasets.get_sample_image(platform, viewer_of, "default", pets, 1, 4, size=160)
    assert media_type == "image/webp"
    assert Image.open(io.BytesIO(small)).size == (160, 160)
    kept, _ = datasets.get_sample_image(platform, viewer_of, "default", pets, 1, 4, size=160)
    assert kept == small
    with pytest.raises(Invalid, match="Ask for one of 160, 400"):
        datasets.get_sample_image(platform, viewer_of, "default", pets, 1, 4, size=161)
    with pytest.raises(NotFound, match="no sample 9"):
        datasets.get_sample_image(platform, viewer_of, "default", pets, 1, 9, size=None)


def test_many_thumbnails_come_at_once(platform: Platform, viewer_of: Caller, pets: str) -> None:
    def get(rows: list[int], size: int = 160) -> dict[int, bytes]:
        return datasets.get_thumbnails(platform, viewer_of, "default", pets, 1, rows, size=size)

    one, _ = datasets.get_sample_image(platform, viewer_of, "default", pets, 1, 4, size=160)
    assert list(get([7, 4])) == [7, 4]
    assert get([7, 4])[4] == one
    with pytest.raises(NotFound, match="no sample 9"):
        get([4, 9])
    with pytest.raises(Invalid, match="Ask for one of 160, 400"):
        get([4], size=161)


def test_thumbnails_that_cannot_be_made_are_left_out(
    platform: Platform, viewer_of: Caller, tmp_path: Path
) -> None:
    with DatasetWriter(tmp_path / "odd", fields=[field("image", "image")], kind="custom") as writer:
        writer.add("good", image=image_bytes(1))
        writer.add("bad", image=b"no image")
    publish_dataset(platform, tmp_path / "odd", "odd")
    assert list(datasets.get_thumbnails(platform, viewer_of, "default", "odd", 1, [0, 1], size=160)) == [0]


def test_statistics_count_the_samples(platform: Platform, viewer_of: Caller, pets: str) -> None:
    statistics = datasets.get_statistics(platform, viewer_of, "default", pets, 1).statistics
    assert statistics["num_samples"] == 9


def test_deleting_the_last_version_deletes_the_dataset(
    platform: Platform, developer_of: Caller, pets: str
) -> None:
    datasets.delete_dataset_version(platform, developer_of, "default", pets, 1)
    with pytest.raises(NotFound):
        datasets.get_dataset(platform, developer_of, "default", pets)


def test_an_unknown_version_is_answered_with_the_latest(
    platform: Platform, viewer_of: Caller, pets: str
) -> None:
    with pytest.raises(NotFound, match=r"has no version 7\. The latest is 1"):
        datasets.get_dataset_version(platform, viewer_of, "default", pets, 7)


def test_only_administrators_of_the_platform_import_from_a_path_of_the_server(
    platform: Platform, developer_of: Caller, tmp_path: Path
) -> None:
    with pytest.raises(Denied):
        datasets.import_dataset(
            platform, developer_of, "default", DatasetImport(name="x", path=str(tmp_path))
        )


def test_an_address_is_fetched_only_from_hosts_that_a_developer_may_reach(
    platform: Platform, developer_of: Caller
) -> None:
    admin = add_user(platform, "root", is_admin=True)
    install_builtin(platform)

    def hosts_of(caller: Caller) -> object:
        request = DatasetImport(name="x", url="https://files.example.com/pets.zip?signature=secret")
        task = datasets.import_dataset(platform, caller, "default", request)
        return get_task(platform, caller, "default", task.id).parameters["private_hosts"]

    assert hosts_of(developer_of) == []
    assert hosts_of(admin) == ["*"]
    settings = platform.settings.model_copy(update={"import_hosts": "10.1.0.0/16, files.example.com"})
    platform = replace(platform, settings=settings)
    assert hosts_of(developer_of) == ["10.1.0.0/16", "files.example.com"]
    log = audit.list_audit(
        platform, admin, project=None, username=None, action="dataset.import", cursor=None, limit=10
    )
    assert {str(entry.details["url"]) for entry in log.items} == {"https://files.example.com/pets.zip"}


@pytest.mark.parametrize(
    "url", ["pets.zip", "file:///etc/passwd", "https://anna:secret@example.com/pets.zip"]
)
def test_what_is_no_address_of_a_file_is_refused_at_once(
    platform: Platform, developer_of: Caller, url: str
) -> None:
    with pytest.raises(Invalid):
        datasets.import_dataset(platform, developer_of, "default", DatasetImport(name="x", url=url))


def test_object_stores_are_read_for_administrators_of_the_platform_alone(
    platform: Platform, developer_of: Caller
) -> None:
    install_builtin(platform)
    request = DatasetImport(name="x", url="s3://bucket/pets")
    with pytest.raises(Denied):
        datasets.import_dataset(platform, developer_of, "default", request)
    admin = add_user(platform, "root", is_admin=True)
    assert datasets.import_dataset(platform, admin, "default", request).name == "import x"
    with_key = DatasetImport(name="x", url="s3://bucket/pets?secret_access_key=secret")
    with pytest.raises(Invalid, match="could be a key"):
        datasets.import_dataset(platform, admin, "default", with_key)


def test_a_viewer_imports_nothing_from_an_address(platform: Platform, viewer_of: Caller) -> None:
    request = DatasetImport(name="x", url="https://example.com/pets.zip")
    with pytest.raises(Denied):
        datasets.import_dataset(platform, viewer_of, "default", request)


def test_keys_alone_come_in_the_same_order_and_pages(
    platform: Platform, viewer_of: Caller, pets: str
) -> None:
    def page(cursor: str | None) -> SampleKeysOut:
        chosen = SampleFilter(split="train")
        return datasets.list_sample_keys(
            platform, viewer_of, "default", pets, 1, chosen, cursor=cursor, limit=4
        )

    first = page(None)
    assert (first.items, first.num_matches) == (["0.png", "1.png", "3.png", "4.png"], 6)
    assert page(first.next_cursor).model_dump() == {
        "items": ["6.png", "7.png"],
        "next_cursor": None,
        "num_matches": 6,
    }


def test_any_page_can_be_asked_for_with_a_filter(platform: Platform, viewer_of: Caller, pets: str) -> None:
    found = datasets.list_samples(
        platform, viewer_of, "default", pets, 1, SampleFilter(label="dog"), cursor=encode_cursor(0), limit=1
    )
    assert [sample.row for sample in found.items] == [4]
    assert found.next_cursor == encode_cursor(1)


def test_keys_leave_out_samples_that_a_version_has_removed(
    platform: Platform, viewer_of: Caller, tmp_path: Path
) -> None:
    versions.remove(write_dataset(tmp_path / "fewer"), ["1.png", "4.png"])
    publish_dataset(platform, tmp_path / "fewer", "fewer")
    found = datasets.list_sample_keys(
        platform, viewer_of, "default", "fewer", 1, SampleFilter(label="dog"), cursor=None, limit=9
    )
    assert found.items == ["7.png"]


READS: list[Callable[[Platform, Caller], object]] = [
    lambda p, c: datasets.list_datasets(p, c, "default", cursor=None, limit=10),
    lambda p, c: datasets.get_dataset(p, c, "default", "pets"),
    lambda p, c: datasets.get_dataset_version(p, c, "default", "pets", 1),
    lambda p, c: datasets.list_samples(p, c, "default", "pets", 1, SampleFilter(), cursor=None, limit=1),
    lambda p, c: datasets.list_sample_keys(p, c, "default", "pets", 1, SampleFilter(), cursor=None, limit=1),
    lambda p, c: datasets.get_sample_image(p, c, "default", "pets", 1, 0, size=None),
    lambda p, c: datasets.get_thumbnails(p, c, "default", "pets", 1, [0], size=160),
    lambda p, c: datasets.get_statistics(p, c, "default", "pets", 1),
]
WRITES: list[Callable[[Platform, Caller], object]] = [
    lambda p, c: datasets.delete_dataset(p, c, "default", "pets"),
    lambda p, c: datasets.delete_dataset_version(p, c, "default", "pets", 1),
    lambda p, c: datasets.import_dataset(p, c, "default", DatasetImport(name="x", upload_id=1)),
]


@pytest.mark.parametrize("use", READS + WRITES)
def test_strangers_learn_nothing(
    platform: Platform, pets: str, use: Callable[[Platform, Caller], object]
) -> None:
    with pytest.raises(NotFound, match="no project 'default'"):
        use(platform, add_user(platform, "stranger"))


@pytest.mark.parametrize("use", WRITES)
def test_viewers_change_nothing(
    platform: Platform, viewer_of: Caller, pets: str, use: Callable[[Platform, Caller], object]
) -> None:
    with pytest.raises(Denied, match="needs developer"):
        use(platform, viewer_of)
