#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 20_broken.sh - views that break or are changed behind our back: list and show
# say what is wrong and why (exit 3), export refuses or is right, and leaves no
# file; delete removes what is ours and nothing else; nothing is left.
lab_state=plain
lab_more=${XENSNAP_BUILD:-}/test/plain/keep_views
. "$(dirname "$0")/../lib/in_lab.sh"

keep=/root/test/lib/keep_views

# flat FILE: as one line with single blanks, however it was broken.
flat() {
	tr '\n' ' ' < "$1" | tr -s ' '
}

# told NAME STATE WHY: what list, show and show --json say of d@NAME.
told() {
	xensnap list d > /tmp/out 2> /tmp/err
	is $? 3 "$1: list: exit 3"
	like "$(flat /tmp/out)" "d@$1: xvda is $2: .*$3" "$1: list says why"
	xensnap show "d@$1" > /tmp/out 2> /tmp/err
	is $? 3 "$1: show: exit 3"
	like "$(flat /tmp/out)" "state $2: .*$3" "$1: show says why"
	xensnap show --json "d@$1" > /tmp/out 2> /tmp/err
	is $? 3 "$1: show --json: exit 3"
	like "$(tr -d '\\' < /tmp/out)" "\"why\": *\".*$3" "$1: and why"
	like "$(cat /tmp/out)" "\"state\": *\"$2\"" "$1: the state"
}

# refused NAME WHY: no export, and the same reason.
refused() {
	xensnap export "d@$1" /root/out > /tmp/out 2> /tmp/err
	is $? 1 "$1: export: exit 1"
	like "$(cat /tmp/err)" "xvda: .* is lost: .*$2" "$1: export says why"
	[ ! -e /root/out ]
	ok $? "$1: export leaves nothing"
}

# exported NAME [WORDS...]: an export that is what was on the disk.
exported() {
	name=$1
	shift
	xensnap export -q --no-sums "$@" "d@$name" /root/out > /tmp/out \
		2> /tmp/err
	is $? 0 "$name: export $*"
	sed 's/^/#   /' /tmp/err
	[ ! -e /root/out/xvda.qcow2 ] || qemu-img convert -O raw \
		/root/out/xvda.qcow2 /root/out/xvda.img
	cmp -n 33554432 /root/out/xvda.img /root/disk
	ok $? "$name: it is what was on the disk"
	rm -rf /root/out
}

# deleted NAME: and no volume of it is left.
deleted() {
	xensnap delete "d@$1" > /tmp/out 2> /tmp/err
	is $? 0 "$1: delete"
	sed 's/^/#   /' /tmp/err
	is "$(lvs --noheadings -o lv_name -S "lv_tags={xensnap:snapshot=$1}")" \
		"" "$1: no volume of it is left"
	xensnap list d > /dev/null 2>&1
	is $? 0 "$1: list has nothing to complain of"
}

fill() {
	dd if=/dev/urandom "of=$1" bs=1M count="$2" oflag=direct status=none
}

lvcreate -qq -y -Wn -L 32m -n bc vg > /dev/null
lvcreate -qq -y -V 32m -T vg/pool -n bt > /dev/null 2>&1
fill /dev/vg/bc 32
dd if=/dev/vg/bc of=/root/disk bs=1M status=none
dd if=/root/disk of=/dev/vg/bt bs=1M oflag=direct status=none

$keep d@over 4194304 /dev/vg/bc
ok $? "a view with an area of 4 MiB"
xensnap list d > /dev/null
is $? 0 "it is good"
exported over
fill /dev/vg/bc 8
told over lost "copy-on-write area ran full"
refused over "copy-on-write area ran full"
deleted over
dd if=/root/disk of=/dev/vg/bc bs=1M oflag=direct status=none

for disk in bc bt; do
	$keep d@gone 8388608 /dev/vg/$disk
	lvremove -qq -y vg/$disk.xs-gone
	told gone lost "volume is gone"
	refused gone "volume is gone"
	deleted gone

	$keep d@taken 8388608 /dev/vg/$disk
	lvremove -qq -y vg/$disk.xs-taken
	lvcreate -qq -y -Wn -L 4m -n $disk.xs-taken vg > /dev/null
	told taken lost "another one has its name"
	refused taken "another one has its name"
	deleted taken
	lvremove -qq -y vg/$disk.xs-taken
	ok $? "taken: the other volume is still there"

	$keep d@moved 8388608 /dev/vg/$disk
	lvrename -qq vg $disk.xs-moved $disk-mine > /dev/null
	lvcreate -qq -y -Wn -L 4m -n $disk.xs-moved vg > /dev/null
	told moved impaired "renamed to /dev/vg/$disk-mine"
	exported moved
	exported moved --format qcow2
	deleted moved
	lvremove -qq -y vg/$disk.xs-moved
	ok $? "moved: the other volume is still there"

	$keep d@tags 8388608 /dev/vg/$disk
	lvchange -qq --deltag xensnap vg/$disk.xs-tags
	told tags lost "lost our tags"
	refused tags "lost our tags"
	xensnap delete d@tags > /dev/null 2>&1
	is $? 0 "tags: delete"
	lvremove -qq -y vg/$disk.xs-tags
	ok $? "tags: what is not ours (any more) was left"

	$keep d@error 8388608 /dev/vg/$disk
	lvchange -qq -y -ay -K vg/$disk.xs-error
	dev=vg-$disk.xs--error
	sectors=$(dmsetup table "$dev" | cut -d ' ' -f 2)
	dmsetup suspend --nolockfs "$dev"
	dmsetup load "$dev" --table "0 $sectors error"
	dmsetup resume "$dev"
	told error lost 'table of .?"error'
	refused error 'table of .?"error'
	deleted error

	$keep d@off 8388608 /dev/vg/$disk
	lvchange -qq -y -an vg/$disk
	xensnap list d > /tmp/out 2>&1
	rc=$?
	[ $disk = bt ] || like "$rc $(flat /tmp/out)" \
		"^3 .*xvda is unknown: .*not active" "off: list"
	exported off
	lvchange -qq -y -ay vg/$disk
	deleted off
done

$keep d@large 8388608 /dev/vg/bt
lvextend -qq -y -L +4m vg/bt.xs-large > /dev/null 2>&1
told large lost "36.0 MiB long, its disk was 32.0 MiB"
refused large "36.0 MiB long"
deleted large

$keep d@other 8388608 /dev/vg/bt
lvremove -qq -y vg/bt
told other impaired "disk /dev/vg/bt is gone"
lvcreate -qq -y -V 32m -T vg/pool -n bt > /dev/null 2>&1
told other impaired "disk /dev/vg/bt was replaced"
exported other
deleted other

lvremove -qq -y vg/bc vg/bt
vgck vg
ok $? "LVM's metadata is consistent"
is "$(xensnap recover)" "Nothing to recover." "nothing is left to recover"
is "$(dmsetup info -c --noheadings -o name -S suspended=Suspended)" "" \
	"nothing is held"
rm -f /root/disk
tap_done
