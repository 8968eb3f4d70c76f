#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which lines and branches of src/ the tests reach: gcov, of a build of its own.

Called by ./dev coverage.  What only a test in the lab reaches counts as not
reached, and so does what a process did that was killed: it writes no counts.  A
test that fails here, and not in ./dev check, is one that hears what gcov says.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
from collections import defaultdict

import check
import tap
from check import OUT, TOP

SUITES = ["unit", "fuzz", "cli", "sim", "offline"]
# It stops processes, and one that is stopped while it writes its counts has all
# others wait for it.
NOT = {"test_repo_signals.py"}
NAME = "coverage"
BUILD = OUT / NAME


class Counts:
    """Of one source: {line: how often}, {(line, nth branch): how often}."""

    def __init__(self):
        self.lines = defaultdict(int)
        self.branches = defaultdict(int)

    def add(self, lines):
        for line in lines:
            n = line["line_number"]
            self.lines[n] += line["count"]
            for i, branch in enumerate(line["branches"]):
                self.branches[n, i] += branch["count"]


def build():
    """The programs, none of which has been run."""
    check.BUILDS[NAME] = ("gcc", [
        "-Db_coverage=true", "-Dbuildtype=debug", "-Dsim=true",
        "-Dfail_points=true"])
    for name in NAME, "bare":
        result = check.build(name)
        check.tell(result)
        if result.failed:
            sys.exit(1)
    for old in BUILD.rglob("*.gcda"):
        old.unlink()


def programs(suite):
    """Those of @suite, in our build."""
    patterns = [p.replace("check/san/", f"check/{NAME}/")
                .replace("check/clang/", f"check/{NAME}/")
                for p in check.SUITES[suite][1]]
    return [p for p in check.programs(patterns, False) if p.name not in NOT]


def run(suite, path):
    env = check.environment(NAME, False)
    env["XENSNAP_CLANG"] = env["XENSNAP_BIN"]
    env["XENSNAP_COVERAGE"] = "1"
    return tap.run(f"{NAME}/{path.name}", path, env, 3600, OUT, TOP)


def run_all(suites):
    jobs = [(suite, path) for suite in suites for path in programs(suite)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(lambda job: run(*job), jobs):
            check.tell(result)


def collect():
    """{path beneath src/: its counts}"""
    found = defaultdict(Counts)
    for notes in sorted((BUILD / "src").rglob("*.gcda")):
        out = subprocess.run(
            ["gcov", "--json-format", "--stdout", "-b", str(notes)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
            cwd=BUILD).stdout
        for text in out.splitlines():
            for file in json.loads(text)["files"]:
                path = (BUILD / file["file"]).resolve()
                if path.is_relative_to(TOP / "src"):
                    found[str(path.relative_to(TOP / "src"))].add(
                        file["lines"])
    return found


def share(counts):
    """"reached of all, in percent"."""
    reached = sum(1 for n in counts if n)
    return f"{100 * reached / len(counts) if counts else 100:6.1f} %" \
        f" of {len(counts):6}"


def tell(found, rooms):
    """A line for each room, and one for each file of those in @rooms."""
    by_room = defaultdict(list)
    for path in sorted(found):
        by_room[path.split("/")[0]].append(path)
    print(f"{'':28} {'lines':>17} {'branches':>17}")
    for room, paths in by_room.items():
        for name, some in [(room, paths)] + [
                ("  " + pathlib.Path(p).name, [p]) for p in paths
                if room in rooms]:
            lines = [n for p in some for n in found[p].lines.values()]
            branches = [n for p in some for n in found[p].branches.values()]
            print(f"{name:28} {share(lines)} {share(branches)}")


def tell_missing(found, rooms):
    """Each line of @rooms that nobody reached."""
    for path in sorted(found):
        if path.split("/")[0] not in rooms:
            continue
        text = (TOP / "src" / path).read_text().splitlines()
        for n in sorted(found[path].lines):
            if not found[path].lines[n]:
                print(f"src/{path}:{n}:{text[n - 1]}")


def main():
    parser = argparse.ArgumentParser(
        prog="./dev coverage", description=__doc__.splitlines()[0],
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog="""\
examples:
  ./dev coverage                      all suites that need no lab; a table of rooms
  ./dev coverage unit                 one of them
  ./dev coverage --again --room seal  no test; what the last run reached of a room
  ./dev coverage --again --room seal --missing
                                      and each line that it did not""")
    parser.add_argument("suite", nargs="*",
                        help=f"default: {' '.join(SUITES)}")
    parser.add_argument("--again", action="store_true",
                        help="run nothing: tell what the last run reached")
    parser.add_argument("--room", action="append", default=[],
                        help="tell of each file of this folder of src/")
    parser.add_argument("--missing", action="store_true",
                        help="print the lines of the rooms that were not reached")
    args = parser.parse_args()
    for suite in set(args.suite) - set(SUITES):
        parser.error(f"'{suite}' is none of {' '.join(SUITES)}")
    if args.missing and not args.room:
        parser.error("--missing goes with --room")
    if not args.again:
        tap.hear_signals()
        build()
        run_all(args.suite or SUITES)
    found = collect()
    if not found:
        sys.exit("coverage: nothing was run yet: leave --again out")
    tell(found, args.room)
    if args.missing:
        tell_missing(found, args.room)


main()
