#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 46_guests.sh - guests that cannot be frozen, or not like this: found out
# before anything is touched, with the reason and the way that works.
lab_state=running:pvh1
lab_more=${XENSNAP_BUILD:-}/test/xen/domctl
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

# Another domain that may write to the same disk.  Xen's own script lets no two
# have one; with a script of their own people do it (cluster file systems).
cat > /root/share << 'END'
#!/bin/sh
[ "$1" = add ] || exit 0
xenstore-write "$XENBUS_PATH/physical-device" \
	"$(stat -L -c %t:%T /dev/vg/pvh1_xvda)" \
	"$XENBUS_PATH/hotplug-status" connected
END
chmod +x /root/share
sed -e 's/^name = .*/name = "other"/' -e '/^uuid/d' \
	-e 's#"/dev/vg/pvh1_xvda,[^"]*"#"vdev=xvda,access=rw,script=/root/share,target=/dev/vg/pvh1_xvda"#' \
	/etc/xen/guests/pvh1.cfg > /root/other.cfg
xl create -p /root/other.cfg > /tmp/out 2>&1
ok $? "another domain has the same disk"
sed 's/^/# /' /tmp/out
refused 'xvda.*written to by domain other' create pvh1@a
xl destroy other

check pvh1
ok $? "the guest is whole"
clean pvh1
ok $? "nothing is left"

# Another domain gets the number of ours: first while ours runs, then while it
# stands still, whose memory nobody may take for ours.
other=11111111-2222-3333-4444-555555555555

# becomes_other PLACE PATTERN: while create is there.
becomes_other() {
	XENSNAP_STOP_AT=$1 xensnap create -q pvh1@o > /dev/null 2> /tmp/err &
	pid=$!
	wait_for 60 grep -q '^State:.T' "/proc/$pid/status"
	uuid=$(/root/test/lib/domctl uuid "$(xl domid pvh1)" $other)
	kill -CONT $pid
	wait $pid
	is $? 1 "another one at $1: exit 1"
	like "$(tail -n 1 /tmp/err)" "$2" "  that says why"
	is "$(xensnap list --json | grep -c '"pvh1"')" 0 "  nothing was kept"
	is "$(lvs --noheadings -o lv_name @xensnap)" "" "  no view is left"
}

becomes_other journal.view.after 'domain pvh1 is gone'
runs pvh1
ok $? "  and it was not touched"
/root/test/lib/domctl uuid "$(xl domid pvh1)" "$uuid" > /dev/null
xensnap create -q pvh1@o > /dev/null && xensnap delete -q pvh1@o
ok $? "as itself again it can be frozen"
becomes_other instant.begin 'domain pvh1 is gone: somebody else'
like "$(state_of pvh1)" '^---s' "  and nobody let it go on"
xl destroy pvh1

# Crashed, and kept by its on_crash = "preserve".
patient create -p /etc/xen/guests/pvh1.cfg
/root/test/lib/domctl crash "$(xl domid pvh1)"
like "$(state_of pvh1)" 'c-$' "a domain crashes, and is kept"
refused 'pvh1 is crashed.*--disks-only' create pvh1@c
like "$(xensnap doctor)" 'pvh1.*crashed' "  doctor tells of it"
xensnap create -q --disks-only pvh1@c > /dev/null
ok $? "  its disks can be frozen"
xensnap delete -q pvh1@c
xl destroy pvh1
tap_done
