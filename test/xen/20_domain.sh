#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 20_domain.sh - the door to the hypervisor by itself, on a real Xen: save, go
# on, rescue, cancel, a deaf guest, xl's monitor (inv. 5, 9, 13).
#
# XENSNAP_BIN names test/xen/domain_probe, built (see there).  LONG=1 repeats
# more.
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

probe=/usr/local/sbin/xensnap
mem=/srv/xfs/memory
[ -n "$LONG" ] && times=10 || times=2

# field TEXT NAME: the value of NAME=VALUE.
field() {
	printf '%s\n' "$1" | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}

# save GUEST FILE WORDS...: its output in $out, its status.
save() {
	out=$($probe save "$@" 2>&1)
	status=$?
	echo "$out" | sed 's/^/# /'
	return $status
}

# whole GUEST AFTER WHAT: witness found one instant since AFTER, and the guest
# runs under its monitor, which is awake.
whole() {
	verdict "$1" "$2" resume
	ok $? "$3: one instant"
	awake "$1" "$3"
}

awake() {
	runs "$1"
	ok $? "$2: the domain runs"
	m=$(monitor_of "$1")
	grep -q '^State:.[SR]' "/proc/$m/status"
	ok $? "$2: xl's monitor is there and awake"
}

helper_gone() {
	! pgrep -f libxl-save-helper > /dev/null
}

mark() {
	before=$(size_of "$(console "$1")")
}

# ---- what it is ----

guest_start pvh1
ok $? "pvh1 starts"
out=$($probe describe pvh1)
like "$out" '^type=PVH$' "describe: PVH"
like "$out" '^live_ok=1' "describe: can be saved live"
like "$out" '^disk=xvda /dev/vg/pvh1_xvda raw phy$' "describe: its disk"
is "$($probe monitor pvh1)" "$(monitor_of pvh1)" "xl's monitor is found"
out=$($probe describe pvh11 2>&1)
is "$?: $out" "1: domain_probe: 4 no domain is called pvh11" "no such domain"
out=$($probe describe 1 2>&1)
is "$?: $out" "1: domain_probe: 4 no domain is called 1" \
	"a number is no name"
out=$($probe describe Domain-0 2>&1)
like "$out" 'is this host itself' "dom0 is refused"
out=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
	$probe describe pvh1 2>&1)
like "$out" 'needs root' "not root"

# ---- live, again and again ----

i=0
while [ $i -lt $times ]; do
	i=$((i + 1))
	mark pvh1
	save pvh1 $mem live monitor
	ok $? "live $i"
	is "$(field "$out" instants)" 1 "live $i: told once of the instant"
	whole pvh1 "$before" "live $i"
done
mark pvh1
save pvh1 $mem monitor
ok $? "not live"
is "$(field "$out" instants)" 1 "not live: told once of the instant"
whole pvh1 "$before" "not live"

# ---- killed ----

# killed WHAT: pvh1's saver is dead; another process puts it right.
killed() {
	out=$($probe rescue pvh1 3000 2>&1)
	ok $? "$1: rescue: $out"
	kill -CONT "$(monitor_of pvh1)"
	helper_gone
	ok $? "$1: no helper is left"
	wait_for 30 runs pvh1
	awake pvh1 "$1"
}

mark pvh1
save pvh1 $mem live monitor die=instant
like "$(state_of pvh1)" s "killed at the instant: it stands still"
killed "killed at the instant"
is "$out" resumed=1 "killed at the instant: resumed"
verdict pvh1 "$before" resume
ok $? "killed at the instant: one instant"

for at in 1 6; do
	save pvh1 $mem live monitor > /dev/null &
	sleep $at
	kill -9 "$(pgrep -x xensnap)"
	killed "killed after $at s"
	is "$out" resumed=0 "killed after $at s: it had not stopped"
done
[ -n "$LONG" ] && for at in 10 12 14 16 17 18 19 20 21 22 23 24; do
	save pvh1 $mem live monitor > /dev/null &
	sleep $at
	kill -9 "$(pgrep -x xensnap)" 2> /dev/null
	killed "killed after $at s"
	check pvh1
	ok $? "killed after $at s: one instant"
done

mark pvh1
save pvh1 $mem live monitor die=saved
killed "killed when all was written"
is "$out" resumed=1 "killed when all was written: resumed"
verdict pvh1 "$before" resume
ok $? "killed when all was written: one instant"

out=$($probe rescue pvh1 0 2>&1)
is "$out" resumed=0 "rescue of a domain that runs changes nothing"
awake pvh1 "rescue of a domain that runs"

# ---- cancelled, and other failures ----

save pvh1 $mem live monitor > /tmp/out 2>&1 &
sleep 4
kill -TERM "$(pgrep -x xensnap)"
wait
like "$(cat /tmp/out)" ' 11 cancelled' "cancelled while it runs"
like "$(cat /tmp/out)" 'resumed=0' "cancelled while it runs: it never stopped"
helper_gone
ok $? "cancelled while it runs: no helper is left"
awake pvh1 "cancelled while it runs"

mark pvh1
save pvh1 $mem monitor hold=4000 > /tmp/out 2>&1 &
wait_for 60 sh -c "xl list pvh1 | grep -q -- '-s'"
kill -TERM "$(pgrep -x xensnap)"
wait
like "$(cat /tmp/out)" ' 11 cancelled' "cancelled in the pause"
like "$(cat /tmp/out)" 'resumed=1' "cancelled in the pause: resumed"
whole pvh1 "$before" "cancelled in the pause"

mark pvh1
save pvh1 $mem live monitor fail
like "$out" "the caller's work failed" "the caller's failure is told"
whole pvh1 "$before" "the caller failed"

