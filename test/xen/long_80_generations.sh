#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# long_80_generations.sh - a running guest with a classic, a thin and a file disk,
# frozen and backed up again and again while it writes: of what was backed up
# before only the changes are read, each generation comes back on new volumes as
# its views are, and its memory goes on there (inv. 1); without a base that can
# be trusted all is read, with the reason.
lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

guest=gens
export XENSNAP_KEY_FILE=/root/key
repo=/root/repo

lvm <<LVM > /dev/null
lvcreate -q -y -Wn -n gens_classic -L 64m vg
lvcreate -q -y -n gens_thin -V 64m -T vg/pool
LVM
truncate -s 64M /srv/xfs/gens.img
{
	sed -e '/^disk = /,$d' -e "s/^name = .*/name = \"$guest\"/" \
		-e 's/^extra = "\(.*\)"/extra = "\1 witness.disks=xvda,xvdb,xvdc witness.load=1 witness.load_rate=50 witness.load_slots=8192"/' \
		/etc/xen/guests/pvh1.cfg
	cat <<CFG
disk = [
  "/dev/vg/gens_classic,raw,xvda,w",
  "/dev/vg/gens_thin,raw,xvdb,w",
  "/srv/xfs/gens.img,raw,xvdc,w",
]
on_crash = "preserve"
CFG
} > /etc/xen/guests/$guest.cfg
xensnap init -q $repo > /dev/null && guest_start $guest
ok $? "a repository, and a guest that writes"

# freeze N [COW [paused]]: the domain as it is now; it runs on, or stands still
# from then on.
freeze() {
	before=$(size_of "$(console $guest)")
	xensnap create -q --live --cow-size "${2:-100%}" $guest@"$1" \
		> /dev/null 2> /tmp/err
	ok $? "$1: create"
	sed 's/^/#   /' /tmp/err
	[ "${3:-}" ] && xl pause $guest && return
	verdict $guest "$before" resume
	ok $? "$1: the guest is whole after it"
}

# backup N XVDA XVDB XVDC: it is stored, and its disks are read so: "changes", of
# which there are fewer than bytes, or all, because of what matches.
backup() {
	name=$1
	shift
	xensnap backup --json $guest@"$name" $repo > /tmp/report 2> /tmp/err
	ok $? "$name: backup"
	sed 's/^/#   /' /tmp/err
	for vdev in xvda xvdb xvdc; do
		python3 - "$vdev" "$1" <<'PY'
import json, re, sys
vdev, want = sys.argv[1:]
disks = json.load(open("/tmp/report"))["disks"]
d = [d for d in disks if d["vdev"] == vdev][0]
print(f"#   {vdev}: {d['how']}, {d['read_bytes']} of {d['bytes']}: {d['why']}")
if want == "changes":
    fine = d["how"] == "changes" and 0 < d["read_bytes"] < d["bytes"]
else:
    fine = d["how"] != "changes" and re.search(want, d["why"])
sys.exit(not fine)
PY
		ok $? "$name: $vdev: $1"
		shift
	done
}

# as_view VIEW RESTORED: byte for byte.
as_view() {
	case $1 in
	/dev/*) lvchange -qq -y -ay -K "$1" ;;
	esac
	cmp "$1" "$2"
}

# restored N WHERE: on new volumes each disk is as its view.
restored() {
	xensnap restore -q $repo $guest@"$1" --create-lv "$2" \
		--map xvda=back_xvda --map xvdb=back_xvdb --map xvdc=back_xvdc \
		> /dev/null 2> /tmp/err
	ok $? "$1: restored to $2"
	sed 's/^/#   /' /tmp/err
	disks_of $guest@"$1" | while read -r source view; do
		case $source in
		*classic) vdev=xvda ;;
		*thin) vdev=xvdb ;;
		*) vdev=xvdc ;;
		esac
		as_view "$view" /dev/vg/back_$vdev || exit 1
	done
	ok $? "$1: byte for byte its views"
}

forget_restored() {
	lvremove -qq -y vg/back_xvda vg/back_xvdb vg/back_xvdc
}

# goes_on N: its memory, on what was restored.
goes_on() {
	cfg=/root/back.cfg
	sed -e 's/^name = .*/name = "back"/' \
		-e 's#"/[^,]*,raw,\(xvd.\),w"#"/dev/vg/back_\1,raw,\1,w"#' \
		/etc/xen/guests/$guest.cfg > $cfg
	xl pause $guest
	after=$(size_of "$(console back)")
	patient restore $cfg /var/lib/xensnap/$guest/"$1"/memory.xl &&
		verdict back "$after" resume
	ok $? "$1: memory and restored disks are one instant"
	guest_gone back
	xl unpause $guest
}

