#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_48_calls.sh - each call of libxl that create makes fails once, the context
# that cannot be had and the event loop that ends included: the domain runs on,
# nothing is left (inv. 5, 11), and a second try succeeds.
lab_state=running:pvhmix
lab_more=${XENSNAP_BUILD:-}/test/xen/fail_libxl.so
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvhmix

# fails N WORDS...: xensnap with these words, whose call number N fails.
fails() {
	n=$1
	shift
	FAIL_LIBXL=$n LD_PRELOAD=/root/test/lib/fail_libxl.so xensnap "$@"
}

# each WORDS...: all calls of create with these words, one after another.  The
# event loop turns as often as it likes: its first turns stand for it.
each() {
	rm -f /tmp/calls
	FAIL_LIBXL_LOG=/tmp/calls fails 0 create -q --cow-size 100% "$@" \
		$guest@n > /dev/null 2>&1
	ok $? "create $*: noting its calls"
	xensnap delete -q $guest@n
	awk '{ n++; seen[$0]++ }
		$0 != "libxl_osevent_beforepoll" || seen[$0] <= 2 { print n, $0 }' \
		/tmp/calls > /tmp/chosen
	chosen=$(wc -l < /tmp/chosen)
	[ "$chosen" -ge 30 ]
	ok $? "create $*: $(wc -l < /tmp/calls) calls, $chosen of them fail"
	while read -r n call; do
		fails "$n" create -q --cow-size 100% "$@" $guest@k \
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
				"create $*, call $n, $call: exit $status, told"
			xensnap recover > /dev/null 2>&1 < /dev/null
		fi
		clean $guest
		ok $? "create $*, call $n, $call: exit $status, nothing is left"
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
