#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 46_guests.sh - guests that cannot be frozen, or not like this: found out
# before anything is touched, with the reason and the way that works.
lab_state=running:pvh1
. "$(dirname "$0")/../lib/in_lab.sh"

# refused PATTERN WORDS...
refused() {
	pattern=$1
	shift
	start=$(date +%s)
	xensnap "$@" > /tmp/out 2> /tmp/err
	is $? 1 "xensnap $*: exit 1"
	is "$(wc -l < /tmp/err)" 1 "  one line"
	like "$(cat /tmp/err)" "$pattern" "  that says why"
	[ $(($(date +%s) - start)) -lt 40 ]
	ok $? "  before anybody waited for the guest"
}

control=/local/domain/$(xl domid pvh1)/control
is "$(xenstore-read "$control/feature-suspend")" 1 "Linux says that it can"
xenstore-write "$control/feature-suspend" 0
refused 'cannot suspend.*--disks-only' create pvh1@a
xenstore-rm "$control/feature-suspend"
refused 'cannot suspend.*--disks-only' create pvh1@a
xensnap create -q --disks-only pvh1@d > /dev/null
ok $? "--disks-only can be done"
xensnap delete -q pvh1@d
xenstore-write "$control/feature-suspend" 1

xl pause pvh1
refused 'paused.*xl unpause.*--disks-only' create pvh1@a
xl unpause pvh1

# Another domain that may write to the same disk.
sed -e 's/^name = .*/name = "other"/' -e '/^uuid/d' \
	/etc/xen/guests/pvh1.cfg > /root/other.cfg
if xl create -p /root/other.cfg > /tmp/out 2>&1; then
	refused 'xvda.*written to by domain other' create pvh1@a
	xl destroy other
else
	sed 's/^/# /' /tmp/out
	skip "a disk of two domains" "xl does not let them have it"
fi

check pvh1
ok $? "the guest is whole"
clean pvh1
ok $? "nothing is left"
tap_done
