#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# output.sh - results, as text that fits a terminal and as JSON that parses.
. "$(dirname "$0")/common.sh"

disk='{ "vdev": "xvda", "driver": "none", "source": "/dev/vg/web1-root",
  "view": "/dev/vg/xensnap-web1-root-1a2b3c4d", "bytes": 21474836480,
  "cow_bytes": 2147483648, "io_stall_ms": 44.2, "source_uuid": "a",
  "view_uuid": "b" }'
record web1 plain
record web1 lost "$disk"
record db x

xs list
is "$status" 3 "a view that cannot be found: status 3"
like "$out" '^SNAPSHOT +CREATED \(UTC\) +PAUSE +MEMORY +DISKS +STATE$' "head"
like "$out" '^db@x +2026-11-22 20:35 +43 ms +512\.1 MiB +0 +good$' "a row"
like "$out" '^web1@lost .* (lost|unknown)$' "a bad one is told"
like "$out" '^web1@lost: xvda is (lost|unknown): ' "and why, below"
narrow "$T/out"
ok $? "list fits into 80 columns"
xs list db
is "$status" 0 "a domain whose snapshots are whole: status 0"
is "$(lines out)" 2 "and only they are listed"
xs list --names
is "$(echo "$out" | sort | tr '\n' ' ')" "db@x web1@lost web1@plain " \
	"list --names"

xs show web1@plain
is "$status" 0 "show a whole one"
like "$out" '^  pause +43 ms$' "the pause"
like "$out" '^ +memory +20 ms$' "by phase"
xs show web1@lost
is "$status" 3 "show one with a bad view: status 3"
like "$out" '^    state +(lost|unknown): ' "and says so"
narrow "$T/out"
ok $? "show fits into 80 columns"
xs show --json web1@lost
is "$status" 3 "show --json of it: status 3"
echo "$out" | python3 -c '
import json, sys
o = json.load(sys.stdin)
assert o["snapshot"] == "web1@lost" and o["pause_ms"] == 43.2
assert o["phases_ms"]["memory"] == 20.3
d = o["disks"][0]
assert d["vdev"] == "xvda" and d["io_stall_ms"] == 44.2
assert d["state"] in ("lost", "unknown") and d["why"]'
ok $? "show --json has the record and the state of the view"

# What is in a record is shown clean, whoever wrote it.
record evil x "$(printf '%s' "$disk" |
	sed 's#/dev/vg/web1-root#/dev/\\u001b[31mred\\u202e\\r#')"
for how in "show evil@x" "list" "show --json evil@x" "list --json"; do
	# shellcheck disable=SC2086
	xs $how
	printable "$T/out" && printable "$T/err"
	ok $? "$how: harmless on a terminal"
done
rm -rf "$XENSNAP_ROOT/evil"

xs delete --dry-run web1@plain
is "$status $out" "0 would delete web1@plain" "delete --dry-run"
[ -d "$XENSNAP_ROOT/web1/plain" ]
ok $? "and it is still there"
xs delete web1@nope web1@plain db@nope
is "$status" 1 "some could not be deleted: status 1"
is "$out" "deleted web1@plain" "the others were"
is "$(lines err)" 3 "one line for each failure, and the sum"
like "$err" '1 of 3 snapshots deleted, 2 failed$' "the sum"
[ ! -e "$XENSNAP_ROOT/web1/plain" ]
ok $? "it is gone"
xs delete --json db@x db@x
is "$status" 1 "the same one twice: status 1"
echo "$out" | python3 -c '
import json, sys
o = json.load(sys.stdin)
assert o["deleted"] == ["db@x"] and o["failed"][0]["snapshot"] == "db@x"
assert o["failed"][0]["error"] and o["dry_run"] is False'
ok $? "delete --json"
xs recover --json
echo "$out" | python3 -c '
import json, sys
o = json.load(sys.stdin)
assert o["notes"] == [] and o["failed"] == 0'
ok $? "recover --json"
tap_done