first="it is the first backup"
freeze g1
backup g1 "$first" "$first" "$first"
sleep 10
freeze g2
backup g2 changes changes changes
sleep 10
freeze g3
backup g3 changes changes changes

# diff A B: it tells of each disk what reading both views tells.
diff() {
	for snap in "$1" "$2"; do
		disks_of $guest@"$snap" | while read -r source view; do
			as_view "$view" "$view" && echo "$source $view"
		done > "/tmp/views.$snap"
	done
	xensnap diff --json --ranges $guest@"$1" $guest@"$2" > /tmp/diff 2> /tmp/err
	ok $? "diff $1 $2"
	sed 's/^/#   /' /tmp/err
	python3 - "/tmp/views.$1" "/tmp/views.$2" <<'PY'
import json, sys
BLOCK = 4096
a, b = (dict(line.split() for line in open(path)) for path in sys.argv[1:])
disks = json.load(open("/tmp/diff"))["disks"]
vdevs = {"vg/gens_classic": "xvda", "vg/gens_thin": "xvdb", "gens.img": "xvdc"}
for end, vdev in vdevs.items():
    source = [s for s in a if s.endswith(end)][0]
    d = [d for d in disks if d["vdev"] == vdev][0]
    told = {at // BLOCK + i for at, n in d["ranges"] for i in range(n // BLOCK)}
    with open(a[source], "rb") as x, open(b[source], "rb") as y:
        is_so = {i for i in range(d["a_bytes"] // BLOCK)
                 if x.read(BLOCK) != y.read(BLOCK)}
    print(f"#   {vdev}: {len(told)} blocks, {d['read_bytes']} bytes read")
    assert told == is_so and is_so and d["by_table"], (vdev, d["how"])
PY
	ok $? "and it is what is in the views"
}
diff g1 g3
diff g3 g2
restored g1 vg
goes_on g1
forget_restored
restored g2 vg/pool
forget_restored
restored g3 vg/pool
goes_on g3
forget_restored
xensnap verify -q --data $repo > /tmp/out 2>&1
ok $? "verify --data"

# A base that overflows after it was backed up.  The guest stands still until it
# is, so that this is not too soon.
freeze g4 4m paused
backup g4 changes changes changes
xl unpause $guest
wait_for 300 sh -c "lvs --noheadings -o lv_snapshot_invalid vg | grep -q invalid"
ok $? "g4: its classic view overflows"
freeze g5
backup g5 "is lost: its copy-on-write area ran full" changes changes
restored g5 vg
forget_restored

# One that somebody removed.
view=$(disks_of $guest@g5 | sed -n 's/.*classic //p')
lvremove -qq -y "$view"
ok $? "g5: $view is removed by hand"
xensnap delete -q $guest@g1 $guest@g2 $guest@g3 $guest@g4
freeze g6
backup g6 "." changes changes
restored g6 vg
forget_restored

# None at all.
xensnap delete -q $guest@g5 $guest@g6
freeze g7
none="nothing of an earlier backup"
backup g7 "$none" "$none" "$none"
restored g7 vg/pool
goes_on g7
forget_restored

runs $guest
ok $? "the guest runs"
xensnap delete -q $guest@g7 && clean $guest
ok $? "nothing is left"
tap_done
