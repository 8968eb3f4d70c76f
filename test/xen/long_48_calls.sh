#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_48_calls.sh - each call of libxl that create makes fails once, the context
# that cannot be had and the event loop that ends included: the domain runs on,
# nothing is left (inv. 5, 11), and a second try succeeds.
lab_state=running:pvhmix
lab_more=${XENSNAP_BUILD:-}/test/xen/fail_libxl.so
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix

# fails N ON WORDS...: xensnap with these words, whose call number N fails; with
# ON also those of the same function after it.
fails() {
	n=$1
	on=$2
	shift 2
	env LD_PRELOAD=/root/test/lib/fail_libxl.so FAIL_LIBXL="$n" \
		${on:+FAIL_LIBXL_ON=1} xensnap "$@"
}

# each WORDS...: all calls of create with these words, one after another.  The
# event loop turns as often as it likes: its first turns and some later ones
# stand for it, each once by itself and once with all that follow.
each() {
	rm -f /tmp/calls
	FAIL_LIBXL_LOG=/tmp/calls fails 0 '' create -q --cow-size 100% "$@" \
		$guest@n > /dev/null 2>&1
	ok $? "create $*: noting its calls"
	xensnap delete -q $guest@n
	turns=$(grep -c beforepoll /tmp/calls)
	awk -v turns="$turns" '
		{ n++; seen = ++count[$0] }
		$0 != "libxl_osevent_beforepoll" { print n, $0; next }
		seen <= 2 || seen % int(turns / 5 + 1) == 0 {
			print n, $0; print n, $0, "for-good"
		}' /tmp/calls > /tmp/chosen
	chosen=$(wc -l < /tmp/chosen)
	[ "$chosen" -ge 30 ]
	ok $? "create $*: $(wc -l < /tmp/calls) calls, $chosen of them fail"
	while read -r n call on; do
		fails "$n" "$on" create -q --cow-size 100% "$@" $guest@k \
			> /dev/null 2> /tmp/err < /dev/null
		status=$?
		sed 's/^/#   /' /tmp/err
		grep -q "device model" /tmp/err &&
			ok 1 "create $*, call $n: $guest has no device model"
		wait_for 8 runs $guest
		if [ $status -eq 0 ] || [ $status -eq 3 ]; then
			xensnap delete -q $guest@k < /dev/null
		else
			like "$(tail -n 1 /tmp/err)" "^xensnap: create $guest@k: " \
				"create $*, call $n, $call $on: exit $status, told"
			xensnap recover > /dev/null 2>&1 < /dev/null
		fi
		clean $guest
		ok $? "create $*, call $n, $call $on: exit $status, nothing is left"
	done < /tmp/chosen
	xensnap create -q --cow-size 100% "$@" $guest@n > /dev/null &&
		xensnap delete -q $guest@n
	ok $? "create $*: works after all that"
}

each
each --disks-only
check $guest
ok $? "witness agrees"
tap_done
