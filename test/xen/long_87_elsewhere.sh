#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_87_elsewhere.sh - a domain that was backed up on one host goes on on
# another one that has nothing but the repository and its key: two labs, one
# after the other; witness judges (inv. 1).  Each lab's own cases are comments.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
lab="$top/lab/lab"

# ---- in a lab's dom0: the one part or the other ----

if [ -n "${XENSNAP_IN_LAB:-}" ]; then
	. /root/test/lib/dom0.sh
	export XENSNAP_KEY_FILE=/root/key
	guest=pvh1
	if [ "$1" = leave ]; then
		xensnap init -q /srv/xfs/repo
		ok $? "a repository"
		before=$(size_of "$(console $guest)")
		xensnap backup -q --live --name moved $guest /srv/xfs/repo &&
			verdict $guest "$before" resume > /tmp/verdict
		ok $? "a backup, and the guest is whole after it"
		number > /root/n
		tap_done
	fi
	[ ! -e /etc/xen/guests/$guest.cfg ] || rm /etc/xen/guests/$guest.cfg
	lvremove -q -y vg/pvh1_xvda > /dev/null 2>&1
	xensnap restore --start --create-lv vg/pool --dry-run /srv/xfs/repo \
		moved > /tmp/out 2>&1
	ok $? "it would be restored here"
	sed 's/^/# /' /tmp/out
	after=$(size_of "$(console $guest)")
	xensnap restore --start --create-lv vg/pool /srv/xfs/repo moved \
		> /tmp/out 2>&1
	is $? 3 "it is"
	sed 's/^/# /' /tmp/out
	verdict $guest "$after" resume > /tmp/verdict
	ok $? "memory and disk are one instant"
	from_record "$(cat /root/n)" "it goes on from where it was"
	check $guest > /dev/null
	ok $? "it is whole, as it writes"
	runs $guest && monitor_of $guest > /dev/null
	ok $? "it runs, under xl's monitor"
	tap_done
fi

# ---- on this machine ----

. "$top/test/lib/tap.sh"
: "${XENSNAP_BIN:?names no program to test}"
away=$(mktemp -d)
name="t$$.elsewhere"
trap '"$lab" -n "$name" stop > /dev/null 2>&1; rm -rf "$away"' EXIT
trap 'exit 130' INT TERM HUP

# host STATE: a lab of that state, with the program.
host() {
	"$lab" -n "$name" stop > /dev/null 2>&1
	"$lab" -n "$name" start --state "$1" >&2 &&
		"$lab" -n "$name" run -- mkdir -p /root/test/lib &&
		"$lab" -n "$name" push "$0" /root/test/self.sh &&
		"$lab" -n "$name" push "$top/test/lib/dom0.sh" \
			"$top/test/lib/tap.sh" \
			"$top/lab/witness/witness-verdict" /root/test/lib/ &&
		"$lab" -n "$name" push "$XENSNAP_BIN" /usr/local/sbin/xensnap
}

# part NAME: its cases, as comments.
part() {
	"$lab" -n "$name" run --timeout 900 -- env XENSNAP_IN_LAB=1 \
		sh /root/test/self.sh "$1" > "$away/out" 2>&1
	part_status=$?
	sed 's/^/# /' "$away/out"
	return $part_status
}

host running:pvh1
ok $? "a host"
part leave
ok $? "a domain on it is backed up"
"$lab" -n "$name" pull /srv/xfs/repo "$away/repo" &&
	"$lab" -n "$name" pull /root/key "$away/key" &&
	"$lab" -n "$name" pull /root/n "$away/n"
ok $? "the repository and its key leave it"
host xen
ok $? "another host"
"$lab" -n "$name" push "$away/repo" /srv/xfs/repo &&
	"$lab" -n "$name" push "$away/key" /root/key &&
	"$lab" -n "$name" push "$away/n" /root/n
ok $? "which has nothing else"
part arrive
ok $? "the domain goes on there"
tap_done
