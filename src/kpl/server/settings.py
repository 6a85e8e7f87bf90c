"""All settings of the server: one class, read once at start and handed down."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DAY_S = 24 * 3600.0
GIB = 1 << 30


class Settings(BaseSettings):
    """What an operator can change. Every field has a default that works on one machine.

    Each is read from the environment variable of its name with the prefix `KPL_`, as in `KPL_DATA_DIR`;
    options of `kpl up` come before that.
    """

    model_config = SettingsConfigDict(env_prefix="KPL_", frozen=True, extra="ignore", validate_default=True)

    data_dir: Path = Field(
        default=Path("~/.kpl"), description="Folder of everything that KPL keeps. Back up this one folder."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy address of the database, as in `postgresql+psycopg://kpl:PASSWORD@host/kpl`. "
        "Left out, it is the SQLite file `kpl.db` in the data folder; never on a network file system.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8700, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str = Field(
        default="", description="Address under which people reach the server when a proxy stands before it."
    )
    tls_cert_file: Path | None = Field(default=None, description="Certificate chain (PEM) for HTTPS.")
    tls_key_file: Path | None = Field(
        default=None, description="Private key (PEM) that belongs to the certificate."
    )
    insecure: bool = Field(
        default=False,
        description="Allow listening beyond this machine without TLS: passwords then cross the network in "
        "clear text, unless a proxy before the server adds TLS.",
    )
    trusted_proxies: str = Field(
        default="", description="Comma-separated addresses of proxies whose X-Forwarded headers are believed."
    )
    web_dir: Path | None = Field(
        default=None, description="Folder of a built web console; left out, the one inside the package."
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level to log."
    )
    log_file: Path | None = Field(default=None, description="File for the log; left out, it goes to stderr.")
    log_format: Literal["json", "text"] = Field(
        default="json", description="`json` for machines, `text` for people."
    )

    session_lifetime_s: float = Field(
        default=7 * DAY_S, gt=0, description="A sign-in in the browser ends after this time at the latest."
    )
    session_idle_s: float = Field(
        default=DAY_S, gt=0, description="A sign-in in the browser ends after this time without use."
    )
    sign_in_link_lifetime_s: float = Field(
        default=3600.0, gt=0, description="Time in which a one-time sign-in link can be used."
    )
    token_lifetime_max_s: float = Field(
        default=366 * DAY_S, gt=0, description="Longest life that users can give an API token."
    )
    sign_in_failures: int = Field(
        default=10, ge=1, description="Failed sign-ins of one user from one address before they have to wait."
    )
    sign_in_window_s: float = Field(
        default=900.0, gt=0, description="Time over which failed sign-ins are counted, and the wait."
    )
    password_hash_memory_mib: int = Field(
        default=64, ge=8, description="Memory that hashing one password takes."
    )
    users_may_create_projects: bool = Field(
        default=True, description="Whether every user may create projects, or platform administrators only."
    )
    public_metrics: bool = Field(
        default=False, description="Answer `/metrics` without sign-in also to other machines than this one."
    )

    max_upload_bytes: int = Field(
        default=256 * GIB, ge=1, description="Largest file that can be uploaded, or imported from the web."
    )
    import_hosts: str = Field(
        default="",
        description="Comma-separated hosts and networks beyond the public internet, as in "
        "`files.example.com,10.1.0.0/16`, that everyone may import datasets from. Platform administrators may name "
        "any address.",
    )
    max_open_uploads: int = Field(default=100, ge=1, description="Unfinished uploads that one user can have.")
    upload_lifetime_s: float = Field(
        default=7 * DAY_S,
        gt=0,
        description="An upload that is neither continued nor used is removed after this time.",
    )
    max_body_bytes: int = Field(
        default=16 << 20,
        ge=1024,
        description="Largest body of a request, uploads and requests to endpoints aside.",
    )

    events_kept: int = Field(
        default=20_000,
        ge=100,
        description="Live events that are kept, so that a browser can resume where it was.",
    )
    audit_retention_s: float = Field(
        default=730 * DAY_S, gt=0, description="Entries of the audit log are removed after this time."
    )
    idempotency_lifetime_s: float = Field(
        default=DAY_S,
        gt=0,
        description="Time in which a repeated Idempotency-Key gets the first answer again.",
    )

    garbage_after_s: float = Field(
        DAY_S, gt=0, description="Artifacts that nothing refers to are removed after this time."
    )

    simulate: str = Field(
        default="", description="Devices to pretend that this machine has, as in `gpu=4,npu=2`; for trials."
    )

    @field_validator("data_dir", "tls_cert_file", "tls_key_file", "web_dir", "log_file")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @model_validator(mode="after")
    def _certificate_has_key(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_cert_file and tls_key_file belong together: give both or none")
        return self

    @property
    def database_address(self) -> str:
        """The database's address with its password; keep it out of logs."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'kpl.db'}"

    @property
    def import_host_list(self) -> list[str]:
        return [host.strip() for host in self.import_hosts.split(",") if host.strip()]

    @property
    def uses_tls(self) -> bool:
        return self.tls_cert_file is not None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def artifacts_dir(self) -> Path:
        return self.data_dir / "artifacts"

    @property
    def uploads_dir(self) -> Path:
        return self.data_dir / "uploads"

    @property
    def runtime_dir(self) -> Path:
        return self.data_dir / "runtime"

    @property
    def cache_dir(self) -> Path:
        return self.data_dir / "cache"
