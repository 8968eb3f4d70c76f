# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is it as it must be?  What must hold on a simulated host after every case.

Reads memory and views by the formats in test/lib/sim_guest.h and
src/domain/domain_sim_save.c, with no code of theirs.
"""
import json
import os
import stat
import struct
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from simhost import PAGE, adopt_orphans, stat_of, wait_until

HEAD_MAGIC = 0x4745555354484541
RECORD_MAGIC = 0x5245434F52444D47
SLOTS, SLOT_STEP = 8, 4 * PAGE


def read_memory(path):
    """The pages in a save file, {number: bytes}; it must be whole."""
    data = path.read_bytes()
    assert data[:32] == b"Xen saved domain, xl format\n \0 \r", "xl's magic"
    order, must, may, length = struct.unpack_from("<4I", data, 32)
    assert (order, must, may) == (0x01020304, 3, 0), "xl's header"
    json.loads(data[52:48 + length].rstrip(b"\0"))
    at, pages = 48 + length, {}
    assert data[at:at + 16] == b"LibxlFmt\0\0\0\2\0\0\0\0", "libxl's header"
    # Headers, and what the guest is told of its processor: two leaves.
    assert struct.unpack_from("<2I", data, at + 64) == (0x11, 48), "CPU policy"
    at += 64 + 56
    while data[at:] != bytes(16):
        assert at + 24 + PAGE <= len(data), f"{path}: half a page, or no end"
        kind, size, n, zero, pfn = struct.unpack_from("<4IQ", data, at)
        assert (kind, size, n, zero) == (1, 16 + PAGE, 1, 0), "a page's record"
        pages[pfn] = data[at + 24:at + 24 + PAGE]
        at += 24 + PAGE
    return pages


def read_head(page):
    """Page 0: (total, [(issued, acknowledged), ...])."""
    magic, total, n = struct.unpack_from("<3Q", page)
    assert magic == HEAD_MAGIC, "page 0 is not the guest's"
    words = struct.unpack_from(f"<{2 * n}Q", page, 24)
    return total, list(zip(words[::2], words[1::2]))


def check_stamps(pages, total):
    """Pages 1 and up are of the same moment as page 0."""
    n = max(pages)
    assert len(pages) == n + 1, "pages are missing"
    for pfn in range(1, n + 1):
        newest = max((t for t in range(max(1, total - n), total + 1)
                      if 1 + t % n == pfn), default=0)
        words = struct.unpack("<512Q", pages[pfn])
        assert len(set(words)) == 1, f"page {pfn} is torn"
        allowed = {newest}
        if 1 + (total + 1) % n == pfn:
            allowed.add(total + 1)  # a guest that died between two writes
        assert words[0] in allowed, \
            f"page {pfn} is of record {words[0]}, not of {newest}"


def check_disk(path, issued, acked, copied=False):
    """A view has all that was acknowledged, and nothing from later.  In one
    that was @copied the request under way may be half there."""
    data = path.read_bytes()
    for slot in range(SLOTS):
        at = slot * SLOT_STEP
        words = struct.unpack("<512Q", data[at:at + PAGE])
        newest = max((k for k in range(max(1, acked - SLOTS + 1), acked + 1)
                      if k % SLOTS == slot), default=0)
        allowed = {newest}
        if issued % SLOTS == slot:
            allowed.add(issued)
            if copied and issued != acked:
                continue
        found = words[1] if words[0] == RECORD_MAGIC else 0
        assert found in allowed, (
            f"{path.name}: record {found} where {sorted(allowed)} belongs "
            f"(acknowledged {acked}, issued {issued})")
        if found:
            assert set(words[1:]) == {found}, f"{path.name}: torn record"


def check_prefix(path):
    """A view, without a memory that could tell how far its guest was: it has
    all records up to the newest that it has."""
    data = path.read_bytes()
    found = []
    for slot in range(SLOTS):
        at = slot * SLOT_STEP
        words = struct.unpack("<512Q", data[at:at + PAGE])
        found.append(words[1] if words[0] == RECORD_MAGIC else 0)
        assert not found[-1] or set(words[1:]) == {found[-1]}, "torn record"
    last = max(found)
    want = [max((k for k in range(max(1, last - SLOTS + 1), last + 1)
                 if k % SLOTS == slot), default=0) for slot in range(SLOTS)]
    assert found == want, f"{path.name}: {found}, not {want}"


def check_private(folder):
    """Nobody else may read memory."""
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def check_one_instant(memory, disks, copied=()):
    """Memory and disks, {number: path}, are of one instant; those of the
    numbers in @copied were copied."""
    pages = read_memory(memory)
    total, counters = read_head(pages[0])
    check_stamps(pages, total)
    for i, path in disks.items():
        issued, acked = counters[i]
        assert issued in (acked, acked + 1)
        check_disk(path, issued, acked, i in copied)


def check_snapshot(host, folder):
    """One committed snapshot is whole; its views, as paths."""
    check_private(folder)
    # The journal has done its duty, but stays with the folder.
    names = {p.name for p in folder.iterdir()} - {"journal"}
    record = json.loads((folder / "snapshot.json").read_text())
    memory = record["mode"] not in ("disks", "offline")
    config = "domain.cfg" if record["mode"] == "offline" else "domain.json"
    copied = {ord(d["vdev"][3]) - ord("a"): folder / (d["vdev"] + ".img")
              for d in record["disks"] if d["driver"] == "copy"}
    assert names == {"snapshot.json", config} | (
        {"memory.xl"} if memory else set()) | {
            path.name for path in copied.values()}, names
    assert record["snapshot"] == f"{folder.parent.name}@{folder.name}"
    assert record["memory_bytes"] == (
        (folder / "memory.xl").stat().st_size if memory else 0)
    phases = sum(record["phases_ms"].values())
    assert abs(phases - record["pause_ms"]) < 0.01, record
    disks = {}
    for d in record["disks"]:
        number = ord(d["vdev"][3]) - ord("a")
        assert d["io_stall_ms"] >= record["pause_ms"] - 0.002, record
        if number in copied:
            assert d["view"] == str(copied[number].resolve()), d
            assert copied[number].stat().st_size == d["bytes"], d
            disks[number] = copied[number]
            continue
        view = host.world / "views" / os.path.basename(d["view"])
        tags = (view.parent / (view.name + ".tags")).read_text().split()
        assert tags[0] == record["snapshot"], tags
        assert tags[1] == record["generation"], tags
        assert tags[2] == "view", tags
        disks[number] = view
    if memory:
        check_one_instant(folder / "memory.xl", disks, copied)
    else:
        for path in disks.values():
            check_prefix(path)
    return list(disks.values())


def check_running(host, name):
    """The domain runs, nothing of it is held, its monitor is awake."""
    folder = host.world / "domains" / name
    assert host.state(name) == "running", host.state(name)
    for left in ("request", "saver", "logdirty"):
        assert not (folder / left).exists(), f"{name}: {left} is left"
    assert not host.asked(name), f"{name} is asked to freeze"
    host.tick(1)
    before = read_head((folder / "memory").read_bytes()[:PAGE])
    host.tick(2)
    after = read_head((folder / "memory").read_bytes()[:PAGE])
    lines = (folder / "config").read_text().splitlines()
    disks = [line for line in lines if line.startswith("disk=")]
    for i, line in enumerate(disks):
        if line.endswith(" rw"):
            assert after[1][i][1] > before[1][i][1], f"{line} does not go on"
    monitor = host.monitors.get(name)
    # A domain that was restored has a new one, which this world does not play.
    if monitor and f"domid={host.watched[name]}" in lines:
        assert monitor.poll() is None, f"the monitor of {name} has ended"
        # A process that was told to go on needs a moment to do so.
        wait_until("the monitor to wake",
                   lambda: stat_of(monitor.pid)[0] in "SR", 2)


CLONE_FILES = {".clone", ".clone.cfg"}


def check_all(host, snapshots, domains=None, clones=()):
    """Everything at once: @snapshots ({"web1@a", ...}) are there and whole,
    nothing else is but @clones (names), and all domains (or @domains) run."""
    views, found = [], set()
    if host.root.exists():
        assert stat.S_IMODE(host.root.stat().st_mode) == 0o700
        for domain in host.root.iterdir():
            inside = {p.name for p in domain.iterdir()} - {".lock"}
            assert inside, f"an empty folder is left: {domain}"
            if domain.name in clones:
                assert inside >= CLONE_FILES, inside
                inside -= CLONE_FILES
            for name in inside:
                found.add(f"{domain.name}@{name}")
                if not name.startswith("."):
                    views += check_snapshot(host, domain / name)
    assert found == set(snapshots), f"kept: {sorted(found)}"
    views = [v for v in views if v.parent == host.world / "views"]
    want = {v.name for v in views} | {v.name + ".tags" for v in views}
    # Who dies while another of its threads makes tags leaves their draft,
    # which is no part of the world.
    have = {p.name for p in (host.world / "views").iterdir()
            if not p.name.endswith(".tags.new")
            and not any(p.name.startswith(f"{c}-xvd") for c in clones)}
    assert have == want, f"views left: {sorted(have ^ want)}"
    held = list((host.world / "held").iterdir())
    assert not held, f"held: {held}"
    for path in (host.world / "domains").iterdir():
        if domains is None or path.name in domains:
            check_running(host, path.name)


def check_nothing_to_recover(host):
    """recover finds nothing to do, and says so."""
    result = host.run("recover")
    assert result.status == 0, result.err
    assert result.out == "Nothing to recover.\n", result.out


def one_line(result, status, *words):
    """It failed with one line on stderr that holds all @words."""
    assert result.status == status, result
    assert not result.out, result
    errors = result.error_lines()
    assert errors and errors[-1].startswith("xensnap: "), result
    for word in words:
        assert word in errors[-1], f"no \"{word}\" in: {result.err}"
    assert "warning" not in result.err, result


# ---- TAP ----

def run_one(case):
    """(passed, reason for skipping or what went wrong) of one case."""
    try:
        return True, case()
    except Exception:  # one case must not take the others with it
        return False, traceback.format_exc()


def run_cases(cases, workers=2, leaks=True):
    """Run [(name, function), ...], several at a time, and print TAP; a case
    that returns a text was skipped for that reason.  Arguments: only cases
    whose names hold one of these words.  Without @leaks no program looks for
    them when it ends, which is half of what a short one takes: for tests that
    kill, and whose ways others go as well; with LONG they look all the same.
    """
    if not leaks and "LONG" not in os.environ:
        os.environ["ASAN_OPTIONS"] = (os.environ.get("ASAN_OPTIONS", "") +
                                      ":detect_leaks=0")
    words = sys.argv[1:]
    if words:
        cases = [c for c in cases if any(w in c[0] for w in words)]
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    with ProcessPoolExecutor(workers, get_context("fork"),
                             adopt_orphans) as pool:
        futures = [pool.submit(run_one, case) for _, case in cases]
        for i, (name, _) in enumerate(cases, 1):
            passed, text = futures[i - 1].result()
            if passed:
                print(f"ok {i} - {name}" + (f" # SKIP {text}" if text else ""))
            else:
                failed += 1
                print(f"not ok {i} - {name}")
                for line in text.splitlines():
                    print(f"#   {line}")
            sys.stdout.flush()
    sys.exit(1 if failed else 0)
