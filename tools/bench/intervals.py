"""How sure a figure is. Rounds differ: what is shown is their median, and the interval in which the true one lies with 95 %
certainty. A high percentile is of the samples of all rounds together, for those of one round are too few."""
import random
import statistics
from math import comb

CERTAINTY = 0.95
FEW = 6  # of fewer rounds no interval is so certain: it is all that there is
RESAMPLES = 300


def interval_of_median(values):
    """By the ranks of the rounds, so that it asks nothing of how they are spread: of nine rounds, the second to the eighth."""
    ordered = sorted(values)
    left_out, outside = 0, 2 / 2 ** len(ordered)
    while True:
        outside += 2 * comb(len(ordered), left_out + 1) / 2 ** len(ordered)
        if outside > 1 - CERTAINTY:
            break
        left_out += 1
    return [ordered[left_out], ordered[-1 - left_out]]


def pooled_ms(histograms, share=0.99):
    """Of all samples of these histograms of microseconds, which muster_load --histogram prints."""
    counts = {}
    for histogram in histograms:
        for microseconds, count in histogram:
            counts[microseconds] = counts.get(microseconds, 0) + count
    left = share * sum(counts.values())
    for microseconds in sorted(counts):
        left -= counts[microseconds]
        if left <= 0:
            return microseconds / 1000
    return 0


def pooled_ratio(ours, theirs, share=0.99):
    """The ratio of two pooled percentiles, and its interval: what it would have been, had some of the rounds come more often
    and others not at all."""
    ratio = pooled_ms(ours, share) / pooled_ms(theirs, share)
    if len(ours) < FEW:
        each = [pooled_ms([a], share) / pooled_ms([b], share) for a, b in zip(ours, theirs)]
        return ratio, [min(each + [ratio]), max(each + [ratio])]
    chance = random.Random(1)  # the same figures give the same interval
    found = []
    for _ in range(RESAMPLES):
        rounds = chance.choices(range(len(ours)), k=len(ours))
        found.append(pooled_ms([ours[at] for at in rounds], share) / pooled_ms([theirs[at] for at in rounds], share))
    cuts = statistics.quantiles(found, n=40)
    return ratio, [cuts[0], cuts[-1]]
