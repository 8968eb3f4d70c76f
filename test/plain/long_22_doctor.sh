#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_22_doctor.sh - doctor on a real LVM: what it finds wrong is wrong, the command
# that it names mends it, and then it finds nothing; --mend mends what is
# harmless, and no more.
lab_state=plain
lab_more=${XENSNAP_BUILD:-}/test/plain/keep_views
. "$(dirname "$0")/../lib/in_lab.sh"

keep=/root/test/lib/keep_views

# do_command ID [ABOUT]: do what the finding says.
do_command() {
	mend=$(field "$1" mend "${2:-}")
	(eval "$mend") > /tmp/out 2>&1
	ok $? "$1 ${2:-}: its command"
	printf '#   %s\n' "$mend"
	sed 's/^/#   /' /tmp/out
}

# mended ID [ABOUT]: now it is gone, or ok.
mended() {
	like "$(field "$1" level "${2:-}")" '^(ok)?$' "$1 ${2:-}: and it is mended"
}

by_its_command() {
	do_command "$@"
	look
	mended "$@"
}

write_to() {
	dd if=/dev/urandom "of=$1" bs=64k count="$2" oflag=direct status=none
}

# ---- the stock lab, and LVM's settings ----

conf=/etc/lvm/lvmlocal.conf
cp $conf /root/lvmlocal.conf
look
is $status 3 "as LVM comes: exit 3"
is "$(field lvm level)$(field target-snapshot level)$(field thin-delta level)" \
	okokok "LVM, dm-snapshot and thin_delta are there"
is "$(field xen level)" note "no Xen: a note"
is "$(field group-room level vg) $(field pool-data level vg/pool)" "ok ok" \
	"group and pool have room"
is "$(field lvm-snapshot-autoextend level)" warning "views are not extended"
is "$(field lvm-thin-autoextend level)" warning "pools are not extended"
do_command lvm-snapshot-autoextend
do_command lvm-thin-autoextend
look
mended lvm-snapshot-autoextend
mended lvm-thin-autoextend
is $status 0 "with both on nothing is wrong: exit 0"
like "$(field lvm-thin-autoextend is)" 'when they are 70 % full' "and from when"

cat >> $conf << EOT
activation {
	monitoring = 0
	udev_sync = 0
}
devices {
	issue_discards = 1
	scan_lvs = 1
}
global {
	wait_for_locks = 0
	use_lvmlockd = 1
}
EOT
look
is $status 3 "settings that are wrong: exit 3"
for id in monitoring udev-sync scan-lvs wait-for-locks; do
	is "$(field lvm-$id level)" warning "lvm-$id: a warning"
done
for id in issue-discards lvmlockd; do
	is "$(field lvm-$id level)" note "lvm-$id: a note"
done
settings="monitoring udev-sync scan-lvs wait-for-locks issue-discards"
for id in $settings; do
	do_command lvm-$id
done
look
for id in $settings; do
	mended lvm-$id
done
cp /root/lvmlocal.conf $conf
echo 'global { metadata_read_only = 1 }' >> $conf
look
is "$status $(field lvm-metadata-read-only level)" "3 error" \
	"metadata that may not be changed: an error"
cp /root/lvmlocal.conf $conf

# ---- device-mapper ----

modules=/lib/modules/$(uname -r)/kernel/drivers/md

lvs --noheadings -o lv_path -S segtype=thin | xargs lvchange -qq -an
lvchange -qq -an vg/pool
rmmod dm_thin_pool
ok $? "without dm_thin_pool"
look
is "$(field target-thin-pool level)" note "a module that is not loaded: a note"
is "$(field target-thin-pool mend)" "modprobe dm-thin-pool" "its command"
is "$(field pool is vg/pool)" "is not active" "its pool is not active"
look --mend --dry-run
is "$(field target-thin-pool did)" "would be mended: modprobe dm-thin-pool" \
	"--mend --dry-run"
[ ! -d /sys/module/dm_thin_pool ]
ok $? "which loads nothing"
look --mend
is "$(field target-thin-pool mended)" true "--mend loads it"
[ -d /sys/module/dm_thin_pool ]
ok $? "it is loaded"
rmmod dm_thin_pool
mv "$modules/dm-thin-pool.ko" /root/
look --mend
is "$status $(field target-thin-pool level)" "3 warning" \
	"a kernel that has none: a warning"
is "$(field target-thin-pool mended)" false "which --mend leaves alone"
like "$(field target-thin-pool why)" 'no thin volume can be active' "and why"
mv /root/dm-thin-pool.ko "$modules/"
lvchange -qq -ay vg/pool
lvs --noheadings -o lv_path -S segtype=thin | xargs lvchange -qq -ay
rmmod dm_snapshot
ok $? "without dm_snapshot"
look
is "$(field target-snapshot level)" note "dm-snapshot too: a note"
look --mend
is "$(field target-snapshot mended)" true "--mend loads it"
look
is "$(field target-snapshot level)$(field target-thin-pool level)" okok \
	"then both are there"

# ---- views ----

lvcreate -qq -y -Wn -L 32m -n bc vg > /dev/null
$keep d@left 8388608 /dev/vg/bc
look
is "$(field snapshots level)" ok "a snapshot that is whole"
rm -r /var/lib/xensnap/d
look
is "$status $(field leftover level /dev/vg/bc.xs-left)" "3 warning" \
	"a view whose snapshot is gone"
look --mend
is "$(field leftover mended /dev/vg/bc.xs-left)" true "--mend removes it"
is "$(lvs --noheadings -o lv_name @xensnap)" "" "no view is left"
look --mend
is "$(field leftover level)" ok "a second --mend finds nothing"

$keep d@full 4194304 /dev/vg/bc
write_to /dev/vg/bc 54
look
is "$status $(field view-full level 'd@full xvda')" "3 warning" \
	"a view that is nearly full"
like "$(field view-full is 'd@full xvda')" '^8[0-9] % ' "how full it is"
by_its_command view-full 'd@full xvda'
dd if=/dev/urandom of=/dev/vg/bc bs=1M count=16 oflag=direct status=none
look
is "$status $(field view-lost level 'd@full xvda')" "3 warning" \
	"a view that ran full"
look --mend
is "$(field view-lost mended 'd@full xvda')" false "which --mend leaves alone"
by_its_command view-lost 'd@full xvda'

# ---- room ----

lvcreate -qq -y -Wn -l 100%FREE -n all vg > /dev/null
look
is "$status $(field group-room level vg)" "3 warning" "a group that is full"
is "$(field group-room mend vg)" "vgextend vg DEVICE" "its command"
lvremove -qq -y vg/all
look
is "$(field group-room level vg)" ok "and is not any more"

lvcreate -qq -y -L 16m -c 64k -n small -T vg > /dev/null 2>&1
lvcreate -qq -y -V 16m -n bt -T vg/small > /dev/null 2>&1
write_to /dev/vg/bt 240
look
is "$status $(field pool-data level vg/small)" "3 warning" \
	"a pool that is nearly full"
by_its_command pool-data vg/small
lvchange -qq --monitor n vg/small
look
is "$(field pool-monitored level vg/small)" note "a pool that nobody watches"
by_its_command pool-monitored vg/small

lvremove -qq -y vg/small vg/bc > /dev/null 2>&1
vgck vg
ok $? "LVM's metadata is consistent"
is "$(xensnap recover)" "Nothing to recover." "nothing is left to recover"
tap_done
