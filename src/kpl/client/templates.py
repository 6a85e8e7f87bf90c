"""Templates: pipelines made to be copied."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kpl.client.transport import Transport
from kpl.schemas.template import (
    TemplateCreate,
    TemplateDetail,
    TemplateOrigin,
    TemplateOut,
    TemplatePut,
    TemplateUpdate,
)


class Templates:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/templates"

    def list(
        self, *, origin: TemplateOrigin | None = None, limit: int | None = None
    ) -> Iterator[TemplateOut]:
        """The project's own, those that come with KPL, those that other projects share; or one of these kinds."""
        return self._transport.pages(TemplateOut, self._base, query={"origin": origin}, limit=limit)

    def get(self, name: str, *, revision: int | None = None) -> TemplateDetail:
        """A template with its document; one that another project shares is `PROJECT/NAME`."""
        query = {} if revision is None else {"revision": revision}
        return self._transport.get(TemplateDetail, f"{self._base}/{name}", query=query)

    def save(
        self,
        name: str,
        document: Mapping[str, Any],
        *,
        title: Mapping[str, str] | None = None,
        description: Mapping[str, str] | None = None,
        open_parameters: Sequence[str] | None = None,
    ) -> TemplateDetail:
        """Save a pipeline as a template of the project, or that template anew.

        Args:
            title, description: by language, as in `{"en": ..., "zh": ...}`; those of the document when left out.
            open_parameters: what is asked of whoever uses it, all when left out; the others take their defaults.
        """
        asked = TemplatePut(
            title=dict(title or {}),
            description=dict(description or {}),
            document=dict(document),
            open_parameters=None if open_parameters is None else list(open_parameters),
        )
        if any(each.name == name for each in self.list(origin="project")):
            answer = self._transport.request("PUT", f"{self._base}/{name}", body=asked)
            return TemplateDetail.model_validate(answer.json())
        return self._transport.post(
            TemplateDetail, self._base, TemplateCreate(name=name, **asked.model_dump())
        )

    def share(self, name: str) -> TemplateDetail:
        """Let all projects of the installation use a template of the project; for admins of the project.

        Raises:
            Invalid: it names a dataset or model of the project for good.
        """
        return self._update(name, TemplateUpdate(is_shared=True))

    def unshare(self, name: str) -> TemplateDetail:
        """Keep a template to the project again; what others made of it stays."""
        return self._update(name, TemplateUpdate(is_shared=False))

    def _update(self, name: str, change: TemplateUpdate) -> TemplateDetail:
        answer = self._transport.request("PATCH", f"{self._base}/{name}", body=change)
        return TemplateDetail.model_validate(answer.json())

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")
