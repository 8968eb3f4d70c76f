#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_39_guest_says.sh - what a guest can write about itself in xenstore is no
# truth: which disks it has, the toolstack's own records say (V4, XSA-175).  Dom0
# tells the lies here, in nodes that are the guest's by their permissions.
lab_state=running:pvh1
. "$(dirname "$0")/../lib/in_lab.sh"

guest=pvh1
domid=$(xl domid $guest)
home=/local/domain/$domid
front=$home/device/vbd/51712

# A node that the guest may write, or make.
may_write() {
	node=$1
	xenstore-exists "$node" || node=$(dirname "$node")
	xenstore-ls -fp "$(dirname "$node")" | grep "^$node " |
		grep -q "(n$domid\|,b$domid\|,w$domid"
}

lie() {
	if may_write "$1"; then
		xenstore-write "$1" "$2"
		ok $? "told: $1 is $(printf '%.40s' "$2")"
	else
		note "not the guest's: $1"
	fi
}

# The same disk, at its own place, with all that is in it.
right() {
	out=$(xensnap create --json --cow-size 100% "$guest@$1" 2> /tmp/err)
	is $? 0 "$1: frozen"
	sed 's/^/#   /' /tmp/err
	like "$out" '"source": *"/dev/vg/pvh1_xvda"' "$1: its own disk"
	is "$(printf '%s' "$out" | grep -c '"vdev"')" 1 "$1: and that alone"
	like "$out" "\"domain\": *\"$guest\"" "$1: its own name"
	check $guest
	ok $? "$1: the guest is whole"
	xensnap delete -q "$guest@$1"
	clean $guest
	ok $? "$1: nothing is left"
}

for node in backend backend-id virtual-device device-type; do
	xenstore-read $front/$node > /tmp/was.$node
done

lie $front/backend /local/domain/0/backend/vbd/0/0
right elsewhere
lie $front/backend ../../../../../etc/passwd
lie $front/virtual-device 51728
lie $front/device-type cdrom
right other
long=$(head -c 2000 /dev/zero | tr '\0' 'A')
lie $front/backend "$long"
lie $home/data/xensnap "$long"
lie $home/data/updated "$(printf '\033[2J\n"{')"
lie $home/control/platform-feature-multiprocessor-suspend "$long"
right long

for node in backend backend-id virtual-device device-type; do
	xenstore-write $front/$node "$(cat /tmp/was.$node)"
done
right again
tap_done
