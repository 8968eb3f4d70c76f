#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_37_rebuild.sh - the 2010 recipe as one command: the domain is saved, viewed,
# ended and restored, and counts on from the instant under a monitor of its
# own (inv. 1, 5); killed while there is no domain, it comes back.
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix

monitored() {
	runs $guest && m=$(monitor_of $guest) &&
		grep -q '^State:.[SR]' "/proc/$m/status"
}

before=$(size_of "$(console $guest)")
old=$(xl domid $guest)
out=$(xensnap create --rebuild --json --cow-size 100% $guest@r 2> /tmp/err)
ok $? "create --rebuild"
sed 's/^/#   /' /tmp/err
like "$out" '"mode": *"rebuild"' "the mode is rebuild"
[ "$(xl domid $guest)" != "$old" ]
ok $? "it is a new domain"
verdict $guest "$before" resume
ok $? "which counts on from the instant"
monitored
ok $? "under a monitor of its own"
resume_on_views $guest@r $guest-back
ok $? "what was kept is of that instant too"
guest_gone $guest-back
xensnap delete -q $guest@r
clean $guest
ok $? "nothing is left"

for place in rebuild.destroyed ${LONG:+journal.rebuild.after}; do
	before=$(size_of "$(console $guest)")
	XENSNAP_DIE_AT=$place xensnap create --rebuild -q $guest@k \
		> /dev/null 2>&1
	wait_for 60 monitored
	ok $? "killed at $place: the watchdog brings it back"
	verdict $guest "$before" resume
	ok $? "  from its memory"
	like "$(xensnap recover)" "$guest@k: undone" "  recover takes the rest back"
	clean $guest
	ok $? "  nothing is left"
done

# Both killed: recover alone.
if [ -z "${LONG:-}" ]; then
	tap_done
fi
before=$(size_of "$(console $guest)")
XENSNAP_STOP_AT=rebuild.destroyed xensnap create --rebuild -q $guest@k \
	> /dev/null 2>&1 &
pid=$!
wait_for 120 grep -q '^State:.T' "/proc/$pid/status"
pkill -KILL -x xensnap-watch
kill -KILL $pid
wait $pid 2> /dev/null
xl domid $guest > /dev/null 2>&1
is $? 1 "both killed: the domain is gone"
like "$(xensnap recover)" 'was gone and was restored' "recover restores it"
verdict $guest "$before" resume
ok $? "from its memory"
monitored
ok $? "under a monitor"
clean $guest
ok $? "nothing is left"

# And it still obeys.
xl shutdown $guest
wait_for 120 sh -c "! xl domid $guest"
ok $? "xl shutdown is obeyed"
tap_done
