#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_40_reboot.sh - the host loses power in the middle of a create, on real LVM:
# after it has booted recover takes away what is ours and half made, and
# nothing else; what was whole is whole (inv. 9, 10, 11).
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/test/lib/tap.sh"
lab="$top/lab/lab"
name="t$$.reboot"
: "${XENSNAP_BIN:?names no program to test}"
trap '"$lab" -n "$name" stop > /dev/null 2>&1' EXIT
trap 'exit 130' INT TERM HUP

# host COMMAND: in the lab.
host() {
	"$lab" -n "$name" run --no-stdin --timeout 600 -- sh -c "$1"
}

equip() {
	"$lab" -n "$name" push "$XENSNAP_BIN" /usr/local/sbin/xensnap >&2
}

# What is not ours: names, tags and sizes.
foreign() {
	host 'lvs --noheadings -a -o vg_name,lv_name,lv_size,lv_tags \
		-S "lv_tags!={xensnap}" | sort'
}

"$lab" -n "$name" start --state plain >&2 && equip
ok $? "a host with LVM"
host 'cat > /etc/xen/cold.cfg <<-CFG
		name = "cold"
		type = "pv"
		disk = [ "/dev/vg/pvmix_xvda,raw,xvda,w",
			"/dev/vg/pvmix_xvdb,raw,xvdb,w" ]
	CFG
	vgchange -qq -ay vg
	lvcreate -qq -s -n by_hand -l 100%ORIGIN vg/pvmix_xvda
	lvcreate -qq -s -n by_hand_thin vg/pvmix_xvdb
	lvchange -qq --addtag other vg/by_hand
	xensnap create -q --cow-size 100% --config /etc/xen/cold.cfg cold@whole'
ok $? "two snapshots by hand, and one of ours"
before=$(foreign)
sums=$(host 'sha256sum /dev/vg/pvmix_xvda /dev/vg/pvmix_xvdb')

for place in journal.begin.after journal.view.after instant.held \
	journal.commit.after; do
	host "cd /; XENSNAP_STOP_AT=$place setsid xensnap create \
		--cow-size 100% --config /etc/xen/cold.cfg cold@half \
		> /dev/null 2>&1 < /dev/null & pid=\$!
		n=0
		until grep -q '^State:.T' /proc/\$pid/status; do
			n=\$((n + 1))
			[ \$n -lt 300 ] || exit 1
			sleep 0.2
		done
		sync"
	ok $? "$place: stopped there"
	"$lab" -n "$name" crash >&2
	ok $? "$place: the host dies, and boots"
	host 'vgchange -qq -ay vg; xensnap recover; xensnap list --names' \
		> /tmp/reboot.$$
	ok $? "$place: recover"
	sed 's/^/#   /' /tmp/reboot.$$
	like "$(cat /tmp/reboot.$$)" 'cold@half: undone' "$place: undone"
	is "$(tail -n 1 /tmp/reboot.$$)" cold@whole "$place: the other is there"
	host 'xensnap show cold@whole > /dev/null && xensnap list > /dev/null'
	ok $? "$place: and whole"
	is "$(foreign)" "$before" "$place: nothing of others was touched"
	is "$(host 'lvs --noheadings -o lv_name @xensnap | wc -l')" 2 \
		"$place: no view of ours is left"
	like "$(host 'xensnap recover')" '[Nn]othing' \
		"$place: a second recover finds nothing"
done
rm -f /tmp/reboot.$$
is "$(host 'sha256sum /dev/vg/pvmix_xvda /dev/vg/pvmix_xvdb')" "$sums" \
	"the disks are as they were"
host 'xensnap delete -q cold@whole'
ok $? "delete"
is "$(foreign)" "$before" "nothing of others was touched"
tap_done
