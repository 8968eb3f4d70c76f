#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Build with every compiler and option, run every test, count the cases.

Called by ./dev check.  Every test program prints TAP; so do the builds and the
lint, in effect.  doc/testing.md tells what belongs where.  The last line is
"N passed, N failed, N skipped", and the exit status is 1 if anything failed.
"""
import argparse
import concurrent.futures
import itertools
import os
import pathlib
import shutil
import sys
import time

import tap

TOP = pathlib.Path(__file__).resolve().parent.parent
OUT = TOP / "build" / "check"

# What is built, and how.  "clang", "fail" and "san" have the places at which a
# test can kill the program, "clang" and "san" the simulated host.
BUILDS = {
    "gcc": ("gcc", []),
    "clang": ("clang", ["-Dsim=true", "-Dfail_points=true"]),
    "bare": ("gcc", ["-Dxen=disabled", "-Dlvm=disabled"]),
    "fail": ("gcc", ["-Dfail_points=true"]),
    "san": ("gcc", ["-Db_sanitize=address,undefined", "-Dbuildtype=debug",
                    "-Dsim=true", "-Dfail_points=true"]),
}

# Suite: the builds it needs (the first is XENSNAP_BIN), what it runs, seconds
# for each program.
SUITES = {
    "build": (list(BUILDS), None, 1800),
    "lint": (["gcc"], ["tools/lint.py"], 1800),
    "unit": (["san"], ["build/check/san/test/unit/test_*"], 300),
    "fuzz": (["san"], ["test/fuzz/test_*"], 300),
    "cli": (["san", "bare"], ["test/cli/*.sh", "test/cli/*.py"], 300),
    "model": ([], ["test/model/test_*"], 1800),
    "witness": (["gcc"], ["test/witness/*"], 600),
    # Those of sim_repo take ten times as long with sanitizers.
    "sim": (["san", "clang"], ["test/sim/*.sh", "test/sim/test_*",
                               "build/check/clang/test/sim_repo/test_*"],
            1800),
    "offline": (["san", "bare", "clang"], ["test/offline/test_*"], 1800),
    "lab": (["fail"], ["test/lab/*.sh"], 3600),
    "plain": (["fail"], ["test/plain/*.sh"], 3600),
    "xen": (["fail"], ["test/xen/*.sh"], 3600),
}
# Their programs have folders of their own and run side by side: many use one
# processor, as a lab without Xen does.  Those with Xen would only be in each
# other's way, and each of lint's and the builds uses all processors by itself.
SIDE_BY_SIDE = ["unit", "fuzz", "cli", "model", "witness", "sim", "offline",
                "lab", "plain"]
# Said by a test that failed for a fault of the lab's emulated CPU
# (lab/README.md).  It is run once more, and that counts.
ENDED_BY_CPU = r"^# the emulated CPU ended guest "
WRONG = r"error:|warning:|ERROR|undefined reference"
LONG_SECONDS = 6 * 3600


def environment(build, long):
    """What test programs are told; a sanitizer's report has its own status."""
    folder = OUT / build
    env = dict(os.environ)
    env.update(
        XENSNAP_BIN=str(folder / "src" / "xensnap"),
        XENSNAP_BUILD=str(folder),
        XENSNAP_BARE=str(OUT / "bare" / "src" / "xensnap"),
        XENSNAP_CLANG=str(OUT / "clang" / "src" / "xensnap"),
        XENSNAP_TOP=str(TOP),
        CMOCKA_MESSAGE_OUTPUT="TAP",
        ASAN_OPTIONS="exitcode=99:detect_stack_use_after_return=1",
        UBSAN_OPTIONS="exitcode=99:halt_on_error=1:print_stacktrace=1",
    )
    env.pop("XENSNAP_ROOT", None)
    env.pop("XENSNAP_SIM", None)
    if long:
        env["LONG"] = "1"
    else:
        env.pop("LONG", None)
    return env


def build(name):
    """Configure if need be, and build; what was said is in build/check/."""
    compiler, options = BUILDS[name]
    folder = OUT / name
    # Most files are the same text in several of the builds.
    env = dict(os.environ, CC=f"ccache {compiler}", CCACHE_NOHASHDIR="1",
               CCACHE_DIR=str(OUT / "ccache"))
    for var in ("CFLAGS", "CPPFLAGS", "LDFLAGS"):
        env.pop(var, None)
    begin = time.monotonic()
    log = OUT / f"build-{name}.log"
    ok = True
    if not (folder / "build.ninja").exists():
        shutil.rmtree(folder, ignore_errors=True)
        ok = tap.logged(["meson", "setup", str(folder), "-Dwerror=true",
                         *options], log, env, TOP)
    ok = ok and tap.logged(["ninja", "-C", str(folder)], log, env, TOP)
    result = tap.Result(f"build {name}", passed=int(ok), failed=int(not ok),
                        seconds=time.monotonic() - begin)
    if not ok:
        result.failures = tap.matching(log, WRONG, 20) or \
            tap.tail(log, 20)
        result.logs = [log]
    return result


