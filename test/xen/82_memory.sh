#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 82_memory.sh - memory in a repository: that of a guest which stood still comes
# back byte for byte, and Xen's own verify-stream-v2 takes it.
#
# With --long, of a guest with a classic, a thin and a file disk: a live one as
# well, and on the disks that came back with it the witness goes on from the
# instant (inv. 1), by a file and by a pipe; `backup DOMAIN` again and again; a
# folder that was restored, imported and cloned; and the second backup of an idle
# guest stores a tenth at most.
# GUESTS: pvh, pv or hvm (pvh).
lab_state=running:pvh1
[ -z "${LONG:-}" ] || lab_state=xen
. "$(dirname "$0")/../lib/in_lab.sh"

type=${GUESTS:-pvh}
export XENSNAP_KEY_FILE=/root/key
repo=/srv/xfs/repo

# Debian's PV guests cannot go live.
live=--live
[ "$type" != pv ] || live=--stop

freeze() {
	name=$1
	shift
	before=$(size_of "$(console $guest)")
	xensnap create -q --cow-size 100% "$@" $guest@"$name" > /dev/null \
		2> /tmp/err && verdict $guest "$before" resume > /tmp/verdict
	ok $? "$guest@$name"
	sed 's/^/#   /' /tmp/err
	number > "/tmp/n.$name"
}

# backup NAME: of its memory so much was read, and new; so much stored.
backup() {
	xensnap backup --json $guest@"$1" $repo > /tmp/report 2> /tmp/err
	ok $? "$1: backup"
	sed 's/^/#   /' /tmp/err
	python3 - "$1" <<'PY'
import json, sys
r = json.load(open("/tmp/report"))
m = r["memory"]
print(f"# {sys.argv[1]}: memory: {m['read_bytes']} read,",
      f"{m['changed_bytes']} new; {r['stored_bytes']} stored, with the disks")
open("/tmp/stored." + sys.argv[1], "w").write(str(r["stored_bytes"]))
PY
}

# is_stream FILE: Xen's own reader takes it.
is_stream() {
	PYTHONPATH=/usr/lib/xen-4.17/lib/python \
		/usr/lib/xen-4.17/bin/verify-stream-v2 -v -f xl -i "$1" \
		> /tmp/out 2>&1
	ok $? "verify-stream-v2: $1"
	tail -n 1 /tmp/out | sed 's/^/#   /'
}

# on_restored NEW: $cfg is a second domain on the disks that came back.
on_restored() {
	cfg=/root/$1.cfg
	sed -e "s/^name = .*/name = \"$1\"/" \
		-e "s#\"/[^,]*,raw,\(xvd.\),w\"#\"/srv/xfs/back/\1.img,raw,\1,w\"#" \
		/etc/xen/guests/$guest.cfg > "$cfg"
}

# went_on NEW NAME: from the instant of NAME.
went_on() {
	verdict "$1" "$after" resume > /tmp/verdict
	ok $? "$2: memory and disks are one instant"
	sed 's/^/#   /' /tmp/verdict
	from_record "$(cat "/tmp/n.$2")" "$2: it goes on from where it was"
	guest_gone "$1"
}

# ---- one that stood still ----

stood_still() {
	kept=/var/lib/xensnap/$guest
	freeze still --stop
	backup still
	xensnap restore -q $repo $guest@still --disk memory \
		--to /srv/xfs/still.xl > /tmp/out
	ok $? "still: its memory comes back"
	cmp "$kept/still/memory.xl" /srv/xfs/still.xl
	ok $? "byte for byte"
	is_stream /srv/xfs/still.xl
	rm /srv/xfs/still.xl
}

if [ -z "${LONG:-}" ]; then
	guest=pvh1
	xensnap init -q $repo > /dev/null
	ok $? "a repository"
	stood_still
	xensnap delete -q $guest@still
	clean $guest
	ok $? "the guest runs, nothing is left"
	tap_done
fi
guest=mem
guest_of_three $guest "$type"
xensnap init -q $repo > /dev/null && guest_start $guest
ok $? "a repository, and a $type guest that writes"
stood_still

# ---- one that was copied while it ran ----

freeze run $live
backup run
is_stream "$kept/run/memory.xl"
xensnap delete -q $guest@still
xensnap restore -q $repo $guest@run --to /srv/xfs/back/ > /tmp/out
ok $? "run: all of it comes back"
is_stream /srv/xfs/back/memory.xl
note "$(stat -c '%n %s' "$kept/run/memory.xl" /srv/xfs/back/memory.xl)"
xl pause $guest
on_restored back
after=$(size_of "$(console back)")
patient restore "$cfg" /srv/xfs/back/memory.xl
ok $? "run: xl restore takes it"
went_on back run

