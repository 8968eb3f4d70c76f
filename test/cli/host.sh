#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# host.sh - a host without Xen, without LVM, without root; records that are
# broken, names that are not there, somebody else at work.
. "$(dirname "$0")/common.sh"

# fails STATUS SAYS WHAT: the last xs() ended so, with that one line.
fails() {
	is "$status" "$1" "$3: status $1"
	like "$err" "$2" "$3: it says why"
	is "$(lines err)" 1 "$3: in one line"
	is "$out" "" "$3: no result"
}

# Nothing is there.
xs list
is "$status" 0 "no snapshots: status 0"
is "$out" "" "no snapshots: nothing on stdout"
is "$err" "xensnap: no snapshots" "no snapshots: it is said"
xs list -q
is "$err" "" "no snapshots, quietly"
xs list --json
is "$(printf %s "$out" | tr -d ' \n')" '{"snapshots":[]}' "an empty list"
xs list web9
is "$err" "xensnap: no snapshots of web9" "no snapshots of a domain"
xs show web9@x
fails 1 '^xensnap: show web9@x: .*web9@x' "an unknown snapshot"
xs export web9@x "$T/dir"
fails 1 '^xensnap: export web9@x: .*web9@x' "export of an unknown snapshot"
[ ! -e "$T/dir" ]
ok $? "and no folder is made"
xs export --disk xvda web9@x -
fails 1 '^xensnap: export web9@x: ' "a disk of an unknown snapshot"
xs delete web9@x
fails 1 '^xensnap: delete web9@x: .*web9@x' "delete of an unknown snapshot"
xs recover
is "$status $out" "0 Nothing to recover." "nothing to recover"
[ ! -e "$XENSNAP_ROOT/web9/x" ]
ok $? "asking for a snapshot makes none"

# Builds without the drivers, on any host.
: "${XENSNAP_BARE:?names no program}"
was=$XENSNAP_BIN
XENSNAP_BIN=$XENSNAP_BARE
xs create web1
fails 1 '^xensnap: create web1: .*Xen' "a build without Xen"
xs create web1 --config "$T/web1.cfg"
fails 1 '^xensnap: create web1: .*libxlutil' "--config without libxlutil"
[ -z "$(find "$XENSNAP_ROOT" -path '*web1/*' ! -name .lock)" ]
ok $? "and nothing is left"
record web1 a
xs list
is "$status" 0 "list needs no Xen"
xs show --json web1@a
is "$status" 0 "show needs no Xen"
XENSNAP_BIN=$was

# No Xen beneath us: unless there is.
if [ -d /proc/xen ] && [ -e /proc/xen/capabilities ]; then
	skip "no Xen here" "this is a Xen host"
else
	xs create web1
	fails 1 '^xensnap: create web1: ' "a host without Xen"
	xs create --dry-run --json web1@new
	fails 1 '^xensnap: create web1@new: ' "a dry run without Xen"
fi
[ -z "$(find "$XENSNAP_ROOT/web1" -mindepth 1 -maxdepth 1 \
	! -name .lock ! -name a)" ]
ok $? "nothing is left of it"

# Broken records.
for text in '' '{' 'null' '[]' '{}' '{"format":99}' 'x'; do
	record bad b
	printf '%s' "$text" > "$XENSNAP_ROOT/bad/b/snapshot.json"
	xs show bad@b
	fails 1 '^xensnap: show bad@b: ' "a record that is '$text'"
	xs list
	is "$status" 3 "list with a record that is '$text': status 3"
	like "$out" '^bad@b .* unreadable$' "it is listed as unreadable"
	like "$out" '^web1@a ' "the others are listed"
	like "$out" '^bad@b: ' "and why"
done
ln -sf /etc/passwd "$XENSNAP_ROOT/bad/b/snapshot.json"
xs show bad@b
fails 1 '^xensnap: show bad@b: ' "a record that is a link"
xs list --json
printf '%s' "$out" | python3 -c '
import json, sys
l = {s["snapshot"]: s for s in json.load(sys.stdin)["snapshots"]}
assert "error" in l["bad@b"] and l["web1@a"]["memory_bytes"] == 537001984'
ok $? "list --json has both"
rm -rf "$XENSNAP_ROOT/bad"

# Somebody else is at work on the domain.
mkdir -p "$XENSNAP_ROOT/web1"
flock "$XENSNAP_ROOT/web1/.lock" sleep 30 &
pid=$!
i=0
while flock -n "$XENSNAP_ROOT/web1/.lock" true && [ $i -lt 50 ]; do
	sleep 0.1
	i=$((i + 1))
done
xs delete web1@a
fails 4 '^xensnap: delete web1@a: ' "busy: delete"
xs create web1
fails 4 '^xensnap: create web1: ' "busy: create"
[ -d "$XENSNAP_ROOT/web1/a" ]
ok $? "busy: the snapshot is still there"
xs list
is "$status" 0 "busy: list goes on"
kill "$pid"
wait "$pid" 2> /dev/null

# Not root.
if [ "$(id -u)" -eq 0 ]; then
	mkdir "$T/bin"
	cp "$XENSNAP_BIN" "$T/bin/xensnap"
	chmod 755 "$T" "$T/bin" "$T/bin/xensnap"
	touch "$T/out" "$T/err"
	as_nobody() {
		setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$T/bin/xensnap" "$@" > "$T/out" 2> "$T/err"
		status=$?
		out=$(cat "$T/out")
		err=$(cat "$T/err")
	}
	chmod 700 "$XENSNAP_ROOT"
	for verb in create delete show; do
		as_nobody $verb web1@a
		fails 1 'Permission denied; xensnap needs root$' \
			"$verb without root"
	done
	as_nobody list
	fails 1 'Permission denied; xensnap needs root$' "list without root"
	as_nobody recover
	fails 1 'Permission denied; xensnap needs root$' "recover without root"
else
	skip "without root" "root only can become nobody"
fi
tap_done
