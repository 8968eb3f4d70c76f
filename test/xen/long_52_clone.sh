#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_52_clone.sh - second domains from one live snapshot beside the original,
# one, five at once, killed at each place; with classic, thin and file disks, as
# PVH or (GUESTS) PV: witness agrees in each, the original runs on and the
# snapshot stays, nothing is left behind (inv. 11, 24).  50_revert.sh has one
# clone every day.
lab_state=large
. "$(dirname "$0")/../lib/in_lab.sh"

guest=first

# clones WORDS...: xensnap clone with them.  Beside two PV guests that write the
# scripts of three disks take longer than libxl waits, so these stand still.
clones() {
	case ${GUESTS:-pvh} in
	pv) alone xensnap clone "$@" ;;
	*) xensnap clone "$@" ;;
	esac
}

# five: many-1 to many-5 beside each other; PV guests are made one by one, since
# those that --count has made already would write.
five() {
	case ${GUESTS:-pvh} in
	pv)
		for i in 1 2 3 4 5; do
			clones $guest@a "many-$i" || return 1
		done
		;;
	*) clones --count 5 $guest@a many ;;
	esac
}

uuid_of() {
	xl list -v "$1" | awk 'NR == 2 { print $7 }'
}

# goes_on NAME: it went on from the snapshot, and memory and disks are of it.
goes_on() {
	verdict "$1" 0 resume > /tmp/verdict
	ok $? "$1: memory and disks are one instant"
	sed 's/^/#   /' /tmp/verdict
	from_record "$n" "$1: it goes on from where it was"
	runs "$1" && monitor_of "$1" > /dev/null
	ok $? "$1: it runs, under xl's monitor"
	[ "$(uuid_of "$1")" != "$(uuid_of $guest)" ]
	ok $? "$1: it has a uuid of its own"
}

# removed NAME: it goes, and nothing of it stays.
removed() {
	xensnap delete "$1" > /tmp/out 2>&1
	is $? 1 "$1: not while it runs"
	guest_gone "$1"
	xensnap delete "$1" > /tmp/out 2> /tmp/err
	ok $? "$1: deleted"
	sed 's/^/#   /' /tmp/err
	[ ! -e "/srv/xfs/$1-xvdc.img" ] && ! lvs "vg/$1-xvda" 2> /dev/null &&
		! lvs "vg/$1-xvdb" 2> /dev/null &&
		[ ! -e "/var/lib/xensnap/$1" ]
	ok $? "$1: nothing of it is left"
}

views_sum() {
	disks_of $guest@a | while read -r _ view; do
		lvchange -qq -ay -K "$view" 2> /dev/null
		md5sum < "$view"
	done
}

guest_of_three $guest "${GUESTS:-pvh}"
guest_start $guest
ok $? "a guest that writes"
before=$(size_of "$(console $guest)")
xensnap create -q --cow-size 100% $guest@a > /dev/null 2> /tmp/err &&
	verdict $guest "$before" resume > /tmp/verdict
ok $? "its snapshot"
n=$(number)
sum=$(views_sum)
sleep 3

clones $guest@a trial > /tmp/out 2> /tmp/err
ok $? "a clone"
sed 's/^/#   /' /tmp/out /tmp/err
goes_on trial
check $guest > /dev/null
ok $? "the original is whole, and runs on"
check trial > /dev/null
ok $? "and so is the clone, as it writes"
xensnap watch --once > /tmp/out 2> /tmp/err
sed 's/^/#   /' /tmp/out /tmp/err
like "$(cat /tmp/out)" "clone trial xvda +good" \
	"watch looks after its disk on a classic volume"
is "$(grep -c 'clone trial' /tmp/out)" 1 "which is the only one with an area"
xensnap delete $guest@a > /tmp/out 2>&1
is $? 1 "its snapshot is not deleted"
like "$(cat /tmp/out)" "clone trial lives on it" "and it is said why"
is "$(views_sum)" "$sum" "the snapshot is what it was"

clones --disks-only $guest@a booted > /tmp/out 2> /tmp/err
ok $? "a second one, from the disks alone"
wait_for 180 grep -q 'WITNESS ready' "$(console booted)"
ok $? "it boots"
check booted > /dev/null
ok $? "and is whole"
removed booted
removed trial
[ -z "$(lvs --noheadings -o lv_name -S 'lv_tags=~xensnap-base')" ]
ok $? "what clones shared has gone with the last of them"
is "$(views_sum)" "$sum" "the snapshot is what it was"

# killed PLACE: recover leaves nothing of it.
killed() {
	XENSNAP_DIE_AT="$1" xensnap clone $guest@a half > /tmp/out 2>&1
	ok "$([ $? -ne 0 ]; echo $?)" "killed at $1"
	xensnap recover > /tmp/out 2> /tmp/err
	ok $? "$1: recover"
	sed 's/^/#   /' /tmp/out /tmp/err
	! xl domid half 2> /dev/null && [ ! -e /srv/xfs/half-xvdc.img ] &&
		! lvs vg/half-xvda 2> /dev/null &&
		! lvs vg/half-xvdb 2> /dev/null &&
		[ ! -e /var/lib/xensnap/half ] &&
		[ -z "$(lvs --noheadings -o lv_name \
			-S 'lv_tags=~xensnap-base||lv_tags=xensnap-restoring')" ]
	ok $? "$1: nothing of it is left"
}

for place in clone.written lv_make.made clone.base clone.volume \
	clone.disk clone.volume#2 clone.file clone.config clone.started; do
	killed $place
done
five > /tmp/out 2> /tmp/err
ok $? "five at once"
sed 's/^/#   /' /tmp/err
for i in 1 2 3 4 5; do
	goes_on "many-$i"
done
is "$(for i in 1 2 3 4 5; do uuid_of many-$i; done | sort -u |
	wc -l)" 5 "five uuids"
for i in 1 2 3 4 5; do
	check "many-$i" > /dev/null
	ok $? "many-$i: whole, as it writes"
done
check $guest > /dev/null
ok $? "and so is the original"
for i in 1 2 3 4 5; do
	removed "many-$i"
done
xensnap delete -q $guest@a && clean $guest
ok $? "nothing is left"
tap_done