# The disks were written to: once more, and the memory by a pipe.
rm /srv/xfs/back/memory.xl
xensnap restore -q $repo $guest@run --in-place --to /srv/xfs/back > /tmp/out
ok $? "run: in place"
after=$(size_of "$(console back)")
xensnap restore -q $repo $guest@run --disk memory --to - 2> /tmp/err |
	xl restore "$cfg" /dev/fd/0 > /tmp/xl 2>&1
ok $? "run: xl restore takes it from a pipe"
grep error: /tmp/xl | sed 's/^/#   /'
sed 's/^/#   /' /tmp/err
went_on back run
xl unpause $guest
rm -r /srv/xfs/back
xensnap delete -q $guest@run

# ---- in one step, again and again ----

# protect NAME HOW: its disks are read so.
protect() {
	before=$(size_of "$(console $guest)")
	xensnap backup --json --cow-size 100% --name "$1" ${live:+$live} $guest \
		$repo > /tmp/report 2> /tmp/err
	ok $? "$1: backup $guest"
	sed 's/^/#   /' /tmp/err
	verdict $guest "$before" resume > /tmp/verdict
	ok $? "$1: the guest is whole after it"
	number > "/tmp/n.$1"
	python3 - "$1" "$2" <<'PY'
import json, sys
r = json.load(open("/tmp/report"))
for d in r["disks"]:
    print(f"#   {d['vdev']}: {d['how']}, {d['read_bytes']}: {d['why']}")
m = r["memory"]
print(f"#   memory: {m['read_bytes']} read, {m['changed_bytes']} new;",
      f"pause {r['pause_ms']} ms")
sys.exit({d["how"] == "changes" for d in r["disks"]} != {sys.argv[2] == "changes"})
PY
	ok $? "$1: its disks are read: $2"
	is "$(xensnap list --names | wc -l)" 1 "$1: one base stays"
}
protect one whole
sleep 5
protect two changes
sleep 5
protect three changes
xl pause $guest
for name in one three; do
	rm -rf /srv/xfs/back
	xensnap restore -q $repo $name --to /srv/xfs/back/ > /tmp/out
	ok $? "$name: comes back"
	after=$(size_of "$(console back)")
	patient restore "$cfg" /srv/xfs/back/memory.xl
	ok $? "$name: xl restore takes it"
	went_on back $name
done
rm -r /srv/xfs/back

# ---- a folder that was restored is an export ----

xensnap restore -q $repo one --to /srv/xfs/export/ > /tmp/out
ok $? "one: to a folder"
xensnap import -q --trust-config /srv/xfs/export $guest@again > /tmp/out \
	2> /tmp/err
is $? 3 "which import takes; it has no sums"
sed 's/^/#   /' /tmp/err
after=$(size_of "$(console twin)")
xensnap clone -q $guest@again twin > /tmp/out 2> /tmp/err
ok $? "and a clone of that snapshot runs"
sed 's/^/#   /' /tmp/err
went_on twin one
xensnap delete -q twin $guest@again
ok $? "both are deleted"
rm -r /srv/xfs/export
xl unpause $guest
xensnap delete -q "$(xensnap list --names)"
runs $guest && clean $guest
ok $? "the guest runs, nothing is left"
xl destroy $guest

xensnap verify -q --data $repo > /tmp/out 2>&1
ok $? "verify --data"

# ---- idle ----

guest=pvh1
repo=/root/idle
if [ "$type" = pvh ]; then
	# Else the witness writes to its patterns all the time (0 is: no limit),
	# and each of their pages is a piece of its own in a repository.
	sed -i 's/^extra = "\(.*\)"/extra = "\1 witness.rate=1 witness.mutate=1 witness.mutate_s=60 witness.files=0 witness.check_s=0"/' \
		/etc/xen/guests/$guest.cfg
	xensnap init -q $repo > /dev/null && guest_start $guest
	ok $? "an idle guest, and a repository without any other's memory"
	sleep 30
	freeze one --live
	backup one
	sleep 60
	freeze two --live
	backup two
	[ "$(cat /tmp/stored.two)" -le $(($(cat /tmp/stored.one) / 10)) ]
	ok $? "a minute later a tenth at most is stored"
	xensnap delete -q $guest@one $guest@two
fi
tap_done
