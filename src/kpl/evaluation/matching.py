"""Which answer belongs to which object: greedy by score, as COCO's evaluation does it, for all samples at once.

Nothing here knows classes: who calls chooses the pairs that may be matched and the groups that share their objects.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_PARTNER = -1
_CHUNK_PAIRS = 1 << 21


@dataclass(frozen=True, slots=True)
class Pairs:
    """Answers and objects of one sample that overlap; arrays [P].

    Args:
        answers: their numbers among all answers, ascending.
        objects: their numbers among all objects.
        overlaps: intersection over union; over the answer alone where the object is a crowd.
    """

    answers: NDArray[np.int64]
    objects: NDArray[np.int64]
    overlaps: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> "Pairs":
        """The pairs for which `chosen` [P] holds."""
        return Pairs(self.answers[chosen], self.objects[chosen], self.overlaps[chosen])


def samples_of(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """[K] the sample of each entry, from offsets [N+1]."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def areas_of(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """[K] areas in pixels of boxes [K,4] xyxy."""
    corners = boxes.astype(np.float64)
    area: NDArray[np.float64] = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return area


def overlapping_pairs(
    object_boxes: NDArray[np.floating],
    object_offsets: NDArray[np.int64],
    is_crowd: NDArray[np.bool_],
    answer_boxes: NDArray[np.floating],
    answer_offsets: NDArray[np.int64],
    *,
    least: float,
) -> Pairs:
    """All pairs of a sample whose overlap reaches `least`; boxes are [K,4] xyxy, offsets [N+1]."""
    sample_of_answer = samples_of(answer_offsets)
    num_objects = np.diff(object_offsets)[sample_of_answer]
    ends = np.cumsum(num_objects)
    parts = []
    start = 0
    while start < len(sample_of_answer):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _CHUNK_PAIRS, side="right")))
        counts = num_objects[start:stop]
        answers = np.repeat(np.arange(start, stop), counts)
        within = np.arange(len(answers)) - np.repeat(np.cumsum(counts) - counts, counts)
        objects = object_offsets[sample_of_answer[answers]] + within
        found = overlaps(object_boxes[objects], is_crowd[objects], answer_boxes[answers])
        parts.append(Pairs(answers, objects, found).where(found >= least))
        start = stop
    if not parts:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    return Pairs(
        np.concatenate([part.answers for part in parts]),
        np.concatenate([part.objects for part in parts]),
        np.concatenate([part.overlaps for part in parts]),
    )


def rank_within(groups: NDArray[np.integer], scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """[K] how many entries of the same group have a higher score, or the same and come earlier."""
    order = np.lexsort((-scores, groups))
    sorted_groups = groups[order]
    is_first = np.append(True, sorted_groups[1:] != sorted_groups[:-1])[: len(order)]
    place = np.arange(len(order))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = place - np.maximum.accumulate(np.where(is_first, place, 0))
    return ranks


def match(
    pairs: Pairs,
    *,
    groups: NDArray[np.integer],
    scores: NDArray[np.floating],
    is_ignored: NDArray[np.bool_],
    is_shared: NDArray[np.bool_],
    thresholds: NDArray[np.float64],
) -> NDArray[np.int32]:
    """Give every answer the free object that it overlaps most, the surest answers first.

    An object that counts is preferred to an ignored one; of equal overlaps the later object is taken, as COCO does.
    What answers get does not depend on those below them: to set a threshold on scores is to leave answers out.

    Args:
        groups: [D] of answers; only those of one group may want the same object.
        is_ignored: [T] of objects, whose answers are to be counted neither way.
        is_shared: [T] of objects that any number of answers may get.
        thresholds: [K] least overlaps.
    Returns:
        [D,K] numbers of objects; NO_PARTNER where there is none.
    """
    partners = np.full((len(scores), len(thresholds)), NO_PARTNER, np.int32)
    pairs = pairs.where(pairs.overlaps >= thresholds.min())
    if not len(pairs.answers):
        return partners
    wanting, wanting_of_pair = np.unique(pairs.answers, return_inverse=True)
    rank_of_pair = rank_within(groups[wanting], scores[wanting])[wanting_of_pair]
    order = np.lexsort((pairs.objects, pairs.answers, rank_of_pair))
    answers, objects = pairs.answers[order], pairs.objects[order]
    levels, level = np.unique(pairs.overlaps[order], return_inverse=True)
    preference = level + np.where(is_ignored[objects], 0, len(levels))
    reaches = levels[level, None] >= thresholds
    is_taken = np.zeros((len(is_ignored), len(thresholds)), bool)
    ends = np.cumsum(np.bincount(rank_of_pair))
    # Answers of one rank are of different groups and want different objects: a round settles them all.
    for start, end in zip(np.append(0, ends[:-1]).tolist(), ends.tolist(), strict=True):
        wanted = objects[start:end]
        can = reaches[start:end] & (~is_taken[wanted] | is_shared[wanted, None])
        firsts = np.flatnonzero(np.append(True, answers[start + 1 : end] != answers[start : end - 1]))
        lengths = np.diff(np.append(firsts, end - start))
        value = np.where(can, preference[start:end, None], -1)
        best = np.repeat(np.maximum.reduceat(value, firsts, axis=0), lengths, axis=0)
        place = np.where(can & (value == best), np.arange(end - start)[:, None], -1)
        chosen = np.maximum.reduceat(place, firsts, axis=0)
        row, column = np.nonzero(chosen >= 0)
        found = wanted[chosen[row, column]]
        partners[answers[start:end][firsts[row]], column] = found
        is_taken[found, column] = True
    return partners


def overlaps(
    objects: NDArray[np.floating], is_crowd: NDArray[np.bool_], answers: NDArray[np.floating]
) -> NDArray[np.float64]:
    """[K] overlaps of boxes [K,4] xyxy, one by one: intersection over union, of a crowd over the answer alone."""
    left_top = np.maximum(objects[:, :2], answers[:, :2]).astype(np.float64)
    sides = np.minimum(objects[:, 2:], answers[:, 2:]).astype(np.float64) - left_top
    both = np.where((sides > 0).all(axis=1), sides[:, 0] * sides[:, 1], 0.0)
    answer_areas = areas_of(answers)
    union = np.where(is_crowd, answer_areas, answer_areas + areas_of(objects) - both)
    return np.divide(both, union, out=np.zeros(len(both)), where=union > 0)
