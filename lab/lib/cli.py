# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: one function per verb, one table of all verbs."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import agent
import common
import debian
import labs
import ours
import states
import terminal
import transfer

EXIT = """exit status: 0 done, 1 failed, 2 usage; for run and shell the
command's own, 124 if its time was up, 125 if the lab is not there."""


def _build(args):
    if args.force:
        debian.images(force=True)
    for path in ours.image():
        print(path)


def _start(args):
    labs.Lab(args.name).start(args.state, args.with_script, args.cold,
                              args.fresh)


def _stop(args):
    for lab in labs.every() if args.all else [labs.Lab(args.name)]:
        if lab.stop():
            common.say(f"{lab.name}: stopped, its disks are gone")


def _state_rows():
    rows = []
    for path in sorted(states.script_dir().iterdir()):
        recipe = states.Recipe(path)
        rows.append({"name": recipe.name, "about": recipe.about,
                     "kind": "script"})
    rows += [{"name": name, "about": "frozen by hand", "kind": "frozen"}
             for name in sorted(states.frozen())]
    return rows


def _list(args):
    running = [lab.describe() for lab in labs.every()]
    if args.json:
        print(json.dumps({"labs": running, "states": _state_rows()}))
        return
    for row in running:
        print(f"{row['name']:12} {row['status']:10} {row['state']:12} "
              f"{row['kernel']:6} {row['pid'] or '-'}")
    if not running:
        print("no labs")
    print("\nstates:")
    for row in _state_rows():
        print(f"{row['name']:12} {row['about']}")


def _run(args):
    words = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not words:
        common.say("run: no command; see lab run --help")
        return 2
    lab = labs.Lab(args.name)
    lab.need()
    stdin = None if args.no_stdin or sys.stdin.isatty() else 0
    return terminal.run(lab.dir, words, stdin, args.timeout, args.cwd)


def _shell(args):
    lab = labs.Lab(args.name)
    lab.need()
    return terminal.shell(lab.dir)


def _push(args):
    lab = labs.Lab(args.name)
    lab.need()
    transfer.push(lab.dir, args.source, args.target)


def _pull(args):
    lab = labs.Lab(args.name)
    lab.need()
    transfer.pull(lab.dir, args.source, args.target)


def _freeze(args):
    labs.Lab(args.name).freeze(args.state)


def _drop(args):
    path = states.frozen().get(args.state)
    if not path:
        raise common.LabError(f"no state {args.state} frozen by hand")
    (path / "replaced").touch()
    labs.collect.collect()


def _crash(args):
    labs.Lab(args.name).crash(boot=not args.no_boot)


def _console(args):
    lab = labs.Lab(args.name)
    if args.guest:
        lab.need()
        log = f"/var/log/xen/console/guest-{args.guest}.log"
        follow = [] if args.once else ["-F"]
        return terminal.run(lab.dir, ["tail", "-n", "+1"] + follow + [log],
                            None, None, None)
    if not lab.exists():
        raise common.LabError(f"no lab {args.name}")
    argv = ["tail", "-n", "+1"] + ([] if args.once else ["-F"])
    return subprocess.run(argv + [lab.dir / "console.log"],
                          check=False).returncode


def _clean(args):
    """Everything the cache holds, if no lab runs."""
    if any(lab.running() for lab in labs.every()):
        raise common.LabError("labs are running: lab stop --all")
    if args.all:
        shutil.rmtree(common.cache_dir(), ignore_errors=True)
    else:
        labs.collect.collect()


def _option(*names, **kw):
    return names, kw


NAME_ARG = _option("lab", nargs="?", metavar="NAME",
                   help="the lab (default: default)")
