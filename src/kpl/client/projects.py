"""Projects and their members."""

from collections.abc import Iterator, Sequence

from kpl.client.transport import Transport
from kpl.schemas.project import MemberOut, MemberUpdate, ProjectCreate, ProjectOut, RoleName


class Projects:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._base = "/api/v1/projects"

    def list(self, *, limit: int | None = None) -> Iterator[ProjectOut]:
        return self._transport.pages(ProjectOut, self._base, limit=limit)

    def get(self, name: str) -> ProjectOut:
        return self._transport.get(ProjectOut, f"{self._base}/{name}")

    def create(self, name: str, *, title: str = "", description: str = "") -> ProjectOut:
        body = ProjectCreate(name=name, title=title, description=description)
        return self._transport.post(ProjectOut, self._base, body)

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")

    def members(self, name: str) -> Sequence[MemberOut]:
        return tuple(self._transport.pages(MemberOut, f"{self._base}/{name}/members"))

    def set_member(self, name: str, username: str, role: RoleName) -> MemberOut:
        """Add a user to a project, or change the role."""
        answer = self._transport.request(
            "PUT", f"{self._base}/{name}/members/{username}", body=MemberUpdate(role=role)
        )
        return MemberOut.model_validate(answer.json())

    def remove_member(self, name: str, username: str) -> None:
        self._transport.delete(f"{self._base}/{name}/members/{username}")
