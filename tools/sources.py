# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which files are ours, and what C sources look like without their comments."""
import os
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parent.parent
SKIP = {".git", "build", "__pycache__"}

TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def files(*suffixes, under=None):
    """All our files with one of @suffixes (none: all), in order."""
    found = []
    for folder, dirs, names in os.walk(TOP / under if under else TOP):
        dirs[:] = sorted(d for d in dirs if d not in SKIP)
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                found.append(pathlib.Path(folder) / name)
    return found


def shown(path):
    """A path as messages show it."""
    return str(path.relative_to(TOP))


def blank(text, strings=True):
    """@text with comments, and strings, replaced by spaces; lines stay."""
    def space(m):
        if m[0][0] != "/" and not strings:
            return m[0]
        return re.sub(r"[^\n]", " ", m[0])
    return TOKEN.sub(space, text)


def finish(problems):
    """Print what is wrong; the exit status."""
    for problem in problems:
        print(problem)
    return 1 if problems else 0
