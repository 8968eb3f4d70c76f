#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A lab whose guest is at work is frozen again and again, and resumes each time:
# QEMU saves a CPU inside a PVH guest, but refuses to load that.  Prints TAP.

top=$(cd "$(dirname "$0")/../.." && pwd)
lab="$top/lab/lab"
guest=pvhmix
log=/var/log/xen/console/guest-$guest.log
failed=0

finish() {
	"$lab" stop freeze-a > /dev/null 2>&1
	"$lab" drop busy_guest > /dev/null 2>&1
}
trap finish EXIT
trap 'exit 1' INT TERM

ok() {
	[ "$1" -eq 0 ] || { printf 'not '; failed=1; }
	echo "ok $2 - $3"
}

beats() {
	"$lab" -n freeze-a run -- grep -c 'WITNESS beat' $log
}

"$lab" -n freeze-a start --fresh --state running:$guest >&2
ok $? 1 "start"
for n in 2 3 4; do
	"$lab" -n freeze-a freeze busy_guest >&2
	ok $? $n "freeze, and go on"
done
before=$(beats)
n=0
until [ "$(beats)" -gt "$before" ] || [ $n -gt 60 ]; do
	n=$((n + 1))
	sleep 1
done
[ $n -le 60 ]
ok $? 5 "the guest is at work"
echo 1..5
exit $failed
