#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_27_restore_lv.sh - disks out of a repository onto logical volumes: new ones,
# linear and thin, that are all or nothing; those that are there, of which only
# what differs is written, unless somebody uses them; views as a source.
lab_state=plain
. "$(dirname "$0")/../lib/in_lab.sh"

export XENSNAP_KEY_FILE=/root/key
repo=/root/repo
xensnap init -q $repo > /dev/null
ok $? "a repository"

fill() {
	dd if=/dev/urandom "of=$1" bs=1M count="$2" conv=notrunc oflag="${3:-sync}" \
		status=none
}

# told STATUS WORDS ARGUMENT...: xensnap ends so, and says so.
told() {
	want=$1 words=$2
	shift 2
	xensnap "$@" > /tmp/out 2>&1
	is $? "$want" "$*: exit $want"
	like "$(tr '\n' ' ' < /tmp/out)" "$words" "$*: it says why"
}

# volumes: all there are, but for views.
volumes() {
	lvs --noheadings -o lv_name -S 'origin=""' vg | tr -d ' ' | sort |
		tr '\n' ' '
}

lvcreate -qq -y -Wn -L 32m -n src vg > /dev/null
fill /dev/vg/src 16 direct
dd if=/dev/zero of=/dev/vg/src bs=1M seek=16 count=16 oflag=direct status=none
# A linear volume has what was there before: let that not be zeros.
lvcreate -qq -y -Wn -L 96m -n old vg > /dev/null
fill /dev/vg/old 96 direct
lvremove -qq -y vg/old
truncate -s 5243392 /root/odd
fill /root/odd 3
cp /root/odd /root/odd.was
dd if=/dev/vg/src of=/root/src.was bs=1M status=none
cat > /root/web1.cfg << 'EOT'
name = "web1"
memory = 64
disk = [ "/dev/vg/src,raw,xvda,w", "/root/odd,raw,xvdb,w" ]
EOT
told 0 "web1 backed up" backup --config /root/web1.cfg $repo
before=$(volumes)

# same VOLUME FILE: it begins with the file, and zeros follow.
same() {
	cmp -n "$(stat -c %s "$2")" "$1" "$2"
	ok $? "$1 is the disk"
	tail -c "+$(($(stat -c %s "$2") + 1))" "$1" | tr -d '\0' | wc -c > /tmp/n
	is "$(cat /tmp/n)" 0 "$1: zeros follow"
}

told 1 "/dev/vg/src is there already; give another name" \
	restore $repo web1 --create-lv vg
told 1 "there is no volume group none" restore $repo web1 --create-lv none
told 1 "there is no thin pool vg/none" restore $repo web1 --create-lv vg/none \
	--map xvda=a
is "$(volumes)" "$before" "nothing was made"
told 0 "would be: web1: xvda restored to /dev/vg/a" restore $repo web1 \
	--create-lv vg --map xvda=a --map xvdb=vg/b --dry-run
is "$(volumes)" "$before" "nor by a dry run"

for where in vg vg/pool; do
	told 0 "xvdb restored to /dev/vg/b" restore $repo web1 --create-lv $where \
		--map xvda=a --map xvdb=vg/b
	same /dev/vg/a /root/src.was
	same /dev/vg/b /root/odd.was
	is "$(lvs --noheadings -o lv_tags vg/a vg/b | tr -d ' \n')" "" \
		"$where: they have no tag"
	[ $where = vg ] || like "$(lvs --noheadings -o data_percent vg/a)" \
		"^ *(4[0-9]|5[0-9])\." "$where: zeros take no room"
	lvremove -qq -y vg/a vg/b
done

# Given up: all volumes go.
XENSNAP_STOP_AT=restore.volume#2 xensnap restore $repo web1 --create-lv vg \
	--map xvda=a --map xvdb=b > /tmp/out 2>&1 &
pid=$!
until grep -q '^State:.T' /proc/$pid/status; do sleep 0.1; done
is "$(lvs --noheadings -o lv_tags vg/a vg/b | tr -d ' \n')" \
	"xensnap-restoringxensnap-restoring" "they are marked meanwhile"
kill -TERM $pid
kill -CONT $pid
wait $pid
is $? 1 "given up: exit 1"
is "$(volumes)" "$before" "given up: nothing is left"

# Killed: what is left can be told.
XENSNAP_DIE_AT=restore.volume xensnap restore $repo web1 --create-lv vg \
	--map xvda=a --map xvdb=b > /tmp/out 2>&1
told 1 "/dev/vg/a is of a restore that did not end; .lvremove vg/a. clears" \
	restore $repo web1 --create-lv vg --map xvda=a --map xvdb=b
