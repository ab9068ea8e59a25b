"""Robust statistics of a few noisy rounds."""

import random
import statistics

NUM_RESAMPLES = 10_000
# Scales the median absolute deviation to the standard deviation of a normal distribution.
MAD_TO_SIGMA = 1.4826


def spread(values: list[float]) -> float:
    middle = statistics.median(values)
    return MAD_TO_SIGMA * statistics.median([abs(value - middle) for value in values])


def ratio_interval(above: list[float], below: list[float],
                   share: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval of median(above) / median(below).

    Entry i of both lists comes from round i, and rounds are drawn whole: what slowed a whole round
    down slowed both arms down.
    """
    if len(above) != len(below):
        raise ValueError(f"{len(above)} rounds against {len(below)}")
    draw = random.Random(0)
    rounds = range(len(above))
    ratios = []
    for _ in range(NUM_RESAMPLES):
        chosen = draw.choices(rounds, k=len(above))
        ratios.append(statistics.median(above[i] for i in chosen)
                      / statistics.median(below[i] for i in chosen))
    ratios.sort()
    outside = (1 - share) / 2
    last = NUM_RESAMPLES - 1
    return ratios[round(outside * last)], ratios[round((1 - outside) * last)]
