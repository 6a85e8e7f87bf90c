"""What to run: a canvas graph as a document, checked, planned into ordered tasks, and reused where nothing changed.

Everything here is pure: values in, values out. The caller reads files, looks things up and keeps results.
"""

from kpl.pipeline.catalog import AlgorithmVersion, Catalog, DatasetVersion, ModelVersion
from kpl.pipeline.document import (
    AlgorithmNode,
    ConditionNode,
    DatasetNode,
    Document,
    Edge,
    ModelNode,
    Note,
    Parameter,
    Position,
    Search,
    SearchRange,
    to_json,
    to_plain,
    to_yaml,
)
from kpl.pipeline.parsing import InvalidDocument, parse
from kpl.pipeline.plan import InvalidPipeline, NodeOutput, Plan, Step, make_plan, to_task_spec
from kpl.pipeline.problem import Problem
from kpl.pipeline.reuse import (
    EarlierTask,
    Reusable,
    StepPreview,
    explain,
    first_time,
    preview,
    restart_from,
    reused,
    step_digest,
)
from kpl.pipeline.template import instantiate, make_template
from kpl.pipeline.validate import check, validate

__all__ = [
    "AlgorithmNode",
    "AlgorithmVersion",
    "Catalog",
    "ConditionNode",
    "DatasetNode",
    "DatasetVersion",
    "Document",
    "EarlierTask",
    "Edge",
    "InvalidDocument",
    "InvalidPipeline",
    "ModelNode",
    "ModelVersion",
    "NodeOutput",
    "Note",
    "Parameter",
    "Plan",
    "Position",
    "Problem",
    "Reusable",
    "Search",
    "SearchRange",
    "Step",
    "StepPreview",
    "check",
    "explain",
    "first_time",
    "instantiate",
    "make_plan",
    "make_template",
    "parse",
    "preview",
    "restart_from",
    "reused",
    "step_digest",
    "to_json",
    "to_plain",
    "to_task_spec",
    "to_yaml",
    "validate",
]