mkdir -p /tmp/small
mount -t tmpfs -o size=20m none /tmp/small
save pvh1 /tmp/small/m live monitor
like "$out" ' 3 no room for the memory' "no space: told"
awake pvh1 "no space"
umount /tmp/small

# ---- a guest that does not answer ----

xl pause pvh1
save pvh1 $mem live monitor
like "$out" ' 12 domain pvh1 is paused, not running' "paused: refused"
xl unpause pvh1

node=$(xl domid pvh1)
node=/local/domain/$node/control/shutdown
save pvh1 $mem live monitor > /tmp/out 2>&1 &
sleep 3
xl pause pvh1
wait_for 120 sh -c "[ \"\$(xenstore-read $node)\" = suspend ]"
ok $? "an unseen request is there"
kill -9 "$(pgrep -x xensnap)"
wait
out=$($probe rescue pvh1 100 2>&1)
is "$out" resumed=0 "an unseen request: rescue"
is "$(xenstore-read $node)" "" "an unseen request is withdrawn"
kill -CONT "$(monitor_of pvh1)"
xl unpause pvh1
sleep 3
awake pvh1 "an unseen request"

save pvh1 $mem live monitor > /tmp/out 2>&1 &
sleep 3
xl pause pvh1
wait
like "$(cat /tmp/out)" ' 7 domain pvh1 did not answer' "deaf: told"
xl unpause pvh1
sleep 3
is "$(xenstore-read $node)" "" "deaf: the request is withdrawn"
awake pvh1 "deaf"

# ---- what was written ----

save pvh1 $mem live monitor die=saved
cfg=/root/pvh1.cfg
$probe rescue pvh1 0 > /dev/null
kill -CONT "$(monitor_of pvh1)"
$probe cfg pvh1 xvda=/dev/vg/pvh1_xvda > $cfg
xl -N create $cfg > /dev/null 2> /tmp/err
ok $? "xl takes the configuration: $(grep -i -m 1 'warn\|err' /tmp/err)"
is "$(grep -c 'not carried over' $cfg)" 0 "nothing in it was lost"
sed 's/^/# /' $cfg

mark pvh1
save pvh1 $mem live monitor
ok $? "live, to restore"
whole pvh1 "$before" "live, to restore"
verify=$(ls /usr/lib/xen-*/bin/verify-stream-v2 2> /dev/null)
if [ -n "$verify" ] && command -v python3 > /dev/null; then
	PYTHONPATH="${verify%/bin/*}/lib/python" python3 "$verify" -v -f xl -i $mem > /tmp/out 2>&1
	ok $? "Xen's own checker finds the file sound"
	tail -n 2 /tmp/out | sed 's/^/# /'
fi

# Suspended and not resumed: the disk does not move on, so the file must fit.
save pvh1 $mem monitor die=saved
kill -9 "$(monitor_of pvh1)"
xl destroy pvh1
mark pvh1
xl restore $cfg $mem > /tmp/out 2>&1
ok $? "xl restore takes configuration and memory"
verdict pvh1 "$before" resume
ok $? "restored: one instant"

# ---- xl's monitor still does its work ----

is "$($probe monitor pvh1)" "$(monitor_of pvh1)" "monitor of xl restore"
mv /var/log/xen/xl-pvh1.log /var/log/xen/xl-other.log
xl rename pvh1 renamed
is "$($probe monitor renamed)" "$(pgrep -x xl)" "monitor after renaming"
xl rename renamed pvh1
mv /var/log/xen/xl-other.log /var/log/xen/xl-pvh1.log
mark pvh1
save pvh1 $mem live monitor
whole pvh1 "$before" "before a reboot"
was=$(xl domid pvh1)
mark pvh1
xl reboot pvh1
wait_for 180 sh -c "tail -c +$((before + 1)) $(console pvh1) |
	grep -q 'WITNESS ready'"
ok $? "xl reboot after saves: it comes back"
[ "$(xl domid pvh1)" -gt "$was" ]
ok $? "as a new domain"
is "$($probe monitor pvh1)" "$(monitor_of pvh1)" "monitor after a reboot"
mark pvh1
save pvh1 $mem live monitor
whole pvh1 "$before" "after a reboot"
xl shutdown pvh1
wait_for 60 sh -c '! xl domid pvh1'
ok $? "xl shutdown after saves: it is cleaned up"
is "$(pgrep -x xl)" "" "and the monitor ends"

# ---- PV ----

guest_start pv2
ok $? "pv2 starts"
out=$($probe describe pv2)
like "$out" '^live_ok=0 this hypervisor was built without shadow paging' \
	"describe: why PV cannot be saved live"
like "$out" '^save_ok=1' "describe: but stopped it can"
mark pv2
save pv2 $mem live monitor
like "$out" ' 10 domain pv2' "PV live is unsupported"
like "$out" 'resumed=0' "and it never stopped"
awake pv2 "PV live"
i=0
while [ $i -lt $times ]; do
	i=$((i + 1))
	mark pv2
	save pv2 $mem monitor
	ok $? "PV stop $i"
	is "$(field "$out" instants)" 1 "PV stop $i: told once"
	whole pv2 "$before" "PV stop $i"
done

# Somebody else's save is not ours to end.
mark pv2
kill -STOP "$(monitor_of pv2)"
xl save -c pv2 /srv/xfs/other > /dev/null 2>&1 &
wait_for 30 sh -c "xl list pv2 | grep -q -- '-s'"
out=$($probe rescue pv2 0 2>&1)
like "$out" ' 6 process [0-9]* is saving domain' "xl save: rescue keeps off"
save pv2 $mem
like "$out" ' \(6\|12\) ' "xl save: a second save is refused"
wait
kill -CONT "$(monitor_of pv2)"
whole pv2 "$before" "xl save"
guest_gone pv2

tap_done
