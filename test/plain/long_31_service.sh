#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_31_service.sh - the guard as a service of a real systemd, with all that its
# unit forbids it: it makes a real view larger, writes to the journal, is started
# again when it is killed or hangs, and has lost nothing then.
lab_state=plain
lab_more=${XENSNAP_BUILD:-}/contrib
. "$(dirname "$0")/../lib/in_lab.sh"
. /root/test/lib/service.sh

unit=xensnap-watch.service
view=vg-w.xs--a

# fill FROM N: N times 64 KiB, some seven a second: 12 MiB are full in half a
# minute.
fill() {
	n=$1
	while [ "$n" -lt $(($1 + $2)) ]; do
		dd if=/dev/urandom of=/dev/vg/w bs=64k seek="$n" count=1 \
			oflag=direct status=none
		sleep 0.12
		n=$((n + 1))
	done
}

area() {
	lvs --noheadings --units b --nosuffix -o lv_size vg/w.xs-a | tr -d ' '
}

good() {
	! dmsetup status $view | grep -Eq 'Invalid|Overflow' &&
		xensnap list d > /dev/null
}

# journal PRIORITY: all that the guard told of that one.
journal() {
	in_systemd journalctl -q -o cat -p "$1..$1" -u $unit
}

# another PID: does the service have a process that is not that one, and is up?
another() {
	now=$(in_systemd systemctl show -p ActiveState,MainPID $unit | sort)
	case $now in
	*MainPID=0) return 1 ;;
	ActiveState=active*MainPID="$1") return 1 ;;
	ActiveState=active*) ;;
	*) return 1 ;;
	esac
}

systemd_boot /root/test/lib/contrib
ok $? "systemd is up"
in_systemd systemd-analyze verify --man=no $services/xensnap-*.service \
	$services/xensnap-*.timer > /tmp/out 2>&1
ok $? "it finds no fault with the units"
is "$(cat /tmp/out)" "" "and says nothing"

lvcreate -qq -y -Wn -L 256m -n w vg > /dev/null
printf 'name = "d"\nmemory = 64\ndisk = ["/dev/vg/w,raw,xvda,w"]\n' > /root/d.cfg
xensnap create -q --config /root/d.cfg --cow-size 12M d@a > /dev/null
ok $? "a snapshot with a small view"
small=$(area)

in_systemd systemctl enable --now $unit > /tmp/out 2>&1
ok $? "it is started"
sed 's/^/#   /' /tmp/out
is "$(unit_is $unit ActiveState)" active "it says that it is ready"
is "$(unit_is $unit StatusText)" \
	"snapshots: 1; areas and pools watched: 1, not well: 0" "and what it does"
fill 0 280
good
ok $? "what would have overflowed the view did not"
larger=$(area)
[ "$larger" -gt "$small" ]
ok $? "it was made larger ($small, $larger)"
like "$(journal notice)" "d@a: view of xvda: made larger" \
	"which is in the journal"

first=$(unit_is $unit MainPID)
in_systemd kill -KILL "$first"
wait_for 60 another "$first"
ok $? "killed, it is started again"
fill 280 280
good
ok $? "and keeps the view"
[ "$(area)" -gt "$larger" ]
ok $? "which was made larger again"

second=$(unit_is $unit MainPID)
in_systemd kill -STOP "$second"
wait_for 180 another "$second"
ok $? "when it hangs, systemd's watchdog ends it, and it is started again"
is "$(unit_is $unit NRestarts)" 2 "that was twice"

in_systemd systemctl stop $unit
is "$(unit_is $unit Result) $(unit_is $unit ActiveState)" "success inactive" \
	"stopped, it ends as it should"
dd if=/dev/urandom of=/dev/vg/w bs=64k seek=560 count=2400 oflag=direct status=none
good
ok $((! $?)) "without it the view overflows"
in_systemd systemctl start $unit
in_systemd systemctl stop $unit
is "$(unit_is $unit ExecMainStatus) $(unit_is $unit Result)" "3 success" \
	"status 3, for there was something to warn of, is no failure"
like "$(journal warning)" "d@a: view of xvda: it is lost" \
	"that the view is lost, which it told"

xensnap delete -q d@a
lvremove -qq -y vg/w
is "$(xensnap recover)" "Nothing to recover." "nothing is left to recover"
tap_done
