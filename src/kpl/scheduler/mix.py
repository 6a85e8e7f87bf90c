"""The demand of late: how often each kind of request was seen, the recent ones counting more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kpl.resources import ResourceRequest

HALF_LIFE = 4000
"""Number of arrivals after which an earlier one counts half."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights of the kinds of requests that came in; a value that `observed` makes anew."""

    weights: Mapping[ResourceRequest, float] = field(default_factory=dict)
    num_observed: int = 0

    def observed(self, request: ResourceRequest) -> "Mix":
        """The mix after one more arrival."""
        kept = 0.5 ** (1 / HALF_LIFE)
        weights = {kind: weight * kept for kind, weight in self.weights.items() if weight * kept > 1e-4}
        weights[request] = weights.get(request, 0.0) + 1.0
        return Mix(weights, self.num_observed + 1)
