#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 40_export.sh - export a snapshot, and use it without xensnap: the sums are
# right, the disks are the views byte by byte, and `xl restore` takes the
# files while the original runs; several snapshots, deleted in any order.
lab_state=running:pvmix
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvmix
out=/srv/xfs/out

xensnap create --cow-size 100% $guest@one > /dev/null
ok $? "create $guest@one"
xensnap create --cow-size 100% $guest@two > /dev/null
ok $? "create $guest@two: a second one beside it"
like "$(xensnap list)" "$guest@one" "list shows the first"
like "$(xensnap list --json)" '"snapshot": *"pvmix@two"' \
	"list --json shows the second"
like "$(xensnap show $guest@one)" 'xvdb' "show names the disks"

was=$(beat $guest)
xensnap export $guest@one $out > /tmp/out 2> /tmp/err
ok $? "export to a folder"
(cd $out && sha256sum --quiet -c SHA256SUMS)
ok $? "the sums are right"
disks_of $guest@one > /tmp/disks
set -- xvda xvdb
while read -r _ view; do
	lvchange -qq -y -ay -K "$view"
	cmp "$view" "$out/$1.img"
	ok $? "$1.img is the view, byte by byte"
	case $view in *xvdb*) lvchange -qq -y -an "$view" ;; esac
	shift
done < /tmp/disks
xensnap export --disk xvdb $guest@one - | cmp - $out/xvdb.img
ok $? "one disk to stdout"

# What README says, with another name since the original runs on.
sed -i "s/^name=.*/name=\"again\"/; /^uuid/d" $out/domain.cfg
after=$(size_of "$(console again)")
alone patient restore $out/domain.cfg $out/memory.xl
ok $? "xl restore takes the exported files"
verdict again "$after" resume
ok $? "what was exported is one instant"
wait_for 60 grep -q 'WITNESS beat' "$(console again)"
now=$(beat again)
note "the original was at $was when it was exported; the copy is at $now"
guest_gone again
check $guest
ok $? "the original is untouched"

xensnap export --format qcow2 --no-sums $guest@two /srv/xfs/q > /tmp/out 2>&1
ok $? "export as qcow2"
qemu-img convert -f qcow2 -O raw /srv/xfs/q/xvda.qcow2 /srv/xfs/q/xvda.img
xensnap export --disk xvda $guest@two - | cmp - /srv/xfs/q/xvda.img
ok $? "the qcow2 file holds the view"
rm -rf /srv/xfs/q

mkdir /srv/xfs/full && touch /srv/xfs/full/file
xensnap export $guest@one /srv/xfs/full 2> /tmp/err
is $? 1 "a folder that is not empty is refused"
like "$(cat /tmp/err)" '^xensnap: .*not empty' "and the message says so"
is "$(ls /srv/xfs/full)" file "and nothing was written"
xensnap export $guest@one $out/none/there 2> /tmp/err
is $? 1 "a folder in a folder that is not there is refused"

xensnap delete $guest@one $guest@two
ok $? "delete both, the older one first"
clean $guest
ok $? "nothing is left"
check $guest
ok $? "and the guest is whole"

tap_done
