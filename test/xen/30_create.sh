#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 30_create.sh - freeze running guests of each kind; the original runs on, and
# what was frozen is one instant (inv. 1, 5, 7, 9, 13, 14).
lab_state=running:pvhmix,pv2
[ -z "${LONG:-}" ] || lab_state=running:pvh1,pvh4,pvhmix,pv2
. "$(dirname "$0")/../lib/in_lab.sh"

# frozen GUEST MODE WORDS...: create GUEST@t, judge the original, bring the
# snapshot back as a second domain and judge that, delete it.
frozen() {
	guest=$1
	mode=$2
	shift 2
	before=$(size_of "$(console "$guest")")
	out=$(xensnap create --json --cow-size 100% "$@" "$guest@t" 2> /tmp/err)
	ok $? "$guest: create $*"
	cat /tmp/err | sed 's/^/#   /'
	like "$out" "\"mode\": *\"$mode\"" "$guest: the mode is $mode"
	verdict "$guest" "$before" resume
	ok $? "$guest: the original is whole after it"
	runs "$guest" && monitor_of "$guest" > /dev/null
	ok $? "$guest: the original runs, under xl's monitor"
	dir=/var/lib/xensnap/$guest/t
	is "$(stat -c %a "$dir" "$dir/memory.xl" | tr '\n' ' ')" "700 600 " \
		"$guest: memory is private"
	was=$(beat "$guest")
	resume_on_views "$guest@t" "$guest-back"
	ok $? "$guest: what was frozen is one instant"
	wait_for 30 sh -c "[ \"\$(grep -o 'WITNESS beat n=[0-9]*' \
		$(console "$guest-back") | tail -n 1 | grep -o '[0-9]*$')\" -gt 0 ]"
	ok $? "$guest: it counts on (the original was at $was)"
	guest_gone "$guest-back"
	xensnap delete "$guest@t"
	ok $? "$guest: delete"
	clean "$guest"
	ok $? "$guest: nothing is left"
}

frozen pvhmix live --live
frozen pv2 stop
if [ -n "${LONG:-}" ]; then
	frozen pvh1 live
	frozen pvh4 live
	frozen pvh1 stop --stop
fi

xensnap create --live pv2@t > /tmp/out 2> /tmp/err
is $? 1 "PV: --live is refused on a hypervisor without log-dirty"
like "$(cat /tmp/err)" '^xensnap: .*shadow.*--stop' "PV: and says why"
clean pv2
ok $? "PV: nothing is left"

tap_done
