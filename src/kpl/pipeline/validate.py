"""What is wrong with a pipeline before it is run: server, command line and canvas all ask here."""

from collections.abc import Mapping
from typing import Any

from kpl.errors import Invalid
from kpl.pipeline.catalog import Catalog
from kpl.pipeline.document import Document
from kpl.pipeline.links import link
from kpl.pipeline.parsing import InvalidDocument, parse
from kpl.pipeline.problem import Problem
from kpl.pipeline.resolve import resolve


def validate(document: Document, catalog: Catalog, parameters: Mapping[str, Any]) -> list[Problem]:
    """List what keeps the pipeline from running with these parameters, and what may not be meant so."""
    resolution = resolve(document, catalog, parameters)
    return [*resolution.problems, *link(document, resolution.nodes).problems]


def check(
    document: str | Mapping[str, Any], catalog: Catalog, parameters: Mapping[str, Any]
) -> list[Problem]:
    """Like `validate`, for a document as it was sent: refusals of its form are problems too."""
    try:
        return validate(parse(document), catalog, parameters)
    except InvalidDocument as err:
        return [Problem("", "", each.path, each.what, each.fix) for each in err.refusals]
    except Invalid as err:  # not even YAML
        return [Problem("", "", "document", err.message, err.hint)]
