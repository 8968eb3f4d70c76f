#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_50_kill.sh - kill -9 of create at places that have a name, on a real
# domain: it runs on, `recover` leaves nothing, witness agrees (inv. 5, 6, 11).
# The places around the pause; with LONG=1 all of them, and 100 random moments.
# test/sim/ visits all of them each time.
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix
around_the_pause="journal.(instant|resumed|commit).after|\
instant.(begin|held|saved|resumed)|disk.(classic|thin).set|\
disk.classic.armed|disk.thin.forgotten|commit.record"

# Where can it die?
XENSNAP_TRACE_FAIL=/tmp/places xensnap create $guest@trace > /dev/null 2>&1
ok $? "create, noting its places"
xensnap delete $guest@trace
places=$(awk '!seen[$0]++' /tmp/places)
all=$(echo "$places" | wc -l)
[ -n "$LONG" ] || places=$(echo "$places" | grep -E "^($around_the_pause)$")
note "$(echo "$places" | wc -l) of $all places"

# recovered WHAT: after a death, is all put right?
recovered() {
	wait_for 8 runs $guest
	ok $? "$1: the domain runs on"
	xensnap recover > /tmp/recover 2>&1
	ok $? "$1: recover"
	sed 's/^/#   /' /tmp/recover
	if xensnap show $guest@k > /dev/null 2>&1; then
		note "it had been committed"
		xensnap delete $guest@k
	fi
	clean $guest
	ok $? "$1: nothing is left"
	xensnap recover > /tmp/recover 2>&1
	like "$(cat /tmp/recover)" '[Nn]othing' "$1: a second recover finds nothing"
}

for place in $places; do
	XENSNAP_DIE_AT=$place xensnap create $guest@k > /dev/null 2>&1
	recovered "killed at $place"
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

# Random moments.
if [ -n "$LONG" ]; then
	i=0
	while [ $i -lt 100 ]; do
		i=$((i + 1))
		xensnap create $guest@k > /dev/null 2>&1 &
		pid=$!
		sleep "$(awk -v s=$i 'BEGIN { srand(s); print rand() * 25 }')"
		kill -9 $pid 2> /dev/null
		wait $pid 2> /dev/null
		recovered "random moment $i"
	done
	check $guest
	ok $? "witness agrees"
fi

xl reboot $guest
after=$(size_of "$(console $guest)")
wait_for 180 sh -c "tail -c +$((after + 1)) $(console $guest) |
	grep -q 'WITNESS ready'"
ok $? "xl reboot is obeyed: its monitor lives"
xl shutdown $guest
wait_for 120 sh -c "! xl domid $guest"
ok $? "xl shutdown too"
tap_done
