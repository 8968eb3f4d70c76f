#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_32_kinds.sh - each type of guest, with one disk of every kind, frozen in each
# way that it can do: memory and all disks are of one instant (inv. 1), the
# original runs on (inv. 5), nothing is left (inv. 11).  The first way of PVH is
# repeated under load.
# REPEAT: how often that (10).  GUESTS: which (pvh pv hvm).  WAYS: only these
# (as --rebuild).
lab_state=large
. "$(dirname "$0")/../lib/in_lab.sh"

# Nine of Xen's block scripts at once, beside a domain that runs, take longer than
# the 40 s that libxl waits for each: the original waits while it is brought back,
# and loop devices are set up beforehand.  QEMU, which needs no script, is no way
# out: the guest's driver does not bear a backend that can do less than the one
# it was frozen with (doc/decisions/0007-qemu-disks.md).
views_by_loop=yes

repeat=${REPEAT:-10}
guests=${GUESTS:-pvh pv hvm}
images=/srv/xfs/kinds

# The disks, by what stores and serves them: classic, thin, files on XFS, btrfs
# and ext4, a device that LVM knows nothing of, an image, a volume by QEMU; and
# one that is only read.
disks=""
disk() {
	disks="$disks  \"$1,${2:-raw},xvd$(echo "$disks" | grep -c , |
		tr 0-9 a-j),${3:-w}${4:-}\",
"
}

mkdir $images /srv/btrfs
lvm <<LVM > /dev/null
lvcreate -q -y -Wn -n kinds_classic -L 16m vg
lvcreate -q -y -n kinds_thin -V 16m -T vg/pool
lvcreate -q -y -Wn -n kinds_qemu -L 16m vg
lvcreate -q -y -Wn -n kinds_read -L 16m vg
lvcreate -q -y -Wn -n kinds_btrfs -L 256m vg
LVM
mkfs.btrfs -q /dev/vg/kinds_btrfs && mount /dev/vg/kinds_btrfs /srv/btrfs
truncate -s 16M $images/raw.img /srv/btrfs/raw.img /srv/ext4/raw.img \
	/srv/ext4/device.img
device=$(losetup -f --show /srv/ext4/device.img)
qemu-img create -q -f qcow2 $images/image.qcow2 16M
ok $? "disks of every kind"
disk /dev/vg/kinds_classic
disk /dev/vg/kinds_thin
disk $images/raw.img
disk /srv/btrfs/raw.img
disk /srv/ext4/raw.img
disk "$device"
disk $images/image.qcow2 qcow2
disk /dev/vg/kinds_qemu raw w ,backendtype=qdisk
disk /dev/vg/kinds_read raw r

# config TYPE: of the guest with them.
config() {
	sed -e '/^disk = /,$d' -e 's/^name = .*/name = "kinds"/' \
		-e "s/^extra = \"\(.*\)\"/extra = \"\1 witness.disks=xvda,xvdb,xvdc,xvdd,xvde,xvdf,xvdg,xvdh${2:-}\"/" \
		/etc/xen/guests/pvh1.cfg | as_type "$1"
	echo "disk = ["
	printf %s "$disks"
	echo "]"
	echo 'on_poweroff = "destroy"'
	echo 'on_reboot = "restart"'
	echo 'on_crash = "preserve"'
}

# once WHAT WAY...: freeze, judge, bring back, judge, delete.
once() {
	what=$1
	shift
	before=$(size_of "$(console kinds)")
	xensnap create -q --copy --cow-size 100% "$@" kinds@s \
		> /dev/null 2> /tmp/err
	ok $? "$what: create"
	sed 's/^/#   /' /tmp/err
	verdict kinds "$before" resume
	ok $? "$what: the original is whole"
	xl pause kinds
	resume_on_views kinds@s kinds-back
	ok $? "$what: what was frozen is one instant"
	guest_gone kinds-back
	xl unpause kinds
	xensnap delete -q kinds@s && clean kinds
	ok $? "$what: nothing is left"
}

# The same of the disks alone.
once_disks() {
	xensnap create -q --copy --cow-size 100% --disks-only kinds@s \
		> /dev/null 2> /tmp/err
	ok $? "$1, --disks-only: create"
	sed 's/^/#   /' /tmp/err
	xl pause kinds
	boot_on_views kinds@s kinds-back
	xl unpause kinds
	like "$found" 'found prefix .* missing=0 foreign=0 torn=0' \
		"$1, --disks-only: each write is there with all before it"
	guest_gone kinds-back
	xensnap delete -q kinds@s && clean kinds
	ok $? "$1, --disks-only: nothing is left"
}

for type in $guests; do
	load=""
	[ "$type" = pvh ] && load=" witness.load=1 witness.load_rate=50"
	config "$type" "$load" > /etc/xen/guests/kinds.cfg
	rm -f "$(console kinds)"
	guest_start kinds
	ok $? "$type: it is up"
	ways="--live --stop --rebuild"
	[ "$type" = pv ] && ways="--stop --rebuild"
	ways=${WAYS:-$ways}
	for way in $ways; do
		times=1
		[ "$type $way" = "pvh --live" ] && times=$repeat
		while [ "$times" -gt 0 ]; do
			once "$type, $way, $times to go" "$way"
			runs kinds || break 2
			times=$((times - 1))
		done
	done
	once_disks "$type"
	xl shutdown kinds
	wait_for 120 sh -c "! xl domid kinds"
	ok $? "$type: xl shutdown is obeyed"
done
tap_done
