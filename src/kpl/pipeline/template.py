"""Templates: pipelines made to be copied, with exposed parameters and texts that explain them.

A template is an ordinary document. Where templates are kept, and who may see them, is left to the server.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kpl.errors import Invalid
from kpl.pipeline.document import NAME_RULE, Document, Parameter, is_name
from kpl.pipeline.parameters import given_problems
from kpl.pipeline.plan import InvalidPipeline


def instantiate(template: Document, name: str, parameters: Mapping[str, Any]) -> Document:
    """Make a pipeline of one's own from a template.

    The given values become the defaults of its parameters, which stay exposed. The others keep theirs, or
    must be given for each run.

    Raises:
        Invalid: the name is not one.
        InvalidPipeline: a value is refused, or the template has no such parameter.
    """
    if not is_name(name):
        raise Invalid(f"'{name}' cannot name a pipeline.", hint=NAME_RULE)
    problems = list(given_problems(template, parameters))
    if problems:
        raise InvalidPipeline(template.name, problems)
    exposed = tuple(
        Parameter(parameter.name, {**parameter.schema, "default": parameters[parameter.name]})
        if parameter.name in parameters
        else parameter
        for parameter in template.parameters
    )
    return replace(template, name=name, parameters=exposed)
