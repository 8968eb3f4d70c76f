#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_26_repo_places.sh - repositories where people put them: on a server by NFS,
# with two hosts at once; not on a FAT file system, which has no links, but a
# disk can be restored to it.  Both lack calls that others have: nameless files,
# renames over nothing.
lab_state=plain
. "$(dirname "$0")/../lib/in_lab.sh"

export XENSNAP_KEY_FILE=/root/key

# on HOST WORDS...: xensnap as another host would, with a memory of its own.
on() {
	host=$1
	shift
	XENSNAP_ROOT=/root/host-$host xensnap "$@"
}

mkdir -p /root/host-a /root/host-b /root/disks
for i in 1 2 3; do
	dd if=/dev/urandom of=/root/disks/$i bs=1M count=12 status=none
done
cat /root/disks/1 /root/disks/2 > /root/disks/12

# same NAME FILE REPO: that backup is this file, for either host.
same() {
	for host in a b; do
		rm -f /root/out
		on $host restore -q "$3" "$1" --to /root/out > /dev/null &&
			cmp /root/out "$2" || return 1
	done
}

# good REPO: nothing is wrong with it, by a host that has seen nothing of it.
good() {
	rm -rf /root/host-c
	mkdir /root/host-c
	on c verify -q --data "$1" > /tmp/out 2>&1
	status=$?
	sed 's/^/# /' /tmp/out
	return $status
}

# used WHAT FOLDER: all that is done with a repository, there.
used() {
	what=$1 repo=$2/repo
	rm -f /root/key
	on a init -q "$repo" > /dev/null
	ok $? "$what: a repository"
	on a backup -q --disk /root/disks/1 --name x "$repo" > /dev/null
	ok $? "$what: a backup"
	# Two at once; then one that was killed is gone on with.
	on a backup -q --disk /root/disks/2 --name y "$repo" > /dev/null &
	pid=$!
	on b backup -q --disk /root/disks/12 --name z "$repo" > /dev/null
	ok $? "$what: a second host's"
	wait $pid
	ok $? "$what: while the first one's is made"
	XENSNAP_DIE_AT=put.synced on a backup -q --disk /root/disks/3 --name x \
		"$repo" > /dev/null 2>&1
	is $? 137 "$what: one is killed"
	is "$(on b backups --json "$repo" | grep -c '"session"')" 3 \
		"$what: and not listed"
	on a backup -q --disk /root/disks/3 --name x "$repo" > /dev/null
	ok $? "$what: once more"
	same x /root/disks/3 "$repo" && same y /root/disks/2 "$repo" &&
		same z /root/disks/12 "$repo"
	ok $? "$what: all come back, byte for byte"
	on b prune --keep-last 1 --yes 1 --wait 5 "$repo" > /tmp/out 2>&1
	is $? 3 "$what: the other one prunes; who was killed may be at work"
	sed 's/^/# /' /tmp/out
	is "$(on a backups --json "$repo" | grep -c '"session"')" 3 \
		"$what: what the rules keep stays"
	same x /root/disks/3 "$repo" && same z /root/disks/12 "$repo"
	ok $? "$what: and comes back"
	good "$repo"
	ok $? "$what: it is whole"
}

# restored WHAT FOLDER REPO: what a restore makes there appears whole, and over
# nothing.
restored() {
	what=$1 repo=$3
	on a restore -q "$repo" y --to "$2/back" > /dev/null &&
		cmp "$2/back" /root/disks/2
	ok $? "$what: a disk is brought back to it"
	on a restore -q "$repo" x --to "$2/back" > /tmp/out 2>&1
	is $? 1 "$what: not over what is there"
	cmp "$2/back" /root/disks/2
	ok $? "$what: which stays"
	XENSNAP_DIE_AT=new_file.synced on a restore -q "$repo" x --to "$2/dead" \
		> /dev/null 2>&1
	is $? 137 "$what: a restore is killed"
	[ ! -e "$2/dead" ]
	ok $? "$what: no half file has its name"
	is "$(find "$2" -maxdepth 1 -name '.back*' | wc -l)" 0 \
		"$what: nothing of those that ended is left"
}

# ---- NFS: a server here, over loopback ----

mkdir -p /srv/ext4/share /mnt/nfs
modprobe nfsd && mount -t nfsd nfsd /proc/fs/nfsd
ip link set lo up
exportfs -o rw,no_root_squash,sync,fsid=7 127.0.0.1:/srv/ext4/share
rpc.nfsd -N 3 4 > /tmp/out 2>&1 && rpc.mountd -N 3 >> /tmp/out 2>&1
mount -t nfs4 127.0.0.1:/srv/ext4/share /mnt/nfs >> /tmp/out 2>&1
ok $? "a server, and its share is mounted"
sed 's/^/# /' /tmp/out
is "$(stat -f -c %T /mnt/nfs)" nfs "by NFS"
used NFS /mnt/nfs
restored NFS /mnt/nfs /mnt/nfs/repo
umount /mnt/nfs

# ---- FAT ----

truncate -s 200M /srv/ext4/fat.img
mkfs.vfat /srv/ext4/fat.img > /dev/null && mkdir -p /mnt/fat &&
	mount -o loop /srv/ext4/fat.img /mnt/fat
ok $? "a FAT file system"
on a init -q /mnt/fat/repo > /tmp/out 2>&1
is $? 1 "it has no links, so it is no place for a repository"
like "$(cat /tmp/out)" 'not fit for a repository' "  which is told"
is "$(ls -A /mnt/fat)" "" "  and nothing is left there"
used here /root
restored FAT /mnt/fat /root/repo
umount /mnt/fat
tap_done
