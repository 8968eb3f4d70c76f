# SPDX-License-Identifier: LGPL-2.1-or-later
# dom0.sh STEP - the steps of demo/run, in the lab's dom0.
. /root/test/lib/dom0.sh
. /root/test/lib/ways.sh

guest=web1
copy=/root/copy
disk_mib=512

# A guest like those of the lab, with two disks of some size.
make_guest() {
	for disk in xvda xvdb; do
		must lvcreate -q -y -Wn -n "${guest}_$disk" -L "${disk_mib}m" vg
	done
	awk -v guest="$guest" '
		/^disk = \[/ { skip = 1; print
			print "  \"/dev/vg/" guest "_xvda,raw,xvda,w\","
			print "  \"/dev/vg/" guest "_xvdb,raw,xvdb,w\"," }
		/^\]/ { skip = 0 }
		!skip && !/^disk/ { gsub("pvh1", guest); print }
	' /etc/xen/guests/pvh1.cfg > "/etc/xen/guests/$guest.cfg"
	guest_start "$guest" >> "$log" 2>&1 || {
		tail -n 5 "$(console "$guest")" >&2
		exit 1
	}
	tell xen "$(xl info | sed -n 's/^xen_version *: //p')"
}

# The configuration of a copy: other disks, another name.
copy_config() {
	sed -e "s/^name = .*/name = \"$1\"/" \
		-e "s#\"/dev/vg/${guest}_\(xvd.\),#\"$copy/\1.img,#" \
		"/etc/xen/guests/$guest.cfg" > "$copy/domain.cfg"
}

# SUFFIX: what dd reads is GUEST's LV with this behind its name.
copy_disks() {
	for disk in xvda xvdb; do
		must dd "if=/dev/vg/${guest}_$disk$1" "of=$copy/$disk.img" \
			bs=1M conv=fsync
	done
}

by_hand_dd() {
	mkdir -p "$copy"
	from_here "$guest"
	begin=$(now_ms)
	must xl save "$guest" "$copy/memory.xl"
	copy_disks ""
	tell copied_ms $(($(now_ms) - begin))
	must xl restore "$copy/memory.xl"
	felt "$guest" jump
}

by_hand_lvm() {
	mkdir -p "$copy"
	from_here "$guest"
	begin=$(now_ms)
	must xl save "$guest" "$copy/memory.xl"
	for disk in xvda xvdb; do
		lvm_snapshot "/dev/vg/${guest}_$disk" "${guest}_$disk.snap" \
			classic
	done
	must xl restore "$copy/memory.xl"
	copy_disks .snap
	tell copied_ms $(($(now_ms) - begin))
	must lvremove -q -y "vg/${guest}_xvda.snap" "vg/${guest}_xvdb.snap"
	felt "$guest" jump
}

xensnap_says() {
	xensnap "$@" -q >> "$log" 2>&1 && return
	echo "failed: xensnap $*" >&2
	tail -n 3 "$log" >&2
	exit 1
}

by_xensnap() {
	mark "$guest"
	begin=$(now_ms)
	xensnap_says create --live "$guest@demo"
	tell created_ms $(($(now_ms) - begin))
	# Without sums, as the ways by hand are.
	xensnap_says export --no-sums "$guest@demo" "$copy"
	tell copied_ms $(($(now_ms) - begin))
	xensnap_says delete "$guest@demo"
	felt "$guest" gap
}

# The copy made by hand goes on as a second domain, beside the original.
back_by_hand() {
	copy_config "$guest-copy"
	brought_back "$copy/domain.cfg" "$copy/memory.xl" "$guest-copy"
	must guest_gone "$guest-copy"
	rm -rf "$copy"
}

# What was exported: another name, and no uuid, for the original has it.
back_exported() {
	sed -i -e "s/^name=.*/name=\"$guest-copy\"/" -e '/^uuid=/d' \
		"$copy/domain.cfg"
	brought_back "$copy/domain.cfg" "$copy/memory.xl" "$guest-copy"
	back_n=$(word n "$line")
	# Its next words show that it goes on from there.
	must wait_for 60 counted_past "$guest-copy" "$back_n"
	judged later_ check "$guest-copy"
	judged original_ check "$guest"
	tell both "$(xl list | awk '{ print $1 }' | grep -c "^$guest")"
}

counted_past() {
	counted=$(beat "$1")
	[ "${counted:-0}" -gt "$2" ]
}

case $1 in
make_guest | by_hand_dd | by_hand_lvm | by_xensnap | back_by_hand | \
	back_exported) "$1" ;;
*)
	echo "no step is called $1" >&2
	exit 2
	;;
esac
