#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing grows without somebody saying why.

A function has at most 70 lines and 6 parameters, a file 500 lines, a line of C
80 columns.  tools/size_exceptions names what may be larger, with the reason.
"""
import re
import sys

import sources

FUNCTION_LINES = 70
FILE_LINES = 500
COLUMNS = 80
PARAMETERS = 6

ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
HEAD = re.compile(r"(\w+)\s*\(([^{};]*)\)\s*$", re.DOTALL)


def exceptions():
    """{"path" or "path:function": reason}; each must have a reason."""
    found = {}
    path = sources.TOP / "tools" / "size_exceptions"
    if not path.exists():
        return found
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            what, _, why = line.partition(" ")
            if not why.strip():
                sys.exit(f"tools/size_exceptions: no reason for {what}")
            found[what] = why
    return found


def count(parameters):
    """How many there are; a function among them has some of its own."""
    depth = commas = 0
    for c in parameters:
        depth += (c == "(") - (c == ")")
        commas += c == "," and depth == 0
    return 0 if parameters.strip() in ("", "void") else commas + 1


def functions(text):
    """(name, parameters, first line, number of lines) of each function."""
    code = sources.blank(text)
    lines = code.splitlines()
    start = None
    for i, line in enumerate(lines):
        if line.startswith("{"):
            start = i
        elif line.startswith("}") and start is not None:
            begin = start
            while begin > 0 and lines[begin - 1].strip() and \
                    not lines[begin - 1].startswith(("}", "#")):
                begin -= 1
            m = HEAD.search(ATTRIBUTE.sub("", "\n".join(lines[begin:start])))
            if m:
                yield m[1], count(m[2]), begin + 1, i - begin + 1
            start = None


def check_c(name, text, fine):
    """What is too large in the C source @name."""
    for i, line in enumerate(text.splitlines()):
        if len(line.expandtabs(8)) > COLUMNS:
            yield f"{name}:{i + 1}: wider than {COLUMNS} columns"
    for function, parameters, line, n in functions(text):
        if f"{name}:{function}" in fine:
            continue
        if n > FUNCTION_LINES:
            yield f"{name}:{line}: {function}() has {n} lines, over " \
                  f"{FUNCTION_LINES}"
        if parameters > PARAMETERS:
            yield f"{name}:{line}: {function}() has {parameters} parameters, " \
                  f"over {PARAMETERS}"


def main():
    fine = exceptions()
    problems = []
    for path in sources.files(".c", ".h", ".py", ".sh"):
        name = sources.shown(path)
        text = path.read_text()
        n = text.count("\n")
        if n > FILE_LINES and name not in fine:
            problems.append(f"{name}: {n} lines, over {FILE_LINES}")
        if path.suffix in (".c", ".h"):
            problems += check_c(name, text, fine)
    return sources.finish(problems)


sys.exit(main())
