"""A figure of the benchmark: what was measured in every round, what it is compared with, and which budget it has to meet."""
import dataclasses
import statistics


@dataclasses.dataclass
class Budget:
    """`of` says what has to meet it: the ratio, or the value itself."""
    of: str
    limit: float
    at_least: bool

    def met_by(self, number):
        return number >= self.limit if self.at_least else number <= self.limit

    def text(self, unit):
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{'' if self.of == 'ratio' else ' ' + unit}"


def ratio_at_least(limit):
    return Budget("ratio", limit, True)


def ratio_at_most(limit):
    return Budget("ratio", limit, False)


def at_most(limit):
    return Budget("value", limit, False)


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

    @property
    def value(self):
        return statistics.median(self.values) if self.values else None

    @property
    def ratio(self):
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def met(self):
        """None: there is nothing to meet."""
        number = self.ratio if self.budget and self.budget.of == "ratio" else self.value
        return None if self.budget is None or number is None else self.budget.met_by(number)

    def as_json(self):
        return {**dataclasses.asdict(self), "value": self.value, "ratio": self.ratio, "met": self.met}


def from_json(document):
    fields = {field.name: document[field.name] for field in dataclasses.fields(Figure)}
    fields["budget"] = Budget(**fields["budget"]) if fields["budget"] else None
    return Figure(**fields)


def missing(part, what, why):
    """A row that says why it is empty."""
    return Figure(part, what, "", 0, "", [], note=why)


def number_text(value):
    """Three digits that count, no more than a reader compares."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread_text(values):
    return f"{number_text(min(values))}–{number_text(max(values))}" if len(values) > 1 else ""


def size_text(workers):
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if workers >= size and workers % size == 0:
            return f"{workers // size}{letter}"
    return f"{workers:,}" if workers else ""


VERDICTS = {None: "", True: "met", False: "MISSED"}


def table(figures):
    """The first row is the head."""
    yield ["what", "shape", "workers", "figure", "least–most", "ratio", "least–most", "to", "budget", ""]
    for figure in figures:
        if figure.note:
            yield [figure.what, figure.shape, size_text(figure.workers), figure.note, "", "", "", "", "", ""]
            continue
        ratio = [number_text(figure.ratio), spread_text(figure.ratios)] if figure.ratios else ["", ""]
        budget = figure.budget.text(figure.unit) if figure.budget else ""
        yield [figure.what, figure.shape, size_text(figure.workers), f"{number_text(figure.value)} {figure.unit}",
               spread_text(figure.values), *ratio, figure.to, budget, VERDICTS[figure.met]]


COSTS = {"cpu_us": "CPU µs", "later_us": "later µs", "wire_bytes": "wire B", "disk_bytes": "disk B", "refused_percent": "refused %", "p50_ms": "p50 ms", "p99_ms": "p99 ms",
         "p999_ms": "p99.9 ms"}


def cost_table(figures):
    """What one item cost the server, and how long its caller waited."""
    yield ["what", "shape", "workers", *COSTS.values()]
    for figure in figures:
        if figure.costs:
            yield [figure.what, figure.shape, size_text(figure.workers),
                   *(number_text(figure.costs[cost]) if cost in figure.costs else "" for cost in COSTS)]
