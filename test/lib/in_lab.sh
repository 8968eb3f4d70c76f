# SPDX-License-Identifier: LGPL-2.1-or-later
# in_lab.sh - sourced by a test: run the rest of it in a lab's dom0.
#
# On the host it starts a lab of its own from $lab_state (a name, or the path
# of a state script), pushes the test, the program under test and dom0.sh, runs the
# test there and ends with its status.  In dom0 it goes on with dom0.sh.
# $lab_more: another program that the test needs, in /root/test/lib.
# Of a test that failed it tells which guests panicked.
# XENSNAP_BIN is the program, built with -Dfail_points=true.

if [ -z "${XENSNAP_IN_LAB:-}" ]; then
	here=$(cd "$(dirname "$0")" && pwd)
	top=$(cd "$here/../.." && pwd)
	lab="$top/lab/lab"
	self=$(basename "$0")
	name="t$$.${self%.sh}"
	: "${XENSNAP_BIN:?names no program to test}"
	trap '"$lab" -n "$name" stop > /dev/null 2>&1' EXIT
	trap 'exit 130' INT TERM HUP
	"$lab" -n "$name" start --state "$lab_state" >&2 || exit 1
	"$lab" -n "$name" run -- mkdir -p /root/test/xen /root/test/lib &&
		"$lab" -n "$name" push "$0" /root/test/xen/ &&
		"$lab" -n "$name" push "$top/test/lib/in_lab.sh" \
			"$top/test/lib/dom0.sh" "$top/test/lib/tap.sh" \
			"$top/test/lib/domain.sh" "$top/test/lib/service.sh" \
			"$top/lab/witness/witness-verdict" \
			"$top/lab/witness/witness-flip" ${lab_more:+"$lab_more"} \
			/root/test/lib/ ||
		exit 1
	"$lab" -n "$name" push "$XENSNAP_BIN" /usr/local/sbin/xensnap >&2 ||
		exit 1
	"$lab" -n "$name" run --timeout "${LONG:+2}3000" -- \
		env XENSNAP_IN_LAB=1 LONG="${LONG:-}" REPEAT="${REPEAT:-}" \
		GUESTS="${GUESTS:-}" WAYS="${WAYS:-}" \
		sh "/root/test/xen/$self"
	rc=$?
	[ $rc -eq 0 ] || "$lab" -n "$name" run --no-stdin --timeout 120 -- \
		sh -c '. /root/test/lib/dom0.sh && tell_panics'
	exit $rc
fi
. /root/test/lib/dom0.sh
