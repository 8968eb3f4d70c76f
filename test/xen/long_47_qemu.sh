#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_47_qemu.sh - disks that QEMU serves (qdisk): a qcow2 image, a raw file, a
# volume, beside one that the kernel serves: all are of one instant with the
# memory, and without it (inv. 1).
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

guest=qemu
image=/srv/xfs/q.qcow2
qemu-img create -q -f qcow2 $image 64M
truncate -s 64M /srv/xfs/r.img
sed -e "s/^name = .*/name = \"$guest\"/" \
	-e "s#^]#  \"$image,qcow2,xvdb,w\",\n  \"/srv/xfs/r.img,raw,xvdc,w,backendtype=qdisk\",\n  \"/dev/vg/pv1_xvda,raw,xvdd,w,backendtype=qdisk\",\n]#" \
	/etc/xen/guests/pvh1.cfg > /etc/xen/guests/$guest.cfg
guest_start $guest
ok $? "a guest with a qcow2 image, a raw file and a volume by QEMU"

before=$(size_of "$(console $guest)")
out=$(xensnap create --json --cow-size 100% $guest@l 2> /tmp/err)
ok $? "create"
sed 's/^/#   /' /tmp/err
like "$out" '"format": *"qcow2"' "a disk is of the format qcow2"
like "$out" '"mode": *"live"' "live"
verdict $guest "$before" resume
ok $? "the original is whole after it"
xl qemu-monitor-command $guest 'info status' > /tmp/out
like "$(cat /tmp/out)" running "its device model runs"
qemu-img check -q $image.xs-l
ok $? "the view is a whole image"
xensnap list > /tmp/out
ok $? "list finds all views whole"
resume_on_views $guest@l $guest-back
ok $? "what was frozen is one instant"
guest_gone $guest-back
xensnap delete -q $guest@l
clean $guest
ok $? "nothing is left"

out=$(xensnap create -q --disks-only --cow-size 100% --json $guest@d \
	2> /tmp/err)
ok $? "create --disks-only"
sed 's/^/#   /' /tmp/err
like "$out" '"resume":' "it was paused"
runs $guest
ok $? "and runs again"
xensnap export -q $guest@d /root/out > /dev/null
ok $? "export, raw"
cmp /root/out/xvdc.img /srv/xfs/r.img.xs-d
ok $? "a raw file is its view"
qemu-img compare -q -f raw -F qcow2 /root/out/xvdb.img $image.xs-d
ok $? "an image was made raw"
(cd /root/out && sha256sum -c --quiet SHA256SUMS)
ok $? "the sums are right"
rm -rf /root/out
xensnap export -q --no-sums --format qcow2 $guest@d /root/out > /dev/null &&
	qemu-img compare -q -f qcow2 -F qcow2 /root/out/xvdb.qcow2 $image.xs-d
ok $? "export, qcow2"
like "$(cat /root/out/domain.cfg)" 'format=qcow2.*xvdb.qcow2' \
	"the configuration says so"
rm -rf /root/out
xensnap export --disk xvdb $guest@d - 2> /tmp/err > /tmp/out
is $? 1 "an image does not go into a pipe"
like "$(cat /tmp/err)" 'xvdb is a qcow2 image' "which is told"
boot_on_views $guest@d $guest-back
ok $? "a second domain boots from the views"
like "$found" 'found prefix .* missing=0 foreign=0 torn=0' \
	"each write is there with all that came before it"
guest_gone $guest-back
xensnap delete -q $guest@d

qemu-img create -q -f qcow2 -b $image -F qcow2 /srv/xfs/over.qcow2
cat > /root/over.cfg <<CFG
name = "over"
type = "pvh"
disk = [ "/srv/xfs/over.qcow2,qcow2,xvda,w" ]
CFG
xensnap create --dry-run --config /root/over.cfg over@x 2> /tmp/err
is $? 1 "an image with a backing file is refused"
like "$(cat /tmp/err)" 'over.qcow2 has a backing file' "which is told"

for place in instant.flushed disk.reflink.cloned; do
	XENSNAP_DIE_AT=$place xensnap create --cow-size 100% $guest@k \
		> /dev/null 2>&1
	recovered $guest k "killed at $place"
done
check $guest
ok $? "the guest is whole"
tap_done
