"""Templates: pipelines made to be copied, with exposed parameters and texts that explain them.

A template is an ordinary document. Where templates are kept, and who may see them, is left to the server.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kpl.errors import Invalid, nearest
from kpl.pipeline.binding import bind_some, expressions, parameter_of
from kpl.pipeline.document import (
    NAME_RULE,
    AlgorithmNode,
    ConditionNode,
    DatasetNode,
    Document,
    ModelNode,
    Node,
    Parameter,
    Texts,
    is_name,
)
from kpl.pipeline.parameters import given_problems
from kpl.pipeline.plan import InvalidPipeline
from kpl.sentence import Sentence


def instantiate(template: Document, name: str, parameters: Mapping[str, Any]) -> Document:
    """Make a pipeline of one's own from a template.

    The given values become the defaults of its parameters, which stay exposed. The others keep theirs, or
    must be given for each run.

    Raises:
        Invalid: the name is not one.
        InvalidPipeline: a value is refused, or the template has no such parameter.
    """
    if not is_name(name):
        raise Invalid(
            Sentence(f"'{name}' cannot name a pipeline.", f"“{name}”不能作流水线名称。"), hint=NAME_RULE
        )
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


def make_template(
    document: Document, *, title: Texts, description: Texts, open_parameters: Collection[str] | None = None
) -> Document:
    """Make a template of a pipeline: texts that explain it, and the parameters that stay open.

    Args:
        title, description: by language; without any, those of the pipeline stay.
        open_parameters: names of those that whoever uses the template is asked for; all when left out. The
            others are closed: their defaults are written where they were bound.
    Raises:
        Invalid: the pipeline has no such parameter, or one to be closed has no default.
    """
    by_name = {parameter.name: parameter for parameter in document.parameters}
    keep = by_name.keys() if open_parameters is None else set(open_parameters)
    for name in keep - by_name.keys():
        raise Invalid(
            Sentence(
                f"Pipeline '{document.name}' has no parameter '{name}'.",
                f"流水线“{document.name}”没有参数“{name}”。",
            ),
            hint=nearest(name, by_name),
        )
    closed = {}
    for name, parameter in by_name.items():
        if name in keep:
            continue
        if parameter.is_required:
            raise Invalid(
                Sentence(
                    f"Parameter '{name}' has no default, so it cannot be closed.",
                    f"参数“{name}”没有默认值，不能关闭。",
                ),
                hint=Sentence("Give it a default, or let it stay open.", "请给它默认值，或保持开放。"),
            )
        closed[name] = parameter.schema["default"]
    return replace(
        document,
        title=title or document.title,
        description=description or document.description,
        parameters=tuple(parameter for name, parameter in by_name.items() if name in keep),
        nodes=tuple(_closed(node, closed) for node in document.nodes),
    )


def fixed_references(document: Document) -> dict[str, str]:
    """By node, the datasets and models that are named for good rather than asked for; only one project has them."""
    return {node: asked for node, asked in _references(document) if not any(expressions(asked))}


def for_other_project(document: Document) -> Document:
    """The template as a project sees it that did not make it: datasets and models lose their defaults.

    What they name lies in the project that made the template, so that whoever uses it is asked.
    """
    asked_for = {
        parameter_of(each) for _, reference in _references(document) for each in expressions(reference)
    }
    return replace(
        document,
        parameters=tuple(
            Parameter(each.name, {key: value for key, value in each.schema.items() if key != "default"})
            if each.name in asked_for or each.schema.get("x-kpl") in ("dataset", "model")
            else each
            for each in document.parameters
        ),
    )


def _references(document: Document) -> Iterator[tuple[str, str]]:
    for node in document.nodes:
        match node:
            case DatasetNode():
                yield node.id, node.dataset
            case ModelNode():
                yield node.id, node.model


def _closed(node: Node, values: Mapping[str, Any]) -> Node:
    match node:
        case DatasetNode():
            return replace(node, dataset=bind_some(node.dataset, values))
        case ModelNode():
            return replace(node, model=bind_some(node.model, values))
        case AlgorithmNode():
            return replace(
                node,
                algorithm=bind_some(node.algorithm, values),
                function=bind_some(node.function, values),
                parameters=bind_some(node.parameters, values),
                resources=bind_some(node.resources, values),
                publish=bind_some(node.publish, values),
                endpoint=bind_some(node.endpoint, values),
            )
        case ConditionNode():
            return replace(node, value=bind_some(node.value, values))
