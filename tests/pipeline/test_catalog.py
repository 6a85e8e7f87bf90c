import pytest

from kpl.errors import NotFound
from kpl.pipeline import Catalog


def test_a_bare_name_is_the_latest_version(catalog: Catalog) -> None:
    assert catalog.dataset("digits").reference == "digits@2"
    assert catalog.model("resnet").reference == "resnet@2"
    assert catalog.algorithm("classifier").reference == "classifier@1.1.0"


def test_a_version_can_be_named(catalog: Catalog) -> None:
    assert catalog.dataset("digits@1").version == 1
    assert catalog.algorithm("classifier@1.0.0").manifest.version == "1.0.0"


@pytest.mark.parametrize(
    ("lookup", "reference", "message"),
    [
        ("dataset", "digit", "There is no dataset 'digit'. Did you mean 'digits'?"),
        ("dataset", "digits@7", "Dataset 'digits' has no version '7'. It has 1, 2."),
        ("dataset", "", "No dataset is named. Known: 'digits', 'letters', 'masks'."),
        ("model", "resnet@x", "Model 'resnet' has no version 'x'. It has 1, 2."),
        ("algorithm", "clasifier", "There is no algorithm 'clasifier'. Did you mean 'classifier'"),
        ("algorithm", "classifier@2", "Algorithm 'classifier' has no version '2'. It has 1.0.0, 1.1.0."),
    ],
)
def test_unknown_names_come_with_the_nearest_known(
    catalog: Catalog, lookup: str, reference: str, message: str
) -> None:
    with pytest.raises(NotFound) as caught:
        getattr(catalog, lookup)(reference)
    assert message in str(caught.value)


def test_an_empty_catalog_says_so() -> None:
    with pytest.raises(NotFound, match="There is no model yet"):
        Catalog().model("x")


def test_an_unknown_function_comes_with_the_known(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="Did you mean 'train'"):
        catalog.algorithm("classifier").function("trian")
