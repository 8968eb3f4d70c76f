#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_38_quiesce.sh - create --disks-only --quiesce on a real Xen: a guest with
# the agent is frozen at the instant, and its file system needs no recovery; one
# without is told to sync; one that is paused is not asked.  Whoever is killed,
# the guest goes on (inv. 16).
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix
fs=/dev/vg/${guest}_xvda

# node NAME: what is in it, below the guest's.
node() {
	xenstore-read "/local/domain/$(xl domid $guest)/$1" 2> /dev/null
}

here() {
	[ "$(node data/xensnap/quiesce)" = 1 ]
}

state_is() {
	[ "$(node data/xensnap/state | cut -d ' ' -f 1)" = "$1" ]
}

not_asked() {
	! node control/xensnap/quiesce > /dev/null
}

# What was reached: from --json.
reached() {
	sed -n 's/.*"quiesced": *"\([a-z]*\)".*/\1/p' /tmp/out
}

# Does it write on its ext4?  Witness counts on, and each round is on each disk.
goes_on() {
	was=$(beat $guest)
	wait_for 90 sh -c "grep -o 'WITNESS beat n=[0-9]*' $(console $guest) |
		tail -n 1 | grep -qv 'n=$was\$'"
}

mkfs.ext4 -q -F $fs
cp /etc/xen/guests/$guest.cfg /tmp/without.cfg
sed -i 's/^extra = "\(.*\)"/extra = "\1 witness.agent=1"/' \
	/etc/xen/guests/$guest.cfg
guest_start $guest
ok $? "a guest with an ext4 and the agent"
wait_for 60 here
ok $? "the agent announces itself"

xensnap create --disks-only --quiesce --quiesce-timeout 60 --json \
	--cow-size 100% $guest@f > /tmp/out 2> /tmp/err
ok $? "create --quiesce"
sed 's/^/#   /' /tmp/err
is "$(reached)" frozen "it was frozen"
like "$(cat /tmp/err)" 'has frozen its file systems' "that is told"
not_asked
ok $? "the request is taken back"
wait_for 60 state_is thawed
ok $? "and the guest has thawed"
goes_on
ok $? "it writes again"
check $guest
ok $? "it is whole"
like "$(xensnap show $guest@f)" 'guest  *its file systems were written out' \
	"show tells of it"
view=$(disks_of $guest@f | awk -v d=$fs '$1 == d { print $2 }')
dumpe2fs -h "$view" > /tmp/fs 2> /dev/null
ok $? "the view's ext4 can be looked at"
like "$(cat /tmp/fs)" 'Filesystem state: *clean' "it is clean"
grep -q needs_recovery /tmp/fs
ok $((! $?)) "and needs no recovery"
e2fsck -fn "$view" > /tmp/fsck 2>&1
ok $? "e2fsck finds nothing, with no journal replayed"
sed 's/^/#   /' /tmp/fsck
boot_on_views $guest@f $guest-back
ok $? "a second domain boots from the views"
like "$found" 'found prefix .* missing=0 foreign=0 torn=0' \
	"each write is there with all that came before it"
guest_gone $guest-back
xensnap delete -q $guest@f

# To see that the test above can fail.
xensnap create -q --disks-only --cow-size 100% $guest@u > /dev/null
ok $? "create without --quiesce"
view=$(disks_of $guest@u | awk -v d=$fs '$1 == d { print $2 }')
dumpe2fs -h "$view" 2> /dev/null | grep -q needs_recovery
ok $? "leaves a journal to be replayed"
xensnap delete -q $guest@u
clean $guest
ok $? "nothing is left"

# The time that we asked for ends while we are stopped.
XENSNAP_STOP_AT=quiesce.done xensnap create --disks-only --quiesce \
	--quiesce-timeout 30 --json $guest@e > /tmp/out 2> /tmp/err &
pid=$!
wait_for 120 grep -q '^State:.T' /proc/$pid/status
ok $? "stopped when it is frozen"
state_is frozen
ok $? "it says that it is"
wait_for 600 state_is thawed
ok $? "it thaws by its own clock"
kill -CONT $pid
wait $pid
is $? 3 "the create ends with a warning"
like "$(cat /tmp/err)" 'did not keep its file systems frozen' "that says why"
is "$(reached)" none "and nothing was reached"
xensnap delete -q $guest@e

XENSNAP_DIE_AT=quiesce.done xensnap create --disks-only --quiesce \
	--quiesce-timeout 60 $guest@k > /dev/null 2>&1
wait_for 30 not_asked
ok $? "killed when it is frozen: the watchdog takes the request back"
wait_for 60 state_is thawed
ok $? "killed when it is frozen: it thaws"
recovered $guest k "killed when it is frozen"
goes_on
ok $? "killed when it is frozen: it writes again"

xl pause $guest
xensnap create --disks-only --quiesce --json $guest@p > /tmp/out 2> /tmp/err
is $? 3 "a paused domain: a warning"
like "$(cat /tmp/err)" "$guest is paused" "that says why"
is "$(reached)" none "nothing was reached"
like "$(state_of $guest)" '^--p' "it stays paused"
xl unpause $guest
xensnap delete -q $guest@p
check $guest
ok $? "it is whole"
guest_gone $guest

cp /tmp/without.cfg /etc/xen/guests/$guest.cfg
guest_start $guest
ok $? "the guest without the agent"
if [ "$(node control/feature-sysrq)" != 1 ]; then
	# Debian's cloud kernel has no SysRq; here we play one that has.
	xensnap create -q --disks-only --quiesce --cow-size 100% --json \
		$guest@n > /tmp/out 2> /tmp/err
	is $? 3 "a kernel without SysRq: a warning"
	is "$(reached)" none "nothing was reached"
	xensnap delete -q $guest@n
	own=/local/domain/$(xl domid $guest)/control
	xenstore-write "$own/feature-sysrq" 1
	(
		wait_for 90 sh -c "[ \"\$(xenstore-read $own/sysrq)\" = s ]"
		xenstore-write "$own/sysrq" ""
	) &
fi
xensnap create --disks-only --quiesce --quiesce-timeout 60 --json \
	--cow-size 100% $guest@s > /tmp/out 2> /tmp/err
ok $? "create --quiesce"
sed 's/^/#   /' /tmp/err
is "$(reached)" sync "it was told to sync"
wait_for 30 grep -q -i 'emergency sync' "$(console $guest)" &&
	note "its kernel says so"
is "$(node control/sysrq)" "" "the key is not left pressed"
boot_on_views $guest@s $guest-back
ok $? "a second domain boots from the views"
like "$found" 'found prefix .* missing=0 foreign=0 torn=0' \
	"each write is there with all that came before it"
guest_gone $guest-back
xensnap delete -q $guest@s
clean $guest
ok $? "nothing is left"
guest_gone $guest
tap_done
