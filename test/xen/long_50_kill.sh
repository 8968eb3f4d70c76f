#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_50_kill.sh - kill -9 of create at places that have a name, on a real
# domain: it runs on, `recover` leaves nothing, witness agrees (inv. 5, 6, 11).
# test/sim/ visits all of them each time; long_51_random_kill.sh dies anywhere.
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix

# Where can it die?
XENSNAP_TRACE_FAIL=/tmp/places xensnap create $guest@trace > /dev/null 2>&1
ok $? "create, noting its places"
xensnap delete $guest@trace
places=$(awk '!seen[$0]++' /tmp/places)
note "$(echo "$places" | wc -l) places"

for place in $places; do
	XENSNAP_DIE_AT=$place xensnap create $guest@k > /dev/null 2>&1
	recovered $guest k "killed at $place"
done
check $guest
ok $? "witness agrees"

# Both at once, where it hurts most.
for place in instant.held instant.saved; do
	XENSNAP_STOP_AT=$place xensnap create $guest@k > /dev/null 2>&1 &
	pid=$!
	if wait_for 60 grep -q '^State:.T' "/proc/$pid/status"; then
		watch=$(pgrep -P "$pid" xensnap-watch)
		kill -9 "$watch" "$pid"
		wait "$pid" 2> /dev/null
		like "$(state_of $guest)" '^--' \
			"both killed at $place: the domain stands still"
		xensnap recover > /tmp/recover 2>&1
		ok $? "both killed at $place: recover"
		sed 's/^/#   /' /tmp/recover
		clean $guest
		ok $? "both killed at $place: nothing is left"
	else
		ok 1 "stopped at $place"
	fi
done
check $guest
ok $? "witness agrees"

after=$(size_of "$(console $guest)")
xl reboot $guest
wait_for 180 sh -c "tail -c +$((after + 1)) $(console $guest) |
	grep -q 'WITNESS ready'"
ok $? "xl reboot is obeyed: its monitor lives"
xl shutdown $guest
wait_for 120 sh -c "! xl domid $guest"
ok $? "xl shutdown too"
tap_done
