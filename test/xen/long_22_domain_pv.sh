#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_22_domain_pv.sh - a PV domain on a hypervisor without log-dirty mode, and
# somebody else's save, which is not ours to end.
lab_state=running:pv2
. "$(dirname "$0")/../lib/domain.sh"

guest=pv2
times=1
[ -n "$LONG" ] && times=10

out=$($probe describe $guest)
like "$out" '^type=PV$' "describe: PV"
like "$out" '^live_ok=0 this hypervisor was built without shadow paging' \
	"describe: why it cannot be saved live"
like "$out" '^save_ok=1' "describe: but stopped it can"

save $guest $mem live monitor
like "$out" " 10 domain $guest" "live is not supported"
like "$out" 'resumed=0' "live: it never stopped"
awake $guest "live"

i=0
while [ $i -lt $times ]; do
	i=$((i + 1))
	mark $guest
	save $guest $mem monitor
	ok $? "stopped $i"
	is "$(field "$out" instants)" 1 "stopped $i: told once of the instant"
	whole $guest "stopped $i"
done

mark $guest
kill -STOP "$(monitor_of $guest)"
xl save -c $guest /srv/xfs/other > /dev/null 2>&1 &
wait_for 30 suspended $guest
out=$($probe rescue $guest 0 2>&1)
like "$out" ' 6 process [0-9]* is saving domain' "xl save: rescue keeps off"
save $guest $mem
like "$out" ' (6|12) ' "xl save: a second save is refused"
wait
kill -CONT "$(monitor_of $guest)"
whole $guest "xl save"

tap_done
