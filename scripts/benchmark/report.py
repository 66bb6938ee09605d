"""What was measured, as a table on the terminal, as docs/performance.md, and as a picture of time and memory over the sizes."""

import math
from dataclasses import dataclass
from html import escape

MIB = 1 << 20
# Catalogues in the database, such with many store views, and files.
KINDS = ("shop", "views", "files")


@dataclass
class Row:
    """One measurement: the catalogue, the work, and what it took. Times are seconds, sizes bytes; None was not measured."""

    shop: str
    work: str
    items: int
    wall: float
    cpu: float
    peak_memory: int = None
    written: int = None
    ledger: int = None

    @property
    def kind(self):
        return "files" if self.shop.startswith("files") else "views" if "store views" in self.shop else "shop"


@dataclass
class Outcome:
    """A ratio that was checked."""

    what: str
    measured: float
    at_most: float
    unit: str = "×"

    @property
    def is_missed(self):
        return self.measured > self.at_most


HEAD = ("catalogue", "work", "items", "wall s", "CPU s", "µs CPU an item", "peak MiB", "written MB", "ledger MB")


def cells(row):
    size = lambda value, unit: "" if value is None else "%.0f" % (value / unit)
    return (row.shop, row.work, "{:,}".format(row.items), "%.2f" % row.wall, "%.2f" % row.cpu,
            # Of a handful of items it would be the start of the process.
            "%.1f" % (row.cpu / row.items * 1e6) if row.items >= 1000 else "",
            size(row.peak_memory, MIB), size(row.written, 1e6), size(row.ledger, 1e6))


def outcome_cells(outcome):
    number = lambda value: ("%.2f %s" if outcome.unit == "×" else "%.1f %s") % (value, outcome.unit)
    return (outcome.what, number(outcome.measured), number(outcome.at_most), "missed" if outcome.is_missed else "ok")


OUTCOME_HEAD = ("ratio", "measured", "at most", "")


def plain(head, lines):
    """A table for the terminal: the first two columns to the left, numbers to the right."""
    lines = [head, *lines]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    words = 2 if head is HEAD else 1
    return "\n".join("  ".join(cell.ljust(width) if i < words else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def markdown(head, lines):
    words = 2 if head is HEAD else 1
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *lines])


def text(rows, outcomes, notes):
    """All of it for the terminal."""
    return "\n".join([plain(HEAD, map(cells, rows)), "", plain(OUTCOME_HEAD, map(outcome_cells, outcomes)), "", *notes])


def page(rows, outcomes, notes, machine, date):
    """docs/performance.md."""
    return """# Performance

What an export takes, beside what it could take at best. `scripts/bench` measures all of it in one run on one machine and writes this page; it
fails when a ratio is missed. The figures of other parts are in [Speed](speed.md).

Measured on %s, %s. Database, program and gateway share the machine.

![Wall time and peak memory over the number of items](pictures/performance.svg)

%s

## Ratios

%s

Absolute times depend on the machine and on what else runs there; the ratios are of one run. CPU time counts the work itself, whoever else had the
processor. Wall time much longer than CPU time means waiting: for the database, the disk, the gateway or another process. It can also be shorter, because
the program reads, compares and sends at the same time. *Growth* is the time at the largest size divided by the time at the smallest, over the same
quotient of their items: 1 is linear.

## What each line is

| work | |
|---|---|
| raw read | every row of the five value tables of products, by the server's own client, thrown away; CPU is the client's |
| queries alone | what *nothing changed* asks the database for, asked again by two of the server's own clients and thrown away; CPU is theirs |
| dry run | `export run --dry-run` of the products feed with an empty ledger; without `--partial`, lint looks at what is read |
| first sync | the same without `--dry-run`: everything is new and is sent to a gateway that answers at once |
| nothing changed | the same again |
| 1 %% changed | the same after one of a hundred added products got another name |
| 1 %% changed, from the log | the same names changed back, named by Commerce's change log, read by `--partial --full-within off` |
| send limit | the bodies of the first sync, posted again over one connection by a client that does nothing else |
| compute limit | JSON, SHA-1 and gzip of the same items by Python's C libraries, on one core |
| plain exporter | `scripts/benchmark/exporter.py`: pymysql, PyJWT and requests, 100 items a batch, fewer fields, no ledger |

CPU, memory and bytes are of the program's process only, not of the database server or the gateway. Peak memory is the largest resident set, *written* what
the process had the disk write. The *files* catalogues are NDJSON files of made-up products of about 530 bytes; the others are a sample catalogue
multiplied in MariaDB.

## Notes

%s

Run it again with:

```sh
cargo build --profile dist
scripts/bench                                  # 100,000 products
scripts/bench --products 1000000 --files 10000000
```
""" % (machine, date, markdown(HEAD, map(cells, rows)), markdown(OUTCOME_HEAD, map(outcome_cells, outcomes)),
       "\n".join("- " + note for note in notes))


