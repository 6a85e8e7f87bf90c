"""Files as people have them become datasets in a real browser, and an algorithm is tried on them."""

import shutil
from pathlib import Path

from kpl.client import local_server
from kpl.testing.published import image_bytes
from kpl.testing.toy_algorithm import write_toy_algorithm

from .console import NEEDS_BROWSER, run_script, set_password  # noqa: TID252  tests are no package with a name of its own

pytestmark = NEEDS_BROWSER

ANNOTATION = """<annotation><filename>{name}.png</filename>
<size><width>40</width><height>40</height><depth>3</depth></size>
<object><name>face</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>20</xmax><ymax>22</ymax></bndbox></object>
</annotation>"""


def test_layouts_of_every_kind_are_imported_and_an_algorithm_is_tried(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    for number, part in enumerate(("JPEGImages", "Annotations")):
        (folder / "voc" / part).mkdir(parents=True)
        for name in ("one", "two"):
            if number == 0:
                (folder / "voc" / part / f"{name}.png").write_bytes(image_bytes(len(name), size=40))
            else:
                (folder / "voc" / part / f"{name}.xml").write_text(ANNOTATION.format(name=name))
    for person in ("anna", "bert"):
        (folder / "people" / person).mkdir(parents=True)
        for number in range(2):
            (folder / "people" / person / f"{number}.png").write_bytes(image_bytes(number, size=40))
    (folder / "broken").mkdir()
    (folder / "broken" / "not an image.png").write_text("nothing")
    shutil.make_archive(str(folder / "Two Boxes"), "gztar", root_dir=folder, base_dir="voc")
    (folder / "words.csv").write_text("text,label\na fine day,praise\na dull day,blame\n")
    with local_server(tmp_path / "data") as running, running.client() as client:
        client.algorithms.install(write_toy_algorithm(tmp_path / "toy"))
        set_password(client.users.sign_in_link("admin"))
        try:
            printed = run_script("imports.mjs", running.url, str(folder))
        finally:
            for endpoint in client.endpoints.list():
                client.endpoints.stop(endpoint.name)
                client.tasks.wait(endpoint.task_id, until_over=True)
    assert "imported" in printed, printed
