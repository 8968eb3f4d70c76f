#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every input that is kept for a fuzz target is given to it once more.

The programs are those of fuzz/ with replay.c in place of libFuzzer.  LONG: each
target is fuzzed for ten minutes as well (./dev fuzz).
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ["XENSNAP_TOP"])
BUILD = pathlib.Path(os.environ["XENSNAP_BUILD"])
CORPUS = TOP / "fuzz" / "corpus"
LONG_SECONDS = 600


def corpora():
    return sorted(p.name for p in CORPUS.iterdir() if p.is_dir())


def sources():
    return sorted(p.stem[len("fuzz_"):] for p in
                  (TOP / "fuzz").glob("fuzz_*.c") if p.stem != "fuzz_help")


def replay(target):
    """What is wrong with it; nothing if all inputs were taken."""
    inputs = len(list((CORPUS / target).iterdir()))
    with tempfile.TemporaryDirectory() as folder:
        r = subprocess.run([BUILD / "fuzz" / f"replay_{target}",
                            CORPUS / target], capture_output=True,
                           env=dict(os.environ, TMPDIR=folder), check=False,
                           timeout=120)
        left = os.listdir(folder)
    if r.returncode:
        return [f"status {r.returncode}; the end of what it said:",
                *r.stderr.decode(errors="replace").splitlines()[-20:]]
    if inputs == 0 or r.stdout.decode() != f"{inputs}\n":
        return [f"{inputs} inputs, and it took {r.stdout.decode().strip()}"]
    return [f"it left {left}"] if left else []


def fuzz(target):
    """The same of new inputs, and how many there were."""
    r = subprocess.run([TOP / "tools" / "fuzz.py", "--seconds",
                        str(LONG_SECONDS), target], capture_output=True,
                       text=True, check=False)
    m = re.search(r"(\d+) executions", r.stdout)
    print(f"# {target}: {m[1] if m else 'no'} executions")
    said = (r.stdout + r.stderr).splitlines()
    return said if r.returncode else []


def main():
    names = corpora()
    cases = [("each target has a corpus, and each corpus a target",
              lambda: [] if names == sources() else
              sorted(set(names) ^ set(sources())))]
    cases += [(f"{n}: its corpus", lambda n=n: replay(n)) for n in names]
    if "LONG" in os.environ:
        cases += [(f"{n}: new inputs", lambda n=n: fuzz(n)) for n in names]
    print(f"1..{len(cases)}")
    failed = 0
    for i, (name, case) in enumerate(cases, 1):
        wrong = case()
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {i} - {name}")
        for line in wrong:
            print(f"# {line}")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


main()
