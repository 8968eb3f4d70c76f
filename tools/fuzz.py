#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Give each decoder what libFuzzer makes up, for a while each.

Called by ./dev fuzz.  Builds the targets of fuzz/ with clang, ASan and UBSan
in build/fuzz/, and starts each from its corpus, fuzz/corpus/TARGET/.  New
inputs that reach further are kept in build/fuzz/found/TARGET/, for the next
time; inputs that are findings, in build/fuzz/findings/.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import tap

TOP = pathlib.Path(__file__).resolve().parent.parent
FUZZ = TOP / "fuzz"
OUT = TOP / "build" / "fuzz"
FINDINGS = OUT / "findings"

OPTIONS = ["-Dfuzz=true", "-Dsim=true", "-Dtests=disabled",
           "-Db_sanitize=address,undefined", "-Db_lundef=false"]
# A time by the clock: other work may hold one up for long.
LIMITS = ["-rss_limit_mb=1024", "-timeout=60", "-max_len=4096"]
# It keeps a repository from one input to the next, which libFuzzer would take
# for a leak each time; what leaks in the end is still told.
# A page alone is as long as the others' limit.
LIMITS_OF = {"map": ["-detect_leaks=0"], "memory": ["-max_len=32768"]}
EXAMPLES = """examples:
  ./dev fuzz                          all targets, a minute each
  ./dev fuzz --seconds 3600 head map  two of them, an hour each
  ./dev fuzz --seconds 3600 --runs 1000000
                                      all, until each has had a million, or an
                                      hour
  ./dev fuzz --list                   which there are
  ./dev fuzz --merge head             what was found goes into the corpus, as
                                      far as it reaches further
"""


def targets():
    """Their names: fuzz/corpus/NAME/, and the sources of the same names."""
    return sorted(p.name for p in (FUZZ / "corpus").iterdir() if p.is_dir())


def program(target):
    return OUT / "fuzz" / f"fuzz_{target}"


def shown(path):
    """A path as a person at the top of the tree would write it."""
    return str(path.relative_to(TOP))


def build(names):
    log = OUT.parent / "fuzz.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    env = dict(os.environ, CC="clang")
    for var in ("CFLAGS", "CPPFLAGS", "LDFLAGS"):
        env.pop(var, None)
    ok = True
    if not (OUT / "build.ninja").exists():
        ok = tap.logged(["meson", "setup", str(OUT), *OPTIONS], log, env, TOP)
    goals = [shown(program(n)).split("/", 2)[2] for n in names]
    if not ok or not tap.logged(["ninja", "-C", str(OUT), *goals], log, env,
                                TOP):
        print("\n".join(tap.tail(log, 20)), file=sys.stderr)
        sys.exit(f"fuzz: the build failed: see {shown(log)}")


def environment(folder):
    return dict(os.environ, TMPDIR=folder,
                ASAN_OPTIONS="detect_stack_use_after_return=1",
                UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")


def command(target, more):
    """libFuzzer's command line, without the folders of inputs."""
    argv = [str(program(target)), *LIMITS, *LIMITS_OF.get(target, []), *more,
            f"-artifact_prefix={FINDINGS}/{target}-"]
    words = FUZZ / "dict" / f"{target}.dict"
    return argv + ([f"-dict={words}"] if words.exists() else [])


def folders(target):
    """Where new inputs go, and where they came from."""
    found = OUT / "found" / target
    found.mkdir(parents=True, exist_ok=True)
    return found, FUZZ / "corpus" / target


def run(argv, log):
    """Run libFuzzer; its files are in memory where that is possible."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        with open(log, "wb") as f:
            return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=f,
                                  stderr=f, env=environment(folder),
                                  check=False).returncode


def tell_finding(target, log, new):
    for line in tap.matching(log, r"ERROR|must be|runtime error|SUMMARY", 6):
        print(f"    {line}")
    for path in new or [log]:
        print(f"    see {shown(path)}")
    for path in new:
        print(f"    again: {shown(program(target))} {shown(path)}")


def fuzz(target, seconds, runs):
    """How often @target was called; and whether that was without a finding.

    It ends after @runs calls (-1: never) or @seconds, whichever is first.
    """
    log = OUT / f"{target}.log"
    before = set(FINDINGS.glob(f"{target}-*"))
    status = run(command(target, [f"-max_total_time={seconds}", f"-runs={runs}",
                                  "-print_final_stats=1"])
                 + [str(f) for f in folders(target)], log)
    # Line by line: such a log can have hundreds of MiB, and libFuzzer takes
    # the most memory that its parent ever had for its own.
    n = sum(int(line.split()[-1]) for line in
            tap.matching(log, r"^stat::number_of_executed_units: *\d+$", 1))
    good = status == 0 and n > 0
    print(f"  {'ok' if good else 'FINDING':7} {target}: {n} executions",
          flush=True)
    if not good:
        tell_finding(target, log,
                     sorted(set(FINDINGS.glob(f"{target}-*")) - before))
    return n, good


def merge(target):
    """The corpus becomes the fewest inputs that reach as far."""
    found, corpus = folders(target)
    with tempfile.TemporaryDirectory(dir=OUT) as new:
        log = OUT / f"{target}-merge.log"
        argv = command(target, ["-set_cover_merge=1", "-use_counters=0"])
        if run([*argv, new, str(corpus), str(found)], log):
            sys.exit(f"fuzz: {target} was not merged: see {shown(log)}")
        kept = list(pathlib.Path(new).iterdir())
        for old in corpus.iterdir():
            # What was a finding once stays: it is what the test is for.  So
            # do seeds whose way through a library libFuzzer does not see.
            if not old.name.startswith(("finding-", "seed-")):
                old.unlink()
        for path in kept:
            shutil.copyfile(path, corpus / path.name[:16])
    files = list(corpus.iterdir())
    size = sum(p.stat().st_size for p in files)
    print(f"  {target}: {len(files)} inputs, {size} bytes")


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev fuzz", epilog=EXAMPLES,
        description="Give each decoder what libFuzzer makes up.",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, metavar="N",
                        help="for each target (60)")
    parser.add_argument("--runs", type=int, default=-1, metavar="N",
                        help="and no more than N executions of each")
    parser.add_argument("--merge", action="store_true",
                        help="do not fuzz: make the corpus anew of itself and "
                        "of what was found")
    parser.add_argument("--list", action="store_true",
                        help="print the targets, and end")
    parser.add_argument("target", nargs="*", help="default: all")
    args = parser.parse_args()
    if args.seconds < 1:
        parser.error("--seconds is at least 1")
    if args.runs == 0 or args.runs < -1:
        parser.error("--runs is at least 1")
    for name in args.target:
        if name not in targets():
            parser.error(f"no target is called '{name}'; ./dev fuzz --list "
                         "tells which there are")
    return args


def main():
    args = arguments()
    names = args.target or targets()
    if args.list:
        print("\n".join(names))
        return
    build(names)
    FINDINGS.mkdir(exist_ok=True)
    if args.merge:
        for name in names:
            merge(name)
        return
    begin = time.monotonic()
    results = {name: fuzz(name, args.seconds, args.runs)
               for name in names}
    bad = [name for name, (_, good) in results.items() if not good]
    print(f"{len(names)} targets, {sum(n for n, _ in results.values())} "
          f"executions (fewest: {min(n for n, _ in results.values())}), "
          f"{len(bad)} with findings{''.join(' ' + b for b in bad)}, "
          f"{(time.monotonic() - begin) / 60:.1f} minutes")
    sys.exit(1 if bad else 0)


try:
    main()
except KeyboardInterrupt:
    sys.exit("fuzz: interrupted")