def programs(patterns, long):
    """The executables that @patterns name, in order."""
    found = []
    for pattern in patterns:
        for path in sorted(TOP.glob(pattern)):
            if not path.is_file() or not os.access(path, os.X_OK):
                continue
            if path.name.startswith("long_") and not long:
                continue
            found.append(path)
    return found


def tell(result):
    """One line for a program, more for what failed in it."""
    state = "FAILED" if result.failed else "ok"
    counts = f"{result.passed} passed"
    if result.failed:
        counts += f", {result.failed} failed"
    if result.skipped:
        counts += f", {result.skipped} skipped"
    print(f"  {state:6} {result.name}: {counts} ({result.seconds:.1f} s)")
    for line in result.failures[:100]:
        print(f"         {line}")
    if result.failed:
        for log in result.logs:
            print(f"         log: {log.relative_to(TOP)}")
    sys.stdout.flush()


def build_for(suite, built):
    """Build what @suite needs and is not in @built yet; the results."""
    results = []
    for need in SUITES[suite][0]:
        if need not in built:
            built[need] = build(need)
            tell(built[need])
            results.append(built[need])
    return results


def run_one(suite, path, long, built):
    """One program of @suite: its result."""
    builds, _, seconds = SUITES[suite]
    label = f"{suite}/{path.name}"
    if suite != "lint" and any(built[b].failed for b in builds):
        return tap.Result(label, failed=1, failures=["was not built"])
    # What needs no build is told of the ordinary one.
    env = environment(builds[0] if builds else "gcc", long)
    limit = LONG_SECONDS if long else seconds
    result = tap.run(label, path, env, limit, OUT, TOP)
    if not result.failed or not tap.matching(result.logs[0], ENDED_BY_CPU, 1):
        return result
    tell(result)
    print("         for which the emulated CPU is to blame: once more")
    return tap.run(f"{label} again", path, env, limit, OUT, TOP)


def run_suites(suites, chosen, long, built):
    """All of @suites, whose programs may run at the same time if they are in
    SIDE_BY_SIDE: a list of results."""
    results = []
    begin = time.monotonic()
    print(" ".join(suites) + ":", flush=True)
    jobs = []
    for suite in suites:
        results += build_for(suite, built)
        patterns = SUITES[suite][1] or []
        jobs += [(suite, path)
                 for path in chosen[suite] or programs(patterns, long)]
    workers = os.cpu_count() if suites[0] in SIDE_BY_SIDE else 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        try:
            for result in pool.map(
                    lambda job: run_one(*job, long, built), jobs):
                tell(result)
                results.append(result)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            tap.stop_all()
            raise
    print(f"  {time.monotonic() - begin:.1f} s", flush=True)
    return results


def choose(words):
    """Suites and files as they were asked for: {suite: [file, ...]}."""
    chosen = {}
    for word in words or SUITES:
        if word in SUITES:
            chosen[word] = []
            continue
        path = (pathlib.Path.cwd() / word).resolve()
        suite = next((s for s in SUITES if SUITES[s][1] and any(
            path.match(str(TOP / p)) for p in SUITES[s][1])), None)
        if not suite or not path.is_file():
            sys.exit(f"check: '{word}' is neither a suite nor a test; suites: "
                     + " ".join(SUITES))
        chosen.setdefault(suite, []).append(path)
    return chosen


def main():
    parser = argparse.ArgumentParser(prog="./dev check")
    parser.add_argument("--long", action="store_true",
                        help="also the tests that take hours")
    parser.add_argument("what", nargs="*",
                        help="suites (" + " ".join(SUITES) + ") or test files")
    args = parser.parse_args()
    tap.hear_signals()
    OUT.mkdir(parents=True, exist_ok=True)
    for old in list(OUT.glob("*.log")) + list(OUT.glob("*.tap")):
        old.unlink()
    begin = time.monotonic()
    results, built = [], {}
    try:
        chosen = choose(args.what)
        for _, suites in itertools.groupby(
                chosen, lambda suite: suite in SIDE_BY_SIDE):
            results += run_suites(list(suites), chosen, args.long, built)
    except KeyboardInterrupt:
        print("interrupted")
        sys.exit(130)
    failed = sum(r.failed for r in results)
    print(f"in {(time.monotonic() - begin) / 60:.1f} minutes")
    print(f"{sum(r.passed for r in results)} passed, {failed} failed, "
          f"{sum(r.skipped for r in results)} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
