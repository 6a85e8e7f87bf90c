"""Templates: pipelines made to be copied."""

from collections.abc import Mapping, Sequence
from typing import Any

from kpl.client.transport import Transport
from kpl.schemas.template import TemplateCreate, TemplateDetail, TemplateOut, TemplatePut


class Templates:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/templates"

    def list(self) -> Sequence[TemplateOut]:
        return tuple(self._transport.pages(TemplateOut, self._base))

    def get(self, name: str) -> TemplateDetail:
        return self._transport.get(TemplateDetail, f"{self._base}/{name}")

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
        if any(each.name == name and each.origin == "project" for each in self.list()):
            answer = self._transport.request("PUT", f"{self._base}/{name}", body=asked)
            return TemplateDetail.model_validate(answer.json())
        return self._transport.post(
            TemplateDetail, self._base, TemplateCreate(name=name, **asked.model_dump())
        )

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")
