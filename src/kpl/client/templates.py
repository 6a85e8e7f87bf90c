"""Templates: pipelines made to be copied."""

from collections.abc import Sequence

from kpl.client.transport import Transport
from kpl.schemas.template import TemplateDetail, TemplateOut


class Templates:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/templates"

    def list(self) -> Sequence[TemplateOut]:
        return tuple(self._transport.pages(TemplateOut, self._base))

    def get(self, name: str) -> TemplateDetail:
        return self._transport.get(TemplateDetail, f"{self._base}/{name}")
