#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_51_random_kill.sh - kill -9 of create at random moments, on a real
# domain: it runs on, `recover` leaves nothing, witness agrees (inv. 5, 6, 11).
# A PV domain stands still for long, so many of the deaths are in its pause.
# REPEAT: how often (100).
lab_state=running:pvmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvmix

# How long is it without being killed?
begin=$(date +%s%3N)
xensnap create -q $guest@k > /dev/null 2>&1
ok $? "create, without death"
whole=$(($(date +%s%3N) - begin))
xensnap delete -q $guest@k

i=0
while [ $i -lt "${REPEAT:-100}" ]; do
	i=$((i + 1))
	ms=$(awk -v s=$i -v w=$whole 'BEGIN { srand(s); print int(rand() * w) }')
	xensnap create -q $guest@k > /dev/null 2>&1 &
	pid=$!
	sleep "$(awk -v m="$ms" 'BEGIN { print m / 1000 }')"
	kill -9 $pid 2> /dev/null
	wait $pid 2> /dev/null
	recovered $guest k "killed after $ms of $whole ms"
	[ $((i % 10)) -ne 0 ] || {
		check $guest
		ok $? "witness agrees, after $i"
	}
done
check $guest
ok $? "witness agrees"
tap_done
