#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_86_import.sh - a live snapshot of a guest is exported, the guest destroyed and
# the snapshot deleted; import brings it back as a snapshot, and revert the guest
# from it: the witness goes on from where it was.  PVH and (GUESTS) PV, whose kernel
# import leaves out: xl restore does not need it.
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

guest=moved
out=/srv/xfs/moved.export

# freeze NAME: a snapshot, and how far the guest was.
freeze() {
	before=$(size_of "$(console $guest)")
	xensnap create -q --cow-size 100% $guest@"$1" > /dev/null 2> /tmp/err &&
		verdict $guest "$before" resume > /tmp/verdict
	ok $? "$guest@$1"
	sed 's/^/#   /' /tmp/err
	number > "/tmp/n.$1"
}

# import [WORDS...]: done, with the kernel left out, which is told.
import() {
	xensnap import "$@" > /tmp/out 2> /tmp/err
	is $? 3 "import $*"
	sed 's/^/#   /' /tmp/err
	like "$(cat /tmp/err)" "left out of the configuration: b_info.kernel" \
		"that the kernel was left out is told"
}

all_places() {
	echo --disk xvda=/dev/vg/moved_classic --disk xvdb=/dev/vg/moved_thin \
		--disk xvdc=/srv/xfs/moved.img
}

# back NAME: it goes on from there.
back() {
	before=$(size_of "$(console $guest)")
	xensnap revert --no-keep $guest@"$1" > /tmp/out 2> /tmp/err
	ok $? "revert to $1"
	sed 's/^/#   /' /tmp/err
	verdict $guest "$before" resume > /tmp/verdict
	ok $? "$1: memory and disks are one instant"
	sed 's/^/#   /' /tmp/verdict
	from_record "$(cat /tmp/n.a)" "$1: it goes on from where it was"
	runs $guest && monitor_of $guest > /dev/null
	ok $? "$1: it runs, under xl's monitor"
}

guest_of_three $guest "${GUESTS:-pvh}"
guest_start $guest
ok $? "a guest that writes"
freeze a
xensnap export -q $guest@a $out > /tmp/out 2> /tmp/err
ok $? "export"
# It is in Python, and needs Xen's modules, which may not be here.
verify=$(ls /usr/lib/xen-*/bin/verify-stream-v2 2> /dev/null | tail -n 1)
"$verify" --help > /dev/null 2>&1 || verify=""
sleep 5
xl destroy $guest
xensnap delete -q $guest@a
is "$(xensnap list --names)" "" "guest and snapshot are gone"

# The disks are used meanwhile: what is there must not matter.
for disk in /dev/vg/moved_classic /dev/vg/moved_thin; do
	dd if=/dev/urandom of=$disk bs=1M count=4 conv=fsync 2> /dev/null
done

import $out
xensnap revert $guest@a > /tmp/out 2>&1
is $? 1 "without --disk there is no revert"
like "$(cat /tmp/out)" "--disk xvda=PATH" "and it is said what to do"
# shellcheck disable=SC2046
import $(all_places) $out $guest@b
if [ -n "$verify" ]; then
	"$verify" -f xl -i /var/lib/xensnap/$guest/b/memory.xl > /tmp/out 2>&1
	ok $? "Xen's own verify-stream-v2 takes the memory that is kept"
fi
back b
sleep 3
back b
xensnap diff $guest@a $guest@b > /tmp/out 2>&1
like "$(cat /tmp/out)" "the same disks" "both imports are the same"

xensnap delete -q $guest@a $guest@b && rm -r $out && clean $guest
ok $? "nothing is left"
tap_done
