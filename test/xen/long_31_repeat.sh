#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_31_repeat.sh - the same domain frozen again and again under disk load:
# each snapshot is one instant (inv. 1), the original too; and after all of them
# the guest still reboots and powers off as its configuration says (inv. 7).
# REPEAT: how often (20; PV half of it).  GUESTS: which (all four).
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

repeat=${REPEAT:-20}
guests=${GUESTS:-pvh1 pvh4 pvhmix pv2}
load="witness.load=1 witness.load_rate=50"

# once GUEST MODE I: freeze, judge, bring back, judge, delete.
once() {
	what="$1, $3 of $times"
	before=$(size_of "$(console "$1")")
	out=$(xensnap create -q --json --cow-size 100% "$1@r" 2>&1)
	ok $? "$what: create"
	like "$out" "\"mode\": *\"$2\"" "$what: $2"
	verdict "$1" "$before" resume
	ok $? "$what: the original is whole"
	resume_on_views "$1@r" "$1-back"
	ok $? "$what: what was frozen is one instant"
	guest_gone "$1-back"
	xensnap delete -q "$1@r" && clean "$1"
	ok $? "$what: nothing is left"
}

# One at a time: another would take a share of the processor.
for guest in $guests; do
	mode=live
	times=$repeat
	if [ "$guest" = pv2 ]; then
		mode=stop
		times=$(((repeat + 1) / 2))
	fi
	sed -i "s/^extra = \"\(.*\)\"/extra = \"\1 $load\"/" \
		"/etc/xen/guests/$guest.cfg"
	guest_start "$guest"
	ok $? "$guest: it is up"
	i=0
	while [ $i -lt "$times" ]; do
		i=$((i + 1))
		once "$guest" $mode $i
		# Dead, it would fail all the rest, slowly.
		runs "$guest" || break
	done
	after=$(size_of "$(console "$guest")")
	xl reboot "$guest"
	wait_for 180 sh -c "tail -c +$((after + 1)) $(console "$guest") |
		grep -q 'WITNESS ready'"
	ok $? "$guest: after $times snapshots xl reboot is obeyed"
	xl shutdown "$guest"
	wait_for 120 sh -c "! xl domid $guest"
	ok $? "$guest: and xl shutdown"
done
tap_done
