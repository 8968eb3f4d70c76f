#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 20_domain.sh - the door to the hypervisor by itself: what it tells of a
# domain, save and go on, what it wrote restored by xl, and xl's monitor at
# work afterwards (inv. 1, 5, 9).
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/domain.sh"

guest=pvhmix
times=1
[ -n "$LONG" ] && times=10

# ---- what it is ----

out=$($probe describe $guest)
like "$out" '^type=PVH$' "describe: PVH"
like "$out" '^live_ok=1' "describe: can be saved live"
like "$out" "^disk=xvda /dev/vg/${guest}_xvda raw phy$" "describe: its disk"
is "$($probe monitor $guest)" "$(monitor_of $guest)" "xl's monitor is found"
out=$($probe describe ${guest}1 2>&1)
is "$?: $out" "1: domain_probe: 4 no domain is called ${guest}1" \
	"no such domain"
out=$($probe describe 1 2>&1)
is "$?: $out" "1: domain_probe: 4 no domain is called 1" "a number is no name"
out=$($probe describe Domain-0 2>&1)
like "$out" 'is this host itself' "dom0 is refused"
out=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
	$probe describe $guest 2>&1)
like "$out" 'needs root' "not root"

# ---- save and go on ----

i=0
while [ $i -lt $times ]; do
	i=$((i + 1))
	mark $guest
	save $guest $mem live monitor
	ok $? "live $i"
	is "$(field "$out" instants)" 1 "live $i: told once of the instant"
	whole $guest "live $i"
done
verify=$(ls /usr/lib/xen-*/bin/verify-stream-v2)
PYTHONPATH="${verify%/bin/*}/lib/python" \
	python3 "$verify" -v -f xl -i $mem > /tmp/verify 2>&1
ok $? "live: Xen's own checker finds the file sound"
like "$(tail -n 1 /tmp/verify)" 'Libxl Record: End' "and complete"

i=0
while [ $i -lt $times ]; do
	i=$((i + 1))
	mark $guest
	save $guest $mem monitor
	ok $? "stopped $i"
	is "$(field "$out" instants)" 1 "stopped $i: told once of the instant"
	whole $guest "stopped $i"
done

# ---- what was written ----

cfg=/root/$guest.cfg
# shellcheck disable=SC2046 # one word for each disk
$probe cfg $guest $($probe describe $guest |
	sed -n 's/^disk=\([^ ]*\) \([^ ]*\) .*/\1=\2/p') > $cfg
sed 's/^/# /' $cfg
xl -N create $cfg > /dev/null 2> /tmp/err
ok $? "xl takes the configuration"
is "$(grep -i 'warn\|err' /tmp/err)" "" "without a word"
is "$(grep -c 'not carried over' $cfg)" 0 "nothing in it was lost"

# Stopped and not let go on: the disks do not move on, so the file fits them.
save $guest $mem live monitor stay
ok $? "live, and it stays stopped"
kill -9 "$(monitor_of $guest)"
xl destroy $guest
mark $guest
xl restore $cfg $mem > /tmp/out 2>&1
ok $? "xl restore takes configuration and memory"
verdict $guest "$before" resume
ok $? "restored: one instant"

# ---- xl's monitor still does its work ----

is "$($probe monitor $guest)" "$(monitor_of $guest)" "monitor of xl restore"
mv /var/log/xen/xl-$guest.log /var/log/xen/xl-other.log
xl rename $guest renamed
is "$($probe monitor renamed)" "$(pgrep -x xl)" "monitor after renaming"
xl rename renamed $guest
mv /var/log/xen/xl-other.log /var/log/xen/xl-$guest.log
mark $guest
save $guest $mem live monitor
whole $guest "before a reboot"
was=$(xl domid $guest)
mark $guest
xl reboot $guest
wait_for 180 sh -c "tail -c +$((before + 1)) $(console $guest) |
	grep -q 'WITNESS ready'"
ok $? "xl reboot after saves: it comes back"
sed 's/^/# /' /var/log/xen/xl-$guest.log
[ "$(xl domid $guest)" -gt "$was" ]
ok $? "as a new domain"
is "$($probe monitor $guest)" "$(monitor_of $guest)" "monitor after a reboot"
mark $guest
save $guest $mem live monitor
whole $guest "after a reboot"
xl shutdown $guest
wait_for 90 sh -c "! xl domid $guest"
ok $? "xl shutdown after saves: it is cleaned up"
wait_for 10 sh -c '! pgrep -x xl'
ok $? "and the monitor ends"

tap_done
