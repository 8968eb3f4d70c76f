#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_34_reflink.sh - a guest with a logical volume and two raw files on XFS: all
# are of one instant with its memory, and without it (inv. 1); nothing is left
# beside the file (inv. 10, 11).  long_47_qemu.sh shows most of it.
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

guest=files
truncate -s 64M /srv/xfs/f.img /srv/xfs/g.img
sed -e "s/^name = .*/name = \"$guest\"/" \
	-e 's#^]#  "/srv/xfs/f.img,raw,xvdb,w",\n  "/srv/xfs/g.img,raw,xvdc,w",\n]#' \
	/etc/xen/guests/pvh1.cfg > /etc/xen/guests/$guest.cfg
guest_start $guest
ok $? "a guest with a volume and two files"

beside() {
	(cd /srv/xfs && echo f.img*)
}

before=$(size_of "$(console $guest)")
out=$(xensnap create --json --cow-size 100% $guest@t 2> /tmp/err)
ok $? "create"
sed 's/^/#   /' /tmp/err
like "$out" '"driver": *"reflink"' "the driver is reflink"
verdict $guest "$before" resume
ok $? "the original is whole after it"
is "$(stat -c %a /srv/xfs/f.img.xs-t)" 400 "the view is read-only"
xensnap list > /tmp/out
ok $? "list finds it whole"
xensnap export -q --no-sums --format raw $guest@t /root/out > /dev/null &&
	cmp /root/out/xvdb.img /srv/xfs/f.img.xs-t
ok $? "what is exported is the view"
rm -rf /root/out
resume_on_views $guest@t $guest-back
ok $? "what was frozen is one instant"
guest_gone $guest-back
xensnap delete -q $guest@t
is "$(beside)" "f.img" "delete leaves nothing beside the file"
clean $guest
ok $? "nor anywhere else"

out=$(xensnap create -q --disks-only --cow-size 100% --json $guest@d)
ok $? "create --disks-only"
like "$out" '"resume":' "the two files cannot wait for each other: paused"
runs $guest
ok $? "and running again"
boot_on_views $guest@d $guest-back
ok $? "a second domain boots from the views"
like "$found" 'found prefix .* missing=0 foreign=0 torn=0' \
	"each write is there with all that came before it"
guest_gone $guest-back

truncate -s 64M /srv/xfs/f.img.xs-x
xensnap create $guest@x 2> /tmp/err > /tmp/out
is $? 1 "a file in the view's place is refused"
like "$(cat /tmp/err)" 'f.img.xs-x' "and named"
is "$(beside)" "f.img f.img.xs-d f.img.xs-x" "and left alone"
rm /srv/xfs/f.img.xs-x
xensnap delete -q $guest@d

XENSNAP_DIE_AT=still.frozen xensnap create --disks-only $guest@k \
	> /dev/null 2>&1
wait_for 8 runs $guest
ok $? "killed with the domain paused: it runs"
like "$(xensnap recover 2> /dev/null)" "$guest@k: undone" "recover takes it back"
clean $guest
ok $? "nothing is left"

for place in disk.reflink.cloned ${LONG:+disk.made}; do
	XENSNAP_DIE_AT=$place xensnap create $guest@k > /dev/null 2>&1
	wait_for 8 runs $guest
	xensnap recover > /tmp/recover 2>&1
	ok $? "killed at $place: recover"
	is "$(beside)" "f.img" "killed at $place: nothing is left beside the file"
	clean $guest
	ok $? "killed at $place: nor anywhere else"
done
check $guest
ok $? "the guest is whole"
tap_done
