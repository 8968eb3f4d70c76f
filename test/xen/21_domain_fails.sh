#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 21_domain_fails.sh - savers that are killed, cancelled, out of room, and a
# guest that does not answer: afterwards the domain runs (inv. 5).
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/domain.sh"

guest=pvhmix

# rescued WHAT RESUMED: the saver is dead; another process puts it right.
rescued() {
	out=$($probe rescue $guest 3000 2>&1)
	is "$out" "resumed=$2" "$1: rescue"
	kill -CONT "$(monitor_of $guest)"
	helper_gone
	ok $? "$1: no helper is left"
	wait_for 30 runs $guest
	awake $guest "$1"
}

# ---- killed ----

mark $guest
save $guest $mem live monitor die=instant
suspended $guest
ok $? "killed at the instant: it stands still"
rescued "killed at the instant" 1
verdict $guest "$before" resume
ok $? "killed at the instant: one instant"

save_begin $guest $mem live monitor
sleep 4
kill -9 $pid
save_end
rescued "killed while it runs" 0

mark $guest
save $guest $mem monitor die=saved
rescued "killed when all was written" 1
verdict $guest "$before" resume
ok $? "killed when all was written: one instant"

[ -n "$LONG" ] && for at in $(seq 1 30); do
	save_begin $guest $mem live monitor
	sleep "$at"
	kill -9 $pid 2> /dev/null
	save_end
	out=$($probe rescue $guest 3000 2>&1)
	ok $? "killed after $at s: $out"
	kill -CONT "$(monitor_of $guest)"
	wait_for 30 runs $guest
	awake $guest "killed after $at s"
	check $guest
	ok $? "killed after $at s: one instant"
done

is "$($probe rescue $guest 0 2>&1)" resumed=0 \
	"rescue of a domain that runs changes nothing"
awake $guest "rescue of a domain that runs"

# ---- cancelled, and other failures ----

save_begin $guest $mem live monitor
sleep 4
kill -TERM $pid
save_end
like "$out" ' 11 cancelled' "cancelled while it runs"
like "$out" 'resumed=0' "cancelled while it runs: it never stopped"
helper_gone
ok $? "cancelled while it runs: no helper is left"
awake $guest "cancelled while it runs"

mark $guest
save_begin $guest $mem monitor hold=4000
wait_for 60 suspended $guest
kill -TERM $pid
save_end
like "$out" ' 11 cancelled' "cancelled in the pause"
like "$out" 'resumed=1' "cancelled in the pause: resumed"
whole $guest "cancelled in the pause"

mark $guest
save $guest $mem monitor fail
like "$out" "the caller's work failed" "the caller's failure is told"
whole $guest "the caller failed"

mkdir -p /tmp/small
mount -t tmpfs -o size=20m none /tmp/small
save $guest /tmp/small/m live monitor
like "$out" ' 3 no room for the memory' "no space: told"
awake $guest "no space"
umount /tmp/small

# ---- a guest that does not answer ----

xl pause $guest
save $guest $mem live monitor
like "$out" " 12 domain $guest is paused, not running" "paused: refused"
xl unpause $guest

# Paused after the save has begun, it does not see the request.
request=/local/domain/$(xl domid $guest)/control/shutdown
deaf() {
	save_begin $guest $mem live monitor
	wait_for 30 pgrep -f libxl-save-helper
	xl pause $guest
	wait_for 120 sh -c "[ \"\$(xenstore-read $request)\" = suspend ]"
	ok $? "$1: the request is there"
}

deaf "unseen"
kill -9 $pid
save_end
is "$($probe rescue $guest 100 2>&1)" resumed=0 "unseen: rescue"
is "$(xenstore-read $request)" "" "unseen: the request is withdrawn"
kill -CONT "$(monitor_of $guest)"
xl unpause $guest
sleep 3
awake $guest "unseen"

deaf "deaf"
save_end
like "$out" " 7 domain $guest did not answer" "deaf: told"
xl unpause $guest
sleep 3
is "$(xenstore-read $request)" "" "deaf: the request is withdrawn"
awake $guest "deaf"
check $guest
ok $? "after all that: one instant"

tap_done
