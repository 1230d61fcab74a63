"""Line charts as SVG, by hand: axes with units, a legend, colours that are seen on white and on black."""
import dataclasses
import html
import math

COLOURS = ["#2f81f7", "#d9822b", "#2da44e", "#bf5af2"]
INK = "#808890"
FONT = 'font-family="system-ui, sans-serif"'
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 34, 42  # around the plot
LEGEND_LINE = 15


@dataclasses.dataclass
class Axis:
    label: str
    logarithmic: bool = False

    def scale(self, values, begin, end):
        """A function from values to pixels, and the ticks."""
        low, high = min(values), max(values)
        if self.logarithmic:
            first = math.floor(math.log10(low) + 1e-9)
            last = max(math.ceil(math.log10(high) - 1e-9), first + 1)
            ticks = [10.0 ** power for power in range(first, last + 1)]
        else:
            step = nice_step(high)
            first, last = 0, math.ceil(high / step - 1e-9)
            ticks = [step * number for number in range(last + 1)]
        bottom, top = self._at(ticks[0]), self._at(ticks[-1])
        return lambda value: begin + (self._at(value) - bottom) / (top - bottom) * (end - begin), ticks

    def _at(self, value):
        return math.log10(value) if self.logarithmic else value


@dataclasses.dataclass
class Chart:
    title: str
    x: Axis
    y: Axis
    lines: dict  # name -> [(x, y), …]

    def svg(self, width, height):
        """A group, to be put where it belongs."""
        bottom = BOTTOM + LEGEND_LINE * ((len(self.lines) + 1) // 2)
        points = [point for line in self.lines.values() for point in line]
        x_of, x_ticks = self.x.scale([x for x, _ in points], LEFT, width - RIGHT)
        y_of, y_ticks = self.y.scale([y for _, y in points], height - bottom, TOP)
        yield text(LEFT, 18, self.title, size=13, weight=600)
        for tick in y_ticks:
            yield f'<path d="M{LEFT} {y_of(tick):.1f}H{width - RIGHT}" stroke="{INK}" stroke-opacity="0.25"/>'
            yield text(LEFT - 6, y_of(tick) + 4, short(tick), anchor="end")
        for tick in x_ticks:
            yield text(x_of(tick), height - bottom + 15, short(tick), anchor="middle")
        yield f'<path d="M{LEFT} {TOP}V{height - bottom}H{width - RIGHT}" stroke="{INK}" fill="none"/>'
        yield text((LEFT + width - RIGHT) / 2, height - bottom + 30, self.x.label, anchor="middle")
        middle = (TOP + height - bottom) / 2
        yield text(14, middle, self.y.label, anchor="middle", more=f' transform="rotate(-90 14 {middle:.0f})"')
        for number, (name, line) in enumerate(self.lines.items()):
            colour = COLOURS[number % len(COLOURS)]
            at = [(x_of(x), y_of(y)) for x, y in line]
            yield (f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in at)}" fill="none" stroke="{colour}" '
                   'stroke-width="2" stroke-linejoin="round"/>')
            for x, y in at:
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>'
            legend_x = LEFT + (number % 2) * (width - LEFT - RIGHT) / 2
            legend_y = height - bottom + 46 + LEGEND_LINE * (number // 2)
            yield f'<path d="M{legend_x:.0f} {legend_y - 4}h16" stroke="{colour}" stroke-width="3"/>'
            yield text(legend_x + 21, legend_y, name)


def picture(charts, columns, width, height, about):
    """All charts side by side, `columns` in a row."""
    rows = math.ceil(len(charts) / columns)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * width} {rows * height}" '
           f'width="{columns * width}" height="{rows * height}" role="img">')
    yield f"<title>{html.escape(about)}</title>"
    for number, chart in enumerate(charts):
        yield f'<g transform="translate({number % columns * width} {number // columns * height})">'
        yield from chart.svg(width, height)
        yield "</g>"
    yield "</svg>"


def text(x, y, words, size=11, anchor="start", weight=400, more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" {FONT} font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
            f'fill="{INK}"{more}>{html.escape(words)}</text>')


def nice_step(high, most=6):
    """1, 2 or 5 times a power of ten, so that at most so many of them reach `high`."""
    if high <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(high / most))
    return next(power * factor for factor in (1, 2, 5, 10) if high <= power * factor * most)


def short(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
