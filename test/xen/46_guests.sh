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
tap_done
