"""Settings: where they come from, and that they are described."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from kpl.server.settings import Settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KPL_PORT", "1234")
    monkeypatch.setenv("KPL_DATA_DIR", str(tmp_path))
    settings = Settings()
    assert (settings.port, settings.data_dir) == (1234, tmp_path)


def test_options_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPL_PORT", "1234")
    assert Settings(port=4321).port == 4321


def test_the_data_folder_may_be_named_as_in_a_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert Settings(data_dir=Path("~/kpl")).data_dir == tmp_path / "kpl"
    assert Settings(data_dir=Path("here")).data_dir == tmp_path / "here"


def test_the_database_lies_in_the_data_folder_unless_it_is_elsewhere(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).database_address == f"sqlite:///{tmp_path}/kpl.db"
    elsewhere = Settings.model_validate({"database_url": "postgresql+psycopg://kpl:hidden@db/kpl"})
    assert elsewhere.database_address == "postgresql+psycopg://kpl:hidden@db/kpl"
    assert "hidden" not in repr(elsewhere)


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="belong together"):
        Settings(tls_cert_file=tmp_path / "cert.pem")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "::1", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert Settings(host=host).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org"])
def test_everything_else_can_be_reached_from_outside(host: str) -> None:
    assert not Settings(host=host).is_loopback


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_reference_page_has_every_setting() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`KPL_{name.upper()}`" not in page] == []
