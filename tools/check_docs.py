#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every prototype in a header has a comment above it that tells what it does.

Prototypes that follow each other without an empty line share one.  The comment
is the only place where it is told what is left behind on failure, so none may
be without.
"""
import re
import sys

import sources

# A prototype: begins in column 0, has a "(" before any "{", ends with ");" or
# an attribute and ";".
BEGIN = re.compile(r"^(?!typedef\b|#|struct \w+ \{|enum \w+ \{|extern \"C\")"
                   r"[A-Za-z_][\w \t\*]*\(")


def check_file(path):
    """The prototypes in @path without a comment."""
    text = path.read_text()
    code = sources.blank(text).splitlines()
    lines = text.splitlines()
    told = False
    depth = 0
    macro = False
    for i, line in enumerate(code):
        inside = depth > 0 or macro
        macro = line.endswith("\\")
        depth += line.count("{") - line.count("}")
        if not lines[i].strip():
            told = False
        elif lines[i].rstrip().endswith("*/") and not line.strip():
            told = True
        if inside or line.startswith("#"):
            continue
        joined = line
        if re.match(r"^[A-Za-z_][\w \t\*]*$", line) and i + 1 < len(code) and \
                not line.rstrip().endswith(";"):
            joined = line + " " + code[i + 1]
        if BEGIN.match(joined) and "{" not in joined and not told:
            yield f"{sources.shown(path)}:{i + 1}: no comment: {line.strip()}"


def main():
    problems = []
    for path in sources.files(".h", under="src"):
        problems += check_file(path)
    return sources.finish(problems)


sys.exit(main())
