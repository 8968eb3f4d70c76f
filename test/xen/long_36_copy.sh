#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_36_copy.sh - a guest with a logical volume, a raw file on ext4 and a block
# device that is no logical volume: with --copy all are of one instant with its
# memory (inv. 1); without it nothing is done; a disk can be left out.  Killed
# and interrupted in the middle of the copy, nothing is left (inv. 5, 11).
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

guest=copied
file=/srv/ext4/c.img
device=/dev/mapper/plain
folder=/var/lib/xensnap/$guest

truncate -s 32M $file
lvcreate -qq -y -L 32m -n under vg
dmsetup create plain --table "0 65536 linear /dev/vg/under 0"
udevadm settle
sed -e "s/^name = .*/name = \"$guest\"/" \
	-e "s#^]#  \"$file,raw,xvdb,w\",\\n  \"$device,raw,xvdc,w\",\\n]#" \
	/etc/xen/guests/pvh1.cfg > /etc/xen/guests/$guest.cfg
guest_start $guest
ok $? "a guest with a volume, a file on ext4 and a block device"

xensnap create --cow-size 100% $guest@t > /tmp/out 2> /tmp/err
is $? 1 "without --copy it is refused"
is "$(wc -l < /tmp/err)" 1 "in one line"
like "$(cat /tmp/err)" "disk xvdb.*$file.*--copy.*--skip-disk xvdb" \
	"that names the disk and the ways on"
clean $guest
ok $? "nothing is left of that"
xensnap create --copy --disks-only --cow-size 100% $guest@d > /tmp/out \
	2> /tmp/err
ok $? "with --disks-only"
like "$(cat /tmp/err)" 'will be paused' "the domain is paused for it"
runs $guest
ok $? "and runs again"
xensnap delete -q $guest@d
clean $guest
ok $? "nothing is left of that"

# frozen WORDS...: create with them, judge both domains, delete.
frozen() {
	before=$(size_of "$(console $guest)")
	xensnap create --json --copy --cow-size 100% "$@" $guest@t > /tmp/out \
		2> /tmp/err
	ok $? "$*: create --copy"
	sed 's/^/#   /' /tmp/err
	like "$(cat /tmp/err)" 'will stand still.*xvdb, xvdc' \
		"$*: it is told before"
	is "$(grep -c '"driver": *"copy"' /tmp/out)" 2 "$*: two are copied"
	verdict $guest "$before" resume
	ok $? "$*: the original is whole after it"
	runs $guest && monitor_of $guest > /dev/null
	ok $? "$*: it runs, under xl's monitor"
	is "$(stat -c %a $folder/t/xvdb.img $folder/t/xvdc.img | tr '\n' ' ')" \
		"600 600 " "$*: the copies are private"
	xensnap list > /tmp/out
	ok $? "$*: list finds it whole"
	xensnap export -q --no-sums $guest@t /srv/xfs/out > /dev/null &&
		cmp /srv/xfs/out/xvdb.img $folder/t/xvdb.img &&
		cmp /srv/xfs/out/xvdc.img $folder/t/xvdc.img
	ok $? "$*: what is exported are the copies"
	rm -rf /srv/xfs/out
	resume_on_views $guest@t $guest-back
	ok $? "$*: what was frozen is one instant"
	guest_gone $guest-back
	xensnap delete -q $guest@t
	clean $guest
	ok $? "$*: delete leaves nothing"
}

frozen --live
[ -z "${LONG:-}" ] || frozen --stop

xensnap create --copy --cow-size 100% --skip-disk xvdc $guest@s > /tmp/out \
	2> /tmp/err
is $? 3 "a disk can be left out, with a warning"
like "$(cat /tmp/err)" 'warning: disk xvdc is left out' "that names it"
like "$(cat $folder/s/snapshot.json)" '"skipped_disks"' "it is on record"
like "$(xensnap show $guest@s)" 'left out *xvdc' "show tells of it"
xensnap export -q --no-sums $guest@s /srv/xfs/out > /dev/null 2>&1
ok $? "export"
grep -v '^#' /srv/xfs/out/domain.cfg > /tmp/cfg
grep -q xvdb /tmp/cfg && ! grep -q xvdc /tmp/cfg
ok $? "the exported configuration has it no more"
rm -rf /srv/xfs/out
xensnap delete -q $guest@s
clean $guest
ok $? "nothing is left"

places=disk.copy.part
[ -z "${LONG:-}" ] || places="$places disk.copy.made disk.copy.begin \
	disk.copy.done disk.copy.synced"
for place in $places; do
	XENSNAP_DIE_AT=$place xensnap create --copy $guest@k > /dev/null 2>&1
	recovered $guest k "killed at $place"
done

# Ctrl-C in the middle: stopped there, so that it comes at that moment.
XENSNAP_STOP_AT=disk.copy.part xensnap create --copy $guest@c > /tmp/out \
	2> /tmp/err &
pid=$!
wait_for 60 grep -q '^State:.T' /proc/$pid/status
ok $? "stopped in the middle of the copy"
kill -TERM $pid
kill -CONT $pid
wait $pid
is $? 1 "a request to stop ends it"
like "$(cat /tmp/err)" '(stopped on request|cancelled).*nothing was kept' "and says so"
clean $guest
ok $? "the domain runs, nothing is left"

xensnap recover > /tmp/recover 2>&1
like "$(cat /tmp/recover)" '[Nn]othing' "recover finds nothing"
check $guest
ok $? "the guest is whole"
guest_gone $guest
dmsetup remove plain
lvremove -qq -y vg/under
rm $file
tap_done
