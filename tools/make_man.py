#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Put the commands that the program tells of into the manual page.

Usage: make_man.py PAGE.in PROGRAM VERSION > PAGE

The program is asked rather than its source read, so that the page cannot tell
of an option that the program does not take.
"""
import subprocess
import sys


def main():
    page, program, version = sys.argv[1:]
    commands = subprocess.run([program, "--generate", "man"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
    with open(page, encoding="utf-8") as f:
        text = f.read()
    text = text.replace("@VERSION@", version)
    text = text.replace("@COMMANDS@\n", commands)
    sys.stdout.write(text)


main()
