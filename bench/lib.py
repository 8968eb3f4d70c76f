# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all benchmarks share: medians, the machine, the one JSON object, tables.

A benchmark collects every measured value under its figure's name (the unit is
in the name) in a Result; medians and ratios are made from that at the end.
"""

import json
import os
import signal
import statistics
import sys


def say(text):
    """Progress, for a person: never mixed with results."""
    print(text, file=sys.stderr, flush=True)


def end_on_signals():
    """Let SIGTERM and SIGHUP end us the way an error does.

    Python's default is to die on the spot: what `finally` and `with` would
    have cleared away (a lab, a directory) would stay.
    """
    def leave(number, _frame):
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, leave)


def machine(extra=""):
    """This machine in one line, without its name."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    text = (f"{len(os.sched_getaffinity(0))} CPUs ({model}), {gib:.0f} GiB, "
            f"Linux {os.uname().release}")
    return f"{text}; {extra}" if extra else text


def number(value):
    """A figure as people read it."""
    if value >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head, rows):
    """Columns as wide as they must be; the first to the left, the others to
    the right."""
    cells = [head] + rows
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        lines.append("  ".join(
            [row[0].ljust(widths[0])]
            + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]).rstrip())
    return "\n".join(lines)


class Result:
    """All values that a benchmark measured, by the figure's name."""

    def __init__(self, bench, runs, extra=""):
        self.bench = bench
        self.runs = runs
        self.machine = machine(extra)
        self.values = {}
        self._ratios = []

    def add(self, name, value):
        """One measured value of a figure."""
        self.values.setdefault(name, []).append(float(value))

    def ratio(self, name, over, under, goal=""):
        """Declare a ratio of two figures' medians."""
        self._ratios.append((name, over, under, goal))

    def median(self, name):
        """The figure: a median of all its values."""
        return statistics.median(self.values[name])

    def ratios(self):
        """Name, value and goal of those ratios that can be told."""
        return [(name, self.median(over) / self.median(under), goal)
                for name, over, under, goal in self._ratios
                if over in self.values and under in self.values
                and self.median(under) > 0]

    def json(self):
        """The one object; figures are medians."""
        return json.dumps({
            "bench": self.bench, "machine": self.machine, "runs": self.runs,
            "figures": {name: round(self.median(name), 4)
                        for name in self.values},
            "ratios": {name: round(value, 4)
                       for name, value, _goal in self.ratios()},
        }, indent=1)

    def text(self):
        """The same for a person, with the spread."""
        rows = [[name, number(self.median(name)), number(min(values)),
                 number(max(values)), str(len(values))]
                for name, values in self.values.items()]
        parts = [f"{self.bench}: {self.runs} runs on {self.machine}", "",
                 table(["figure", "median", "least", "most", "n"], rows)]
        ratios = [[name, f"{value:.2f}", goal]
                  for name, value, goal in self.ratios()]
        if ratios:
            parts += ["", table(["ratio", "value", "goal"], ratios)]
        return "\n".join(parts)

    def tell(self, as_json):
        """On stdout, as asked for."""
        print(self.json() if as_json else self.text())