lvremove -qq -y vg/a
is "$(volumes)" "$before" "and cleared"

truncate -s 500G /root/large
told 0 "large backed up" backup --disk /root/large $repo
told 1 "volume group vg has .* free, and 500.0 GiB are needed" \
	restore $repo large --create-lv vg
rm /root/large

# In place.
fill /dev/vg/src 1 direct
xensnap restore --json $repo web1 --disk xvda --in-place --to /dev/vg/src \
	> /tmp/out 2> /tmp/err
is $? 0 "in place"
sed 's/^/#   /' /tmp/err
like "$(cat /tmp/out)" '"written_bytes": *1048576' "only what differs"
cmp /dev/vg/src /root/src.was
ok $? "it is what it was"

to="--disk xvda --in-place --to /dev/vg/src"
exec 9< /dev/vg/src
# shellcheck disable=SC2086
told 4 "/dev/vg/src is in use: it is open" restore $repo web1 $to
exec 9<&-
dmsetup create on-top --table "0 8 linear /dev/vg/src 0"
# shellcheck disable=SC2086
told 4 "/dev/vg/src is in use: device on-top is made of it" \
	restore $repo web1 $to
dmsetup remove --retry on-top
lvcreate -qq -y -Wn -L 32m -n fs vg > /dev/null
mkfs.ext4 -q /dev/vg/fs
mkdir -p /root/mnt
mount /dev/vg/fs /root/mnt
told 4 "/dev/vg/fs is in use: it is mounted on /root/mnt" restore $repo web1 \
	--disk xvda --in-place --to /dev/vg/fs
sed 's,/dev/vg/src,/dev/vg/fs,' /root/web1.cfg > /root/fs.cfg
told 4 "disk xvda: /dev/vg/fs is in use: it is mounted on" \
	backup --config /root/fs.cfg $repo
umount /root/mnt
lvremove -qq -y vg/fs

# Views, as a source; and kept ones of what is written over.
told 0 "web1@cold" create web1@cold --config /root/web1.cfg \
	--copy --cow-size 16M
fill /dev/vg/src 4 direct
told 0 "web1@cold backed up" backup web1@cold $repo
told 0 "web1@cold: xvda restored" restore $repo web1@cold --disk xvda --to \
	/root/restored
cmp /root/restored /root/src.was
ok $? "the view was backed up, not the disk"
rm /root/restored
# shellcheck disable=SC2086
told 3 "1 view of /dev/vg/src kept here" restore $repo web1 $to
cmp /dev/vg/src /root/src.was
ok $? "in place, beside a view"
told 0 "" delete web1@cold

# What of a thin volume is stored at all its pool knows; the rest is not read.
# reads MIB WHAT...: that a backup of it reads so much.
reads() {
	want=$(($1 << 20))
	shift
	xensnap backup --json "$@" $repo > /tmp/out 2> /tmp/err
	ok $? "backup $*"
	sed 's/^/#   /' /tmp/err
	is "$(sed -n 's/^  "read_bytes": *\([0-9]*\).*/\1/p' /tmp/out)" $want \
		"$*: as much is read as is stored"
}
lvcreate -qq -y -V 256m -T vg/pool -n sparse > /dev/null
fill /dev/vg/sparse 2 direct
dd if=/dev/urandom of=/dev/vg/sparse bs=1M seek=200 count=1 oflag=direct \
	status=none
dd if=/dev/vg/sparse of=/root/sparse.was bs=1M status=none
reads 3 --disk /dev/vg/sparse --name sparse
told 0 "restored" restore $repo sparse --to /root/restored
cmp /root/restored /root/sparse.was
ok $? "it is the disk"
rm /root/restored
sed 's,/dev/vg/src,/dev/vg/sparse,; s, "/root/odd[^"]*",,; s/web1/web2/' \
	/root/web1.cfg > /root/web2.cfg
told 0 "web2@cold" create web2@cold --config /root/web2.cfg
blkdiscard /dev/vg/sparse
reads 3 web2@cold --name view
told 0 "restored" restore $repo view --to /root/restored
cmp /root/restored /root/sparse.was
ok $? "it is the view"
told 0 "" delete web2@cold
reads 0 --disk /dev/vg/sparse --name sparse
lvremove -qq -y vg/sparse

lvremove -qq -y vg/src
vgck vg
ok $? "LVM's metadata is consistent"
is "$(dmsetup info -c --noheadings -o name -S suspended=Suspended)" "" \
	"nothing is held"
rm -rf $repo /root/odd /root/odd.was /root/src.was /root/*.cfg /root/mnt
tap_done
