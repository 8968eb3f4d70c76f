#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_60_cancel.sh - Ctrl-C at any time ends with a running domain and nothing left
# behind.
lab_state=running:pvhmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix

# create [PLACE]: begin to create, in the background, as $pid; stop at PLACE.
# What a shell starts in the background ignores SIGINT; at a terminal it does
# not.
create() {
	XENSNAP_STOP_AT=${1:-} setsid env --default-signal=INT \
		xensnap create $guest@c > /dev/null 2> /tmp/err &
	pid=$!
}

# interrupted PLACE: stop there, interrupt, go on.
interrupted() {
	create "$1"
	wait_for 60 grep -q '^State:.T' "/proc/$pid/status"
	kill -INT "$pid"
	kill -CONT "$pid"
	wait "$pid"
	status=$?
	ok "$([ "$status" -ne 0 ]; echo $?)" "$1: exit $status"
	like "$(tail -n 1 /tmp/err)" "^xensnap: create $guest@c: .*the domain runs, nothing was kept" \
		"$1: said so"
	sed 's/^/#   /' /tmp/err
	clean $guest
	ok $? "$1: nothing is left"
}

interrupted journal.begin.after
interrupted journal.view.after
interrupted journal.instant.after
interrupted instant.begin
interrupted instant.saved

# In the middle of the copying of memory, from the keyboard's side: the whole
# process group.
create
wait_for 60 sh -c "[ -s /var/lib/xensnap/$guest/.c.partial/memory.xl ]"
env kill -INT -- "-$pid"
wait "$pid"
ok "$([ $? -ne 0 ]; echo $?)" "while memory is copied: not done"
sed 's/^/#   /' /tmp/err
clean $guest
ok $? "while memory is copied: nothing is left"
check $guest
ok $? "witness agrees"
tap_done
