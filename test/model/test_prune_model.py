#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a prune ever take away what a backup needs?  Every order of steps.

prune.pml is searched by spin in several sizes: no state may be wrong, and no
search may end before it is complete.  Then the model must see what it is there
for: each mutant (-DM_...) leaves one rule out and must be caught, and what a
witness (-DW_...) names must happen in it.  LONG: also the sizes that take
minutes and several GiB.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from functools import partial

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "sim"))

# pylint: disable=wrong-import-position
from simcheck import run_cases  # noqa: E402

ONE = {"ROUNDS": 2}
TWO = {"PRUNERS": 2, "ROUNDS": 1, "WRITERS": 1}
REPACK = {"REPACKS": 1, "PACKS": 4, "WRITERS": 1, "OLD": 3}
RESUME = {"RESUMES": 1, "WRITERS": 1, "PACKS": 4}
AGAIN = {"AGAIN": 1, **RESUME}

SIZES = {
    "two writers, two rounds": ONE,
    "two writers of two pieces": {**ONE, "OLD": 3, "WANT2": "Y"},
    "two pruners": TWO,
    "repack": {**REPACK, "ROUNDS": 2},
    "repack of what is half dead": {**REPACK, "OLD": 1, "WANT1": "Y"},
    "repack, two writers": {**REPACK, "ROUNDS": 1, "WRITERS": 2,
                            "WANT2": "Y"},
    "a writer comes back": {**RESUME, "ROUNDS": 3},
    "two writers, one comes back": {**RESUME, "ROUNDS": 1, "WRITERS": 2},
    "a broken writer begins again": {**AGAIN, "ROUNDS": 3},
}
LONG_SIZES = {
    "two pruners, two writers": {**TWO, "WRITERS": 2},
    "two pruners, two rounds": {**TWO, "ROUNDS": 2},
    "two pruners, one repacks": {**TWO, **REPACK},
    "two pruners that repack": {**TWO, **REPACK, "REPACKS": 2},
    "two pruners, a writer comes back": {**TWO, **RESUME},
    "two pruners, a broken writer begins again": {**TWO, **AGAIN},
    "two writers, three rounds": {**ONE, "ROUNDS": 3},
    "repack, two writers, two rounds": {**REPACK, "ROUNDS": 2, "WRITERS": 2,
                                        "WANT2": "Y"},
}
MUTANTS = {
    "NOWAIT": ONE,
    "NORELIST": ONE,
    "READFIRST": ONE,
    "NOCAS": ONE,
    "REUSE": ONE,
    "TRUSTUNCOMMITTED": ONE,
    "FRAGDANGLE": ONE,
    "RECONS": ONE,
    "COMMITFIRST": ONE,
    "HEADBLIND": TWO,
    "NORESCUE": ONE,
    "TRUSTPARENT": ONE,
    "CLEANBREAKS": ONE,
    "CLEANFORGOTTEN": RESUME,
    "REPACKEARLY": REPACK,
    "MUTUAL": REPACK,
    "KNOWNONLY": REPACK,
    "KEEPPACKS": AGAIN,
    "KEEPGONE": AGAIN,
}
WITNESSES = {
    "RESCUED": ONE,
    "ADOPTED": TWO,
    "REPACKED": REPACK,
    "RESUMED": RESUME,
    "BEGUNAGAIN": AGAIN,
}
# A search that needs more than this is not complete, and fails.
MEMORY_MIB = 12000
DEPTH = 1000


def run(argv, folder):
    """What a program said; it must succeed."""
    done = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    assert done.returncode == 0, f"{argv[0]}: {done.stdout}"
    return done.stdout


def search(defines, fast, depth=DEPTH, memory=MEMORY_MIB):
    """(errors, states, all that it said) of a search."""
    flags = [f"-D{name}={value}" for name, value in defines.items()]
    with tempfile.TemporaryDirectory(prefix="xensnap-model.") as folder:
        run(["spin", "-a", *flags, str(HERE / "prune.pml")], folder)
        run(["gcc", "-w", "-O0" if fast else "-O2", "-DSAFETY",
             f"-DMEMLIM={memory}", *([] if fast else ["-DCOLLAPSE"]),
             "-o", "pan", "pan.c"], folder)
        said = run(["./pan", f"-m{depth}", "-w20" if fast else "-w26"], folder)
    errors = re.search(r"errors: (\d+)", said)
    states = re.search(r"(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored", said)
    assert errors and states, said
    return int(errors[1]), float(states[1]), said


def complete(defines, fast, **limits):
    """No error, and nothing was left out."""
    errors, states, said = search(defines, fast, **limits)
    assert errors == 0, said
    for sign in ("not completed", "too small", "max search depth", "aborted",
                 "out of memory", "reached -DMEMLIM"):
        assert sign not in said, said
    print(f"# {states:.0f} states: {defines}", file=sys.stderr)


def caught(define, defines):
    """The assertion fails, and nothing else does."""
    errors, _, said = search({define: 1, **defines}, True)
    assert errors == 1 and "assertion violated" in said, \
        f"{define} was not noticed: {said}"


def refused(claim, *words, **keywords):
    """What is no answer must not look like one."""
    try:
        claim(*words, **keywords)
    except AssertionError:
        return
    raise AssertionError("it passed")


def cases():
    """All of them, named."""
    sizes = [(name, defines, True) for name, defines in SIZES.items()]
    if "LONG" in os.environ:
        sizes += [(name, defines, False)
                  for name, defines in LONG_SIZES.items()]
    for name, defines, fast in sizes:
        yield f"complete: {name}", partial(complete, defines, fast)
    for name, defines in MUTANTS.items():
        yield f"caught: {name}", partial(caught, f"M_{name}", defines)
    for name, defines in WITNESSES.items():
        yield f"happens: {name}", partial(caught, f"W_{name}", defines)
    yield "refused: a search that is not deep enough", \
        partial(refused, complete, TWO, True, depth=40)
    yield "refused: a search without enough memory", \
        partial(refused, complete, ONE, True, memory=20)
    yield "refused: a mutant that nothing is wrong with", \
        partial(refused, caught, "M_NOTHING", TWO)


# One at a time: the long ones need the memory.
run_cases(list(cases()), workers=1)
