#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_49_meanwhile.sh - while its memory is copied the domain ends, restarts,
# gives memory back, or xenstored does not answer: no snapshot of what is not
# one, no hang, and nothing is left (inv. 2, 5, 11).
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix

# begin: create is at work on the memory, as $pid.
begin() {
	timeout 300 xensnap create --cow-size 100% $guest@m > /tmp/out \
		2> /tmp/err &
	pid=$!
	wait_for 60 sh -c "[ -s /var/lib/xensnap/$guest/.m.partial/memory.xl ]"
}

# end: it has ended, with $status.
end() {
	wait $pid
	status=$?
	sed 's/^/#   /' /tmp/err
}

# nothing WHAT: whether the domain is there or not.
nothing() {
	left="$(lvs --noheadings -o lv_name @xensnap)$(find /var/lib/xensnap \
		-mindepth 2 -maxdepth 2 ! -name .lock)$(dmsetup info -c \
		--noheadings -o suspended | grep Suspended)"
	is "$left" "" "$1: nothing is left"
	like "$(xensnap recover 2>&1)" '[Nn]othing' "$1: recover finds nothing"
}

# again: the domain is there, as at the beginning.
again() {
	runs $guest || guest_start $guest
}

# failed WHAT PATTERN
failed() {
	is $status 1 "$1: exit 1"
	like "$(tail -n 1 /tmp/err)" "$2" "$1: told"
}

begin
xl destroy $guest
end
failed "destroyed" "ended while its memory was being saved|is gone"
nothing "destroyed"
again
ok $? "it is up again"

begin
xl shutdown $guest > /dev/null
end
failed "shut down" "ended while its memory was being saved|is gone"
wait_for 60 sh -c "! xl domid $guest"
ok $? "shut down: xl's monitor ends it"
nothing "shut down"
again
ok $? "it is up again"

after=$(size_of "$(console $guest)")
begin
xl reboot $guest > /dev/null
end
failed "rebooted" "ended while its memory was being saved|is gone"
wait_for 180 sh -c "tail -c +$((after + 1)) $(console $guest) |
	grep -q 'WITNESS ready'"
ok $? "rebooted: it is up again"
nothing "rebooted"

# Given back while it is copied, memory is missing from the copy or not; what
# counts is that the guest goes on.
begin
xl mem-set $guest 112 > /dev/null
end
if [ $status -eq 0 ]; then
	resume_on_views $guest@m $guest-back
	ok $? "ballooned: what was frozen is one instant"
	guest_gone $guest-back
	xensnap delete -q $guest@m
fi
runs $guest
ok $? "ballooned: exit $status, it runs"
nothing "ballooned"
check $guest
ok $? "ballooned: it is whole"

store=$(pgrep -x 'oxenstored|xenstored')
begin
kill -STOP "$store"
sleep 10
kill -CONT "$store"
end
ok "$([ $status -lt 124 ]; echo $?)" "xenstored is slow: exit $status"
[ $status -ne 0 ] || xensnap delete -q $guest@m
wait_for 8 runs $guest
ok $? "xenstored is slow: the domain runs"
nothing "xenstored is slow"

kill -STOP "$store"
timeout 120 xensnap create $guest@m > /tmp/out 2> /tmp/err
status=$?
sed 's/^/#   /' /tmp/err
failed "xenstored hangs" "xenstored"
kill -CONT "$store"
clean $guest
ok $? "xenstored hangs: nothing was touched"
check $guest
ok $? "after all that: one instant"
tap_done
