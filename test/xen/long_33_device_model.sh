#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_33_device_model.sh - an HVM domain whose QEMU hangs or dies before its
# memory is copied, and meanwhile: told within a minute, no snapshot of what is
# not one, and nothing is left (inv. 5, 11).
lab_state=large
. "$(dirname "$0")/../lib/in_lab.sh"

guest=hvm
sed -e 's/^name = .*/name = "hvm"/' -e '/^uuid/d' /etc/xen/guests/pvh1.cfg |
	as_type hvm > /etc/xen/guests/$guest.cfg

# qemu SIGNAL: to its device model.
qemu() {
	kill "-$1" "$(xenstore-read "/local/domain/$(xl domid $guest)/image/device-model-pid")"
}

# create: what it says in /tmp/err, its $status, how long it took in $took.
create() {
	start=$(date +%s)
	timeout 300 xensnap create -q $guest@m > /dev/null 2> /tmp/err
	status=$?
	took=$(($(date +%s) - start))
	sed 's/^/#   /' /tmp/err
}

# meanwhile PLACE SIGNAL: create is stopped there, QEMU gets SIGNAL, it goes on.
meanwhile() {
	start=$(date +%s)
	XENSNAP_STOP_AT=$1 xensnap create -q $guest@m > /dev/null 2> /tmp/err &
	pid=$!
	wait_for 120 grep -q '^State:.T' "/proc/$pid/status"
	qemu "$2"
	kill -CONT $pid
	wait $pid
	status=$?
	took=$(($(date +%s) - start))
	sed 's/^/#   /' /tmp/err
}

# refused WHAT
refused() {
	is $status 1 "$1: exit 1"
	like "$(tail -n 1 /tmp/err)" "^xensnap: create $guest@m: " "$1: told"
	[ $took -lt 120 ]
	ok $? "$1: after $took s"
}

guest_start $guest
ok $? "it is up"
create
is $status 0 "it can be frozen"
xensnap delete -q $guest@m

qemu STOP
create
refused "hung before"
like "$(cat /tmp/err)" 'device model.*does not answer' "hung before: why"
runs $guest
ok $? "hung before: the domain was not touched"
qemu CONT
create
is $status 0 "awake again, it can be frozen"
xensnap delete -q $guest@m

# libxl's own resume needs QEMU too: nobody can make the domain go on before
# QEMU answers again; who is asked then does.
meanwhile journal.instant.after STOP
refused "hung meanwhile"
qemu CONT
xensnap recover > /tmp/recover 2>&1
sed 's/^/#   /' /tmp/recover
wait_for 8 runs $guest
ok $? "hung meanwhile: recover, and it runs"
clean $guest
ok $? "hung meanwhile: nothing is left"
check $guest
ok $? "hung meanwhile: it is whole"

meanwhile journal.instant.after KILL
refused "dead meanwhile"
like "$(cat /tmp/err)" "recover $guest|runs, nothing was kept" \
	"dead meanwhile: what is true now"
xl destroy $guest
xensnap recover > /tmp/recover 2>&1
ok $? "ended by hand, then recover"
is "$(lvs --noheadings -o lv_name @xensnap)" "" "dead meanwhile: no view"
guest_start $guest
ok $? "it is up again"

qemu KILL
create
refused "dead before"
like "$(cat /tmp/err)" 'device model.*does not answer' "dead before: why"
tap_done
