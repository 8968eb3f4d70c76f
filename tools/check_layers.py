#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom: doc/tour.md's picture of the rooms, enforced.

Arrows only go down.  A library that only one file is to know is included by
that file alone, and only cmd/ prints.
"""
import fnmatch
import re
import sys

import sources

# Room: the rooms whose headers it may include; "room/file.h" is one header.
MAY = {
    "base": [],
    "chunk": ["base"],
    "store": ["base"],
    "seal": ["base"],
    "repo": ["store/store.h", "seal", "chunk", "base"],
    "disk": ["base"],
    "domain": ["base"],
    "memory": ["domain/xl_header.h", "domain/cpu.h", "base"],
    "snapshot": ["disk/disk.h", "disk/disk_clone.h", "domain/domain.h", "domain/xl_monitor.h",
                 "base"],
    "job": ["repo", "seal/key.h", "chunk", "snapshot", "memory", "domain", "disk",
            "base"],
    "guard": ["job/job.h", "snapshot/snapshot.h", "snapshot/cloned.h",
              "disk/disk_fill.h", "disk/disk.h", "base"],
    "cmd": ["guard/guard.h", "guard/policy.h", "job/job.h", "job/job_repo.h",
            "job/job_key.h", "job/job_doctor.h", "job/job_import.h",
            "job/job_protect.h", "job/job_trial.h", "job/jobs_list.h",
            "job/jobs_run.h", "job/jobs_status.h",
            "repo/repo.h", "repo/outcome.h", "repo/repo_verify.h",
            "repo/repo_keys.h",
            "seal/slot.h", "seal/rand.h", "seal/press.h", "snapshot/snapshot.h", "domain/domain.h",
            "disk/disk.h", "base"],
}

# Library header: the files that may include it; the first pattern counts.
# libxlutil.h brings libxl.h with it, for the types of what it parses.
ONLY = {
    "libxlutil.h": "src/domain/domain_offline_*",
    "libxl*.h": "src/domain/domain_libxl*",
    "libdevmapper.h": "src/disk/dm*.c",
    "sodium.h": "src/seal/*",
    "zstd.h": "src/seal/press.c",
    "xenctrl.h": "src/domain/domain_libxl*",
    "xenstore.h": "src/domain/domain_*",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]',
                     re.MULTILINE)
PRINTS = re.compile(
    r"\b(?:printf|vprintf|puts|putchar|perror|psignal)\s*\(|"
    r"\b(?:v?fprintf|fputs|fputc|putc|fwrite)\s*\([^;]*\b(?:stdout|stderr)\b|"
    r"\b(?:v?dprintf|write)\s*\(\s*(?:1|2|STDOUT_FILENO|STDERR_FILENO)\b")


def headers():
    """Header name: its path under src/ (names are unique)."""
    found, problems = {}, []
    for path in sources.files(".h", under="src"):
        room = str(path.relative_to(sources.TOP / "src"))
        if path.name in found:
            problems.append(f"src/{room}: src/{found[path.name]} has that "
                            "name already")
        found[path.name] = room
    return found, problems


def allowed(room, header):
    """May a file of @room include @header ("room/file.h")?"""
    other = header.split("/")[0]
    return (other == room or other in MAY[room] or header in MAY[room])


def check_file(path, known):
    """What is wrong with the includes of @path."""
    name = sources.shown(path)
    room = name.split("/")[1]
    text = path.read_text()
    code = sources.blank(text, strings=False)
    for m in INCLUDE.finditer(code):
        line = code.count("\n", 0, m.start()) + 1
        where = f"{name}:{line}"
        if room not in MAY:
            yield f"{where}: tools/check_layers.py knows no room {room}/"
            return
        if m[1] == "<":
            files = next((ONLY[p] for p in ONLY if fnmatch.fnmatch(m[2], p)),
                         "*")
            if not fnmatch.fnmatch(name, files):
                yield f"{where}: <{m[2]}> belongs into {files} alone"
            continue
        if m[2] in known:
            if not allowed(room, known[m[2]]):
                yield f"{where}: {room}/ must not include {known[m[2]]}"
        elif m[2] != "config.h" and not (
                "_sim" in path.name and m[2].startswith("sim_")):
            yield f'{where}: "{m[2]}" is no header of ours'
    if room == "cmd":
        return
    code = sources.blank(text)
    for m in PRINTS.finditer(code):
        line = code.count("\n", 0, m.start()) + 1
        yield f"{name}:{line}: only cmd/ prints; say it by log.h"


def main():
    known, problems = headers()
    for path in sources.files(".c", ".h", under="src"):
        problems += check_file(path, known)
    return sources.finish(problems)


sys.exit(main())
