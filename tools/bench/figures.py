"""A figure of the benchmark: what was measured in every round, what it is compared with, and which budget it has to meet."""
import dataclasses
import statistics

from budgets import BUDGETS, Budget
from intervals import interval_of_median, pooled_ms, pooled_ratio


LEAST_ROUNDS = 3  # of fewer, nobody can say whether a ratio meets its budget


@dataclasses.dataclass
class Figure:
    part: str  # the part of the benchmark that measured it: --only PART
    what: str
    shape: str
    workers: int
    unit: str
    values: list  # one of each round
    to: str = ""  # what the ratios are taken to
    ratios: list = dataclasses.field(default_factory=list)  # one of each round, so that what drifts drops out
    budget: Budget = None
    costs: dict = dataclasses.field(default_factory=dict)  # cpu_us, later_us, p50_ms …, each for one item
    note: str = ""  # instead of figures: why there are none
    pooled: dict = dataclasses.field(default_factory=dict)  # of all rounds at once, instead of a median: value, ratio, interval

    @property
    def value(self):
        return self.pooled.get("value") or (statistics.median(self.values) if self.values else None)

    @property
    def ratio(self):
        return self.pooled.get("ratio") or (statistics.median(self.ratios) if self.ratios else None)

    @property
    def interval(self):
        """Of the ratio, or of the value where there is none."""
        return self.pooled.get("interval") or (interval_of_median(self.ratios or self.values) if self.values else None)

    @property
    def verdict(self):
        """"": there is nothing to meet, or it was not measured."""
        if self.budget is None or not (self.ratios if self.budget.reference else self.values):
            return ""
        if self.budget.reference and len(self.ratios) < LEAST_ROUNDS:
            return "open"
        return self.budget.verdict(self.interval)

    def as_json(self):
        return {**dataclasses.asdict(self), "value": self.value, "ratio": self.ratio, "interval": self.interval,
                "verdict": self.verdict}


def from_json(document):
    fields = {field.name: document[field.name] for field in dataclasses.fields(Figure)}
    fields["budget"] = Budget(**fields["budget"]) if fields["budget"] else None
    return Figure(**fields)


def missing(part, what, why, budget=None):
    """A row that says why it is empty."""
    return Figure(part, what, "", 0, "", [], note=why, budget=budget)


def compared(ours, theirs):
    """The ratios of two figures that took turns."""
    return [a / b for a, b in zip(ours, theirs)]


def p99_figure(part, what, shape, workers, rounds, reference=None, to="", budget=None):
    """Of rounds of muster_load --histogram: the p99 of all their samples, in ms."""
    histograms = [figure["histogram_us"] for figure in rounds]
    figure = Figure(part, what, shape, workers, "ms", [pooled_ms([each]) for each in histograms],
                    pooled={"value": pooled_ms(histograms)}, budget=budget)
    if reference:
        theirs = [each["histogram_us"] for each in reference]
        ratio, interval = pooled_ratio(histograms, theirs)
        figure.to, figure.ratios = to, compared(figure.values, [pooled_ms([each]) for each in theirs])
        figure.pooled.update(ratio=ratio, interval=interval)
    return figure


def number_text(value):
    """Three digits that count, no more than a reader compares."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def interval_text(interval):
    low, high = (number_text(end) for end in interval)
    return "" if low == high else f"{low}–{high}"


def size_text(workers):
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if workers >= size and workers % size == 0:
            return f"{workers // size}{letter}"
    return f"{workers:,}" if workers else ""


def with_budgets(figures):
    """In the order of the budgets."""
    order = {(budget.what, budget.reference): place for place, budget in enumerate(BUDGETS.values())}
    return sorted((figure for figure in figures if figure.budget is not None),
                  key=lambda figure: order.get((figure.budget.what, figure.budget.reference), len(order)))


def budget_table(figures):
    """What has to hold: the first row is the head."""
    yield ["what", "workers", "figure", "to", "ratio", "interval", "budget", "dream", ""]
    for figure in with_budgets(figures):
        head = [figure.budget.what, size_text(figure.workers)]
        limits = [figure.budget.text(figure.budget.limit), figure.budget.text(figure.budget.dream)]
        if figure.note or figure.value is None:
            yield [*head, figure.note, figure.budget.reference, "", "", *limits, "not measured"]
            continue
        ratio = number_text(figure.ratio) if figure.ratios else ""
        yield [*head, f"{number_text(figure.value)} {figure.unit}", figure.budget.reference, ratio,
               interval_text(figure.interval), *limits, figure.verdict]


def table(figures):
    """All that was measured."""
    yield ["what", "shape", "workers", "figure", "interval", "ratio", "interval", "to"]
    for figure in figures:
        head = [figure.what, figure.shape, size_text(figure.workers)]
        if figure.note:
            yield [*head, figure.note, "", "", "", ""]
            continue
        ratio = [number_text(figure.ratio), interval_text(figure.interval)] if figure.ratios else ["", ""]
        yield [*head, f"{number_text(figure.value)} {figure.unit}", interval_text(interval_of_median(figure.values)), *ratio,
               figure.to]


def verdicts(figures):
    """How many are met, open, missed and not measured."""
    judged = [figure.verdict or "not measured" for figure in with_budgets(figures)]
    return {verdict: judged.count(verdict) for verdict in ("met", "open", "MISSED", "not measured") if verdict in judged}


COSTS = {"cpu_us": "CPU µs", "later_us": "later µs", "wire_bytes": "wire B", "disk_bytes": "disk B", "refused_percent": "refused %",
         "p50_ms": "p50 ms", "p99_ms": "p99 ms", "p999_ms": "p99.9 ms"}


def cost_table(figures):
    """What one item cost the server, and how long its caller waited."""
    yield ["what", "shape", "workers", *COSTS.values()]
    for figure in figures:
        if figure.costs:
            yield [figure.what, figure.shape, size_text(figure.workers),
                   *(number_text(figure.costs[cost]) if cost in figure.costs else "" for cost in COSTS)]
