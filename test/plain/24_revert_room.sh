#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 24_revert_room.sh - a revert for which a thin pool, or a file system, has no room
# is refused before anything is written, and goes when there is some.
lab_state=plain
. "$(dirname "$0")/../lib/in_lab.sh"

# fill PATH MIB: other bytes at its beginning.
fill() {
	dd if=/dev/urandom "of=$1" bs=1M count="$2" conv=notrunc,fsync status=none
}

# sum PATH: of what it holds.
sum() {
	dd "if=$1" bs=1M status=none | sha256sum | cut -d ' ' -f 1
}

# room_for WHAT DISK MIB MORE...: WHAT has too little for DISK to get its MIB back,
# and has it after MORE was run.
room_for() {
	what=$1 disk=$2 mib=$3
	shift 3
	now=$(sum "$disk")
	xensnap revert web@then > /tmp/out 2> /tmp/err
	is $? 1 "$what: refused"
	sed 's/^/#   /' /tmp/err
	like "$(cat /tmp/err)" "$what has [0-9.]+ MiB free, .* takes $mib.0 MiB" \
		"$what: it says why"
	like "$(cat /tmp/err)" "nothing was done, but web@before-.* was kept" \
		"$what: and what is true"
	is "$(sum "$disk")" "$now" "$what: nothing was written"
	xensnap list --names | grep before- | xargs -n 1 xensnap delete -q
	"$@"
	xensnap revert web@then > /tmp/out 2> /tmp/err
	is $? 0 "$what: it goes when there is room"
	sed 's/^/#   /' /tmp/err
	is "$(sum "$disk")" "$(cat /tmp/then)" "$what: it is what it was then"
	xensnap list --names | xargs -n 1 xensnap delete -q
}

# config DISK: of the domain.
config() {
	printf 'name = "web"\nmemory = 64\ndisk = [ "%s,raw,xvda,w" ]\n' "$1" \
		> /root/web.cfg
}

lvcreate -qq -y -T -L 128m -V 96m -n r vg/small > /dev/null
fill /dev/vg/r 44
sum /dev/vg/r > /tmp/then
config /dev/vg/r
xensnap create -q web@then --config /root/web.cfg > /dev/null
ok $? "a thin disk, frozen"
fill /dev/vg/r 44
room_for "thin pool vg/small" /dev/vg/r 44 \
	lvextend -qq -y -L 192m vg/small
lvremove -qq -y vg/small

file=/srv/xfs/room.img
truncate -s 96M $file
fill $file 44
sum $file > /tmp/then
config $file
xensnap create -q web@then --config /root/web.cfg > /dev/null
ok $? "a file, frozen"
fill $file 44
free=$(($(stat -f -c '%a * %S' /srv/xfs)))
fallocate -l $((free - (40 << 20))) /srv/xfs/full
room_for "the file system of $file" $file 44 rm /srv/xfs/full
rm $file
tap_done