# The picture: two panels over a logarithmic axis of items; time is logarithmic too, memory begins at 0.
WIDTH, HEIGHT, LEFT, TOP = 380, 290, 60, 44
LINES = {"raw read": "#6e7781", "nothing changed": "#0969da", "dry run": "#8250df", "first sync": "#cf222e", "plain exporter": "#9a6700"}


def picture(rows):
    """Wall time and peak memory over the number of items, as SVG."""
    series = {}
    for row in rows:
        if row.work in LINES:
            series.setdefault((row.work, row.kind), []).append(row)
    items = [row.items for line in series.values() for row in line]
    columns = powers(items)
    times = powers([row.wall for line in series.values() for row in line])
    most = 50 * math.ceil(max(row.peak_memory or 0 for line in series.values() for row in line) / MIB / 50)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 400" font-family="sans-serif" font-size="12">',
             "<title>Wall time and peak memory over the number of items</title>",
             '<rect width="960" height="400" rx="6" fill="#ffffff"/>']
    parts += panel(0, "Wall time, seconds, over items", series, columns, lambda row: row.wall, [10 ** power for power in times],
                   lambda value: (math.log10(value) - times[0]) / (len(times) - 1))
    parts += panel(480, "Peak memory, MiB, over items", series, columns, lambda row: row.peak_memory and row.peak_memory / MIB,
                   range(0, most + 1, 50), lambda value: value / most)
    x = LEFT
    for work, colour in LINES.items():
        if any(key[0] == work for key in series):
            parts.append('<circle cx="%d" cy="380" r="4" fill="%s"/><text x="%d" y="384">%s</text>' % (x, colour, x + 9, escape(work)))
            x += 30 + 7 * len(work)
    parts.append('<text x="900" y="384" fill="#57606a" text-anchor="end">solid: database · dashed: files · ring: many store views</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def powers(values):
    """The powers of ten from below the least of these values to above the greatest."""
    first = math.floor(math.log10(min(values)))
    return range(first, max(math.ceil(math.log10(max(values))), first + 1) + 1)


def panel(left, title, series, columns, value_of, ticks, height_of):
    """One panel of the picture: `height_of` gives the place of a value between 0, below, and 1, above."""
    left, bottom = left + LEFT, TOP + HEIGHT
    across = lambda items: left + (math.log10(items) - columns[0]) / (len(columns) - 1) * WIDTH
    down = lambda value: bottom - height_of(value) * HEIGHT
    parts = ['<text x="%d" y="26" font-size="14" font-weight="bold">%s</text>' % (left, title)]
    for power in columns:
        x = across(10 ** power)
        parts.append('<line x1="%.0f" y1="%d" x2="%.0f" y2="%d" stroke="#d0d7de"/>' % (x, TOP, x, bottom))
        parts.append('<text x="%.0f" y="%d" text-anchor="middle">%s</text>' % (x, bottom + 18, "{:,}".format(10 ** power)))
    for tick in ticks:
        y = down(tick)
        parts.append('<line x1="%d" y1="%.0f" x2="%d" y2="%.0f" stroke="#d0d7de"/>' % (left, y, left + WIDTH, y))
        parts.append('<text x="%d" y="%.0f" text-anchor="end">%g</text>' % (left - 6, y + 4, tick))
    for (work, kind), line in series.items():
        points = [(across(row.items), down(value)) for row in sorted(line, key=lambda row: row.items) if (value := value_of(row))]
        if len(points) > 1:
            parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>' % (
                " ".join("%.1f,%.1f" % point for point in points), LINES[work], ' stroke-dasharray="5 4"' if kind == "files" else ""))
        fill = "#ffffff" if kind == "views" else LINES[work]
        parts += ['<circle cx="%.1f" cy="%.1f" r="4" fill="%s" stroke="%s" stroke-width="2"/>' % (*point, fill, LINES[work]) for point in points]
    return parts