VERBS = [
    ("build", _build, "make the images from Debian packages", """
     lab build            # nothing to do if nothing changed
     lab build --force    # with the package versions of today
     """, [_option("--force", action="store_true",
                   help="resolve package versions anew")]),
    ("start", _start, "start a lab from a frozen state", """
     lab start                       # lab `default`, state xen
     lab start web --state plain
     lab start --state test/lab/running    # a state script of your own
     lab start --with prepare.sh     # state xen, prepare.sh run, kept
     lab crash --no-boot; lab start  # boots dom0 on the same disks
     """, [NAME_ARG,
           _option("--state", help="xen (default), plain, a frozen state, "
                   "or the path of a state script"),
           _option("--with", dest="with_script", metavar="SCRIPT",
                   help="run SCRIPT in dom0 first; the result is kept and "
                   "resumed next time"),
           _option("--cold", action="store_true",
                   help="boot the state's disks instead of resuming"),
           _option("--fresh", action="store_true",
                   help="stop a lab of this name first")]),
    ("stop", _stop, "end a lab and throw its disks away", """
     lab stop
     lab stop --all
     """, [NAME_ARG, _option("--all", action="store_true",
                             help="every lab of this cache")]),
    ("list", _list, "show labs and states", "lab list --json", [
        _option("--json", action="store_true", help="one JSON object")]),
    ("run", _run, "run a command in dom0", """
     lab run -- xl list
     lab run --timeout 60 -- xl create /etc/xen/guests/pvh1.cfg
     echo 'lvs; xl list' | lab -n web run -- sh -e
     """, [_option("--timeout", type=float, metavar="S",
                   help="end it after S seconds, exit status 124"),
           _option("--cwd", metavar="DIR", help="where (default /root)"),
           _option("--no-stdin", action="store_true",
                   help="leave stdin to others, as ssh -n"),
           _option("command", nargs=argparse.REMAINDER,
                   metavar="-- CMD ARGS...", help="no shell; exec")]),
    ("push", _push, "copy files and directories into dom0", """
     lab push build/xensnap /usr/local/sbin/
     lab push test/data conf /root/in
     """, [_option("source", nargs="+", metavar="SRC", help="on this machine"),
           _option("target", metavar="DST",
                   help="in dom0; as cp -r understands it")]),
    ("pull", _pull, "copy a file or directory out of dom0", """
     lab pull /var/log/xen /tmp/logs
     """, [_option("source", metavar="SRC", help="in dom0"),
           _option("target", metavar="DST",
                   help="here; as cp -r understands it")]),
    ("freeze", _freeze, "save a running lab, guests included, as a state", """
     lab freeze two-guests; lab start other --state two-guests
     """, [_option("state", metavar="STATE", help="its name from now on")]),
    ("drop", _drop, "forget a state frozen by hand", "lab drop two-guests", [
        _option("state", metavar="STATE", help="its name")]),
    ("console", _console, "show and follow a console", """
     lab console
     lab console --guest pvh1 --once
     """, [_option("--guest", metavar="GUEST", help="a guest's, not dom0's"),
           _option("--once", action="store_true", help="do not follow")]),
    ("shell", _shell, "a shell in dom0", "lab -n web shell", []),
    ("crash", _crash, "kill the host at once, boot it on the same disks", """
     lab crash
     lab crash --no-boot; lab start
     """, [NAME_ARG, _option("--no-boot", action="store_true",
                             help="leave it dead; `lab start` boots it")]),
    ("clean", _clean, "remove what is not used from the cache",
     "lab clean --all", [_option("--all", action="store_true",
                                 help="the whole cache")]),
]


def _parser():
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="lab", formatter_class=raw, epilog=EXIT,
        description="A real Xen under QEMU, from Debian packages.\n"
        "lab VERB --help explains a verb.  Cache: $XENSNAP_LAB_CACHE.")
    top.add_argument("-n", dest="first_name", metavar="NAME",
                     help="the lab (default: default)")
    verbs = top.add_subparsers(metavar="VERB", required=True)
    for name, function, about, examples, options in VERBS:
        verb = verbs.add_parser(
            name, help=about, description=about + ".", formatter_class=raw,
            epilog="examples:\n" + textwrap.indent(
                textwrap.dedent(examples).strip(), "  ") + "\n\n" + EXIT)
        verb.add_argument("-n", dest="name", metavar="NAME",
                          help="the lab (default: default)")
        for names, kw in options:
            verb.add_argument(*names, **kw)
        verb.set_defaults(function=function, verb=name)
    return top


def main(argv):
    """Run one verb; the result is the exit status."""
    args = _parser().parse_args(argv)
    args.name = (getattr(args, "lab", None) or args.name or args.first_name
                 or "default")
    # So that a start that is told to end takes its half-made lab along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return args.function(args) or 0
    except agent.Gone as e:
        common.say(str(e))
        return agent.GONE if args.verb in ("run", "shell") else 1
    except common.LabError as e:
        common.say(str(e))
        return agent.GONE if args.verb in ("run", "shell") else 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        return 130
