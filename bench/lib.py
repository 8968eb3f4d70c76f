# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all benchmarks share: options, medians, the one JSON object, tables.

A benchmark collects every measured value under its figure's name (the unit is
in the name) in a Result; medians and ratios are made from that at the end.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent


class Failed(Exception):
    """Something a person should read as a few lines; no traceback."""


def program():
    """The xensnap to measure: what ./dev built, or $XENSNAP_BIN."""
    path = pathlib.Path(os.environ.get("XENSNAP_BIN")
                        or TOP / "build/dev/src/xensnap")
    if not path.exists():
        raise Failed(f"{path} is not there: ./dev build")
    return path


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
    linux = ".".join(os.uname().release.split(".")[:2])
    text = (f"{len(os.sched_getaffinity(0))} CPUs ({model}), {gib:.0f} GiB, "
            f"Linux {linux}")
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


def main(name, about, measure, *options):
    """The whole of a benchmark: measure(args) makes a Result.

    options: names and keywords for argparse, beside --json and --runs.
    """
    parser = argparse.ArgumentParser(description=about, prog=f"bench/{name}")
    parser.add_argument("--json", action="store_true",
                        help="one JSON object instead of tables")
    parser.add_argument("--runs", type=int, default=5, metavar="N",
                        help="rounds that count (default: 5)")
    for names, keywords in options:
        parser.add_argument(*names, **keywords)
    args = parser.parse_args()
    if args.runs < 1:
        parser.error("--runs: at least 1")
    end_on_signals()
    try:
        result = measure(args)
    except (Failed, OSError) as e:
        say(f"bench/{name}: {e}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    print(result.json() if args.json else result.text())
