#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All that looks at the source without running it; prints TAP.

Called by ./dev lint.  With names of checks as arguments only these.
"""
import concurrent.futures
import hashlib
import os
import shutil
import subprocess
import sys

import sources

BUILD = sources.TOP / "build" / "check" / "gcc"
ROOMS = sorted(p.name for p in (sources.TOP / "src").iterdir() if p.is_dir())


def output(argv):
    """What @argv said when it found something wrong, else nothing."""
    r = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, cwd=sources.TOP,
                       errors="replace", check=False)
    if r.returncode == 0:
        return ""
    return r.stdout or f"{argv[0]}: status {r.returncode}"


def in_parallel(function, items):
    """function() of each, as many at a time as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def names(*suffixes, under=None):
    return [str(p) for p in sources.files(*suffixes, under=under)]


def layout():
    return output(["clang-format", "--dry-run", "-Werror", "--ferror-limit=3",
                   *names(".c", ".h")])


def tidy():
    """clang-tidy, by the options of a build."""
    if not (BUILD / "compile_commands.json").exists():
        said = output(["meson", "setup", str(BUILD), "-Dwerror=true"])
        if said:
            return said
    said = output(["ninja", "-C", str(BUILD)])
    if said:
        return said
    known = (BUILD / "compile_commands.json").read_text()
    state = hashlib.sha256()
    for path in [".clang-tidy", "meson.build", *names(".h", under="src")]:
        state.update((sources.TOP / path).read_bytes())
    return "".join(in_parallel(
        lambda path: tidy_one(path, state.copy()),
        [path for path in sources.files(".c", under="src")
         if f"/{path.name}" in known]))


def tidy_one(path, state):
    """One file, unless it was found good as it is, with the headers as they
    are: this is the slowest of the checks."""
    state.update(path.read_bytes())
    good = BUILD / "tidy" / f"{path.stem}-{state.hexdigest()[:16]}"
    if good.exists():
        return ""
    said = output(["clang-tidy", "--quiet", "-p", str(BUILD), str(path)])
    if not said:
        good.parent.mkdir(exist_ok=True)
        good.touch()
    return said


def cppcheck():
    include = [f"-I{sources.TOP}/src/{room}" for room in ROOMS]
    return output(["cppcheck", "--quiet", "--std=c11", "--language=c",
                   "--enable=warning,performance,portability",
                   "--inline-suppr", "--suppress=missingIncludeSystem",
                   "--error-exitcode=1", f"-j{os.cpu_count()}", "-D_GNU_SOURCE",
                   "-D__linux__", *include, *names(".c", under="src")])


def spelling():
    # "\\t" and "\\n" in strings would be read as letters of the next word.
    return output(["codespell", "--skip=./.git,./build,./COPYING,./fuzz/corpus",
                   "--ignore-regex", r"\\[tn]", "-L", "hda,nd", "."])


def shell():
    """Shell scripts: by their name or by their first line."""
    found = []
    for path in sources.files():
        if path.suffix in ("", ".sh") and path.is_file():
            with open(path, "rb") as f:
                first = f.readline(80)
            if first.startswith((b"#!/bin/sh", b"#!/bin/bash",
                                 b"#!/usr/bin/env bash")):
                found.append(str(path))
    # SC2034, SC2154: variables go to and come from files that are sourced.
    # SC3044: "suspend" is a function of ours there, no builtin.
    return output(["shellcheck", "--severity=warning",
                   "--exclude=SC2034,SC2154,SC3044", *found])


def text():
    """Ends of lines and files, comments by //, SPDX lines."""
    problems = []
    for path in sources.files(".c", ".h", ".py", ".sh", ".md", ".build"):
        lines = path.read_text().split("\n")
        for i, line in enumerate(lines):
            if line != line.rstrip():
                problems.append(f"{sources.shown(path)}:{i + 1}: space at the "
                                "end")
        if lines[-1] or lines[-2:] == ["", ""]:
            problems.append(f"{sources.shown(path)}: not one newline at the end")
        if path.suffix in (".c", ".h", ".py") and \
                not any("SPDX-License-Identifier" in x for x in lines[:3]):
            problems.append(f"{sources.shown(path)}: no SPDX line at the top")
        if path.suffix in (".c", ".h"):
            code = sources.TOKEN.findall(path.read_text())
            problems += [f"{sources.shown(path)}: comment by //: {c}"
                         for c in code if c.startswith("//")]
    return "\n".join(problems)


def tool(name):
    return output([sys.executable, "-B", f"tools/{name}.py"])


CHECKS = {
    "layers": lambda: tool("check_layers"),
    "docs": lambda: tool("check_docs"),
    "sizes": lambda: tool("check_sizes"),
    "text": text,
    "clang-format": layout,
    "codespell": spelling,
    "shellcheck": shell,
    "cppcheck": cppcheck,
    "clang-tidy": tidy,
}


def main():
    if sys.argv[1:] == ["--format"]:
        sys.exit(subprocess.run(["clang-format", "-i", *names(".c", ".h")],
                                check=False).returncode)
    chosen = sys.argv[1:] or list(CHECKS)
    # The analysers take minutes: `./dev lint` and `./dev check --long` run
    # them, a plain check (which sets XENSNAP_TOP) does not.
    if (not sys.argv[1:] and "XENSNAP_TOP" in os.environ
            and "LONG" not in os.environ):
        chosen = [c for c in CHECKS if c not in ("cppcheck", "clang-tidy")]
    failed = 0
    print(f"1..{len(chosen)}")
    for n, name in enumerate(chosen, 1):
        if name not in CHECKS:
            sys.exit(f"lint: no check is called '{name}'; there are: "
                     + " ".join(CHECKS))
        said = CHECKS[name]()
        failed += bool(said)
        print(f"{'not ok' if said else 'ok'} {n} - {name}")
        for line in said.strip().splitlines():
            print(f"# {line}")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if not shutil.which("clang-format"):
        sys.exit("lint: clang-format is missing; run ./dev setup")
    main()
