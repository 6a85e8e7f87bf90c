"""The demand of late: how often each kind of request was seen, the recent ones counting more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kpl.resources import ResourceRequest

HALF_LIFE = 10_000
"""Number of arrivals after which an earlier one counts half."""

_FORGOTTEN = 0.05  # A kind that weighs less is dropped; one arrival weighs so little after four half-lives.


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights of the kinds of requests that came in; a value that `observed` makes anew.

    Placement goes by what has settled, which changes at growing intervals: scores of all machines depend on it.

    Args:
        weights: how often each kind was seen, in arrivals of the moment of `settled_at`.
        num_observed: how many arrivals there were.
        settled: the weights as they were after `settled_at` arrivals.
    """

    weights: Mapping[ResourceRequest, float] = field(default_factory=dict)
    num_observed: int = 0
    settled: Mapping[ResourceRequest, float] = field(default_factory=dict)
    settled_at: int = 0

    def observed(self, request: ResourceRequest) -> "Mix":
        """The mix after one more arrival."""
        num_observed = self.num_observed + 1
        weights = dict(self.weights)
        # Instead of all earlier weights shrinking, the new ones grow until the mix settles again.
        growth = 2.0 ** ((num_observed - self.settled_at) / HALF_LIFE)
        weights[request] = weights.get(request, 0.0) + growth
        if num_observed < self.settled_at + _interval(self.settled_at):
            return Mix(weights, num_observed, self.settled, self.settled_at)
        settled = {kind: weight / growth for kind, weight in weights.items() if weight / growth > _FORGOTTEN}
        return Mix(settled, num_observed, settled, num_observed)

    @staticmethod
    def of(requests: Iterable[ResourceRequest]) -> "Mix":
        """The mix after these arrivals."""
        mix = Mix()
        for request in requests:
            mix = mix.observed(request)
        return mix


def _interval(settled_at: int) -> int:
    """After how many arrivals the mix settles again: soon at first, later when it has changed by a fair part."""
    return min(max(settled_at // 4, 16), HALF_LIFE // 10)
