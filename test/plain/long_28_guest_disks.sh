#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_28_guest_disks.sh - what a guest writes on its disks is bytes, whatever it
# looks like: this host's own volume group, an image of another format, LUKS, a
# RAID, partitions.  Nothing on the host believes it, and it comes back as it
# was (V1, V2 of the threats by a guest).
lab_state=plain
. "$(dirname "$0")/../lib/in_lab.sh"

export XENSNAP_KEY_FILE=/root/key
repo=/root/repo
xensnap init -q $repo > /dev/null
ok $? "a repository"
pv=$(pvs --noheadings -o pv_name -S vg_name=vg | tr -d ' ')

# What the host knows of volumes and devices; what it says when it looks.
known() {
	pvs --noheadings -o pv_name,pv_uuid,vg_name,vg_uuid 2>&1
	vgs --noheadings -o vg_name,vg_uuid,pv_count 2>&1
	find /dev/mapper /dev/md* 2> /dev/null | grep -v 'evil\|home' | sort
}

put() {
	printf "$2" | dd of="$1" bs=1 seek="${3:-0}" conv=notrunc,fsync status=none
}

# Each writes a disk's first MiB anew.
host_group() {
	dd if="$pv" of="$1" bs=1M count=4 conv=notrunc,fsync status=none
}
qcow2() {
	put "$1" 'QFI\373\0\0\0\3\0\0\0\0\0\0\0\150\0\0\0\13'
	put "$1" '/etc/shadow' 104
}
vhd() {
	put "$1" 'conectix\0\0\0\2\0\1\0\0'
}
luks() {
	put "$1" 'LUKS\272\276\0\1aes\0'
}
raid() {
	put "$1" '\374\116\53\251\1\0\0\0' 4096
}
partitions() {
	put "$1" '\0\0\2\0\203\377\377\377\1\0\0\0\377\377\377\377' 446
	put "$1" '\125\252' 510
	put "$1" 'EFI PART\0\0\1\0' 512
}
labelled() {
	mkfs.ext4 -q -F -L '$(touch /x)' "$1"
}

lvcreate -qq -y -Wn -L 32m -n evil_classic vg > /dev/null
lvcreate -qq -y -V 32m -T vg/pool -n evil_thin > /dev/null
truncate -s 32M /srv/xfs/evil.img
cat > /root/evil.cfg << 'EOT'
name = "evil"
memory = 64
disk = [ "/dev/vg/evil_classic,raw,xvda,w", "/dev/vg/evil_thin,raw,xvdb,w",
         "/srv/xfs/evil.img,raw,xvdc,w" ]
EOT
disks="/dev/vg/evil_classic /dev/vg/evil_thin /srv/xfs/evil.img"
known > /tmp/before

for kind in host_group qcow2 vhd luks raid partitions labelled; do
	n=0
	for disk in $disks; do
		dd if=/dev/urandom of="$disk" bs=1M count=8 conv=notrunc,fsync \
			status=none
		$kind "$disk"
		dd if="$disk" of=/root/was.$n bs=1M status=none
		n=$((n + 1))
	done
	xensnap create -q evil@s --config /root/evil.cfg --cow-size 100% \
		> /tmp/out 2>&1
	is $? 0 "$kind: frozen"
	sed 's/^/#   /' /tmp/out
	xensnap backup -q evil@s $repo > /tmp/out 2>&1
	is $? 0 "$kind: backed up"
	xensnap restore -q $repo evil@s --create-lv vg --map xvda=home_a \
		--map xvdb=home_b --map xvdc=home_c > /tmp/out 2>&1
	is $? 0 "$kind: restored to new volumes"
	sed 's/^/#   /' /tmp/out
	n=0
	for home in /dev/vg/home_a /dev/vg/home_b /dev/vg/home_c; do
		cmp $home /root/was.$n
		ok $? "$kind: $home is what the guest wrote"
		n=$((n + 1))
	done
	known > /tmp/after
	cmp -s /tmp/before /tmp/after
	ok $? "$kind: the host knows of nothing new"
	diff /tmp/before /tmp/after | sed 's/^/#   /'
	vgck vg > /tmp/out 2>&1
	is "$?$(cat /tmp/out)" 0 "$kind: its own group is whole, without a warning"
	[ ! -e /x ]
	ok $? "$kind: no command was run"
	xensnap delete -q evil@s > /tmp/out 2>&1
	is $? 0 "$kind: deleted"
	lvremove -qq -y vg/home_a vg/home_b vg/home_c
done
xensnap backups --json $repo | grep '"format"' | sort -u > /tmp/formats
like "$(cat /tmp/formats)" 'raw' "all are raw"
is "$(grep -vc raw /tmp/formats)" 0 "and nothing else"
is "$(dmsetup info -c --noheadings -o name -S suspended=Suspended)" "" \
	"nothing is held"
lvremove -qq -y vg/evil_classic vg/evil_thin
rm -rf $repo /root/was.* /root/evil.cfg /srv/xfs/evil.img
tap_done
