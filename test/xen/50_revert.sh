#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 50_revert.sh - a guest with classic, thin and file disks goes back to snapshots
# in any order, under load: witness agrees each time, all snapshots stay (inv.
# 23), nothing is left behind (inv. 11).
#
# With --long: fifty times (REPEAT) between five, with a disk that is copied (on
# ext4) as well; and the guest, PVH or (GUESTS) PV, is run from its disks in
# between.
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

guest=back

# freeze NAME: a snapshot, and how far the guest was.
freeze() {
	before=$(size_of "$(console $guest)")
	xensnap create -q --cow-size 100% ${LONG:+--copy} $guest@"$1" \
		> /dev/null 2> /tmp/err &&
		verdict $guest "$before" resume > /tmp/verdict
	ok $? "$guest@$1"
	sed 's/^/#   /' /tmp/err
	number > "/tmp/n.$1"
}

# back NAME [WORDS...]: it goes on from there, and not from another.
back() {
	name=$1
	shift
	was=$(xl domid $guest)
	before=$(size_of "$(console $guest)")
	xensnap revert "$@" $guest@"$name" > /tmp/out 2> /tmp/err
	ok $? "revert to $name"
	sed 's/^/#   /' /tmp/err
	grep -E 'Written|Away' /tmp/out | sed 's/^/#   /'
	# Its predecessor, kept as it was, went on for a moment and tells so too.
	verdict $guest "$before" resume "$(xl domid $guest)" > /tmp/verdict
	ok $? "$name: memory and disks are one instant"
	sed 's/^/#   /' /tmp/verdict
	from_record "$(cat "/tmp/n.$name")" "$name: it goes on from where it was"
	[ "$(xl domid $guest)" != "$was" ] && runs $guest &&
		monitor_of $guest > /dev/null
	ok $? "$name: it runs, as a new domain under xl's monitor"
}

all_there() {
	for name in "$@"; do
		[ -d "/var/lib/xensnap/$guest/$name" ] || return 1
	done
	xensnap list > /tmp/out 2> /tmp/err
	is $? 0 "all snapshots are there and whole"
}

# killed NAME: in the middle of a revert to it; recover takes that on.
killed() {
	XENSNAP_DIE_AT=revert.disk#2 xensnap revert --no-keep $guest@"$1" \
		> /tmp/out 2>&1
	ok "$([ $? -ne 0 ]; echo $?)" "killed while the disks are written"
	wait_for 20 sh -c "! xl domid $guest"
	xensnap create $guest@x > /tmp/out 2>&1
	is $? 1 "nothing else is done now"
	before=$(size_of "$(console $guest)")
	xensnap recover > /tmp/out 2> /tmp/err
	ok $? "recover"
	sed 's/^/#   /' /tmp/out /tmp/err
	verdict $guest "$before" resume > /tmp/verdict
	ok $? "memory and disks are one instant"
	from_record "$(cat "/tmp/n.$1")" "it goes on from $1"
}

# gone NAME: a view that somebody removed.
gone() {
	view=$(disks_of $guest@"$1" | sed -n 's/.*classic //p')
	lvremove -qq -y "$view"
	xensnap revert $guest@"$1" > /tmp/out 2>&1
	is $? 1 "a view that is gone is refused"
	like "$(cat /tmp/out)" "cannot be relied on" "with the reason"
	runs $guest
	ok $? "and the guest runs on"
	xensnap delete -q $guest@"$1"
}

# Somebody runs it from its disks in between, and ends it: right all the same.
used_meanwhile() {
	xl destroy $guest
	booted=$(size_of "$(console $guest)")
	patient create /etc/xen/guests/$guest.cfg
	wait_for 180 sh -c "tail -c +$((booted + 1)) $(console $guest) |
		grep -q 'WITNESS ready'"
	ok $? "it is booted from its disks"
	sleep 5
	xl destroy $guest
	back "$1" --no-keep
}

# A second domain goes on from snapshot NAME, and goes.
cloned() {
	alone xensnap clone $guest@"$1" trial > /tmp/out 2> /tmp/err
	ok $? "a clone of $1"
	sed 's/^/#   /' /tmp/err
	verdict trial 0 resume > /tmp/verdict
	ok $? "trial: memory and disks are one instant"
	from_record "$(cat "/tmp/n.$1")" "trial: it goes on from where it was"
	xensnap delete $guest@"$1" > /tmp/out 2>&1
	is $? 1 "a snapshot with a clone is not deleted"
	guest_gone trial
	xensnap delete trial > /dev/null 2> /tmp/err
	ok $? "it goes"
	sed 's/^/#   /' /tmp/err
}

guest_of_three $guest "${GUESTS:-pvh}"
[ -z "${LONG:-}" ] || fourth_disk $guest /srv/ext4/$guest.img
guest_start $guest
ok $? "a guest that writes"
freeze a
cloned a
freeze b
sleep 5
back a
before=$(sed -n 's/^Before *//p' /tmp/out)
like "$before" "^$guest@before-" "the present was kept"
all_there a b "${before#*@}"
killed b
all_there a b "${before#*@}"
gone b

if [ -n "${LONG:-}" ]; then
	for name in b c d e; do
		freeze $name
		sleep 3
	done
	used_meanwhile c
	times=${REPEAT:-50}
	while [ "$times" -gt 0 ]; do
		back "$(printf 'a\nb\nc\nd\ne\n' | shuf -n 1)" --no-keep
		sleep "$((times % 4))"
		times=$((times - 1))
	done
	all_there a b c d e
fi
xensnap list --json | python3 -c '
import json, sys
for s in json.load(sys.stdin)["snapshots"]:
    print(s["snapshot"])' | xargs xensnap delete -q && clean $guest
ok $? "nothing is left"
tap_done
