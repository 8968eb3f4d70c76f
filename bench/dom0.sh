# SPDX-License-Identifier: LGPL-2.1-or-later
# dom0.sh WAY GUEST [classic|thin] - one measurement of bench/pause, in dom0.
. /root/test/lib/dom0.sh
. /root/test/lib/ways.sh

memory=/root/bench.xl
way=$1
guest=$2
kind=${3:-classic}
RUNS_ON=5 # seconds between a snapshot and the way back to it

# The guests that are not measured are paused: they would take a share of the
# processor, and not the same one each time.
wake() {
	after=$(size_of "$(console "$guest")")
	must xl unpause "$guest"
	verdict "$guest" "$after" >> "$log" 2>&1 ||
		echo "$guest did not wake up" >&2
}

recipe_lvm() {
	lv=$(disks "$guest")
	from_here "$guest"
	begin=$(now_ms)
	must xl save "$guest" "$memory"
	saved=$(now_ms)
	lvm_snapshot "$lv" by-hand "$kind"
	snapped=$(now_ms)
	must xl restore "$memory"
	end=$(now_ms)
	felt "$guest" jump
	tell save_ms $((saved - begin))
	tell lvcreate_ms $((snapped - saved))
	tell restore_ms $((end - snapped))
	must lvremove -q -y vg/by-hand
	rm -f "$memory"
}

# watch GUEST, stood: how long it did not run meanwhile, by somebody else who
# asks the hypervisor, if he is here.
watch() {
	watcher=
	[ -x /root/test/lib/domctl ] || return 0
	/root/test/lib/domctl stood "$(xl domid "$1")" > /root/stood &
	watcher=$!
}

stood() {
	[ -n "$watcher" ] || return 0
	must wait "$watcher"
	tell stood_ms "$(cat /root/stood)"
}

xl_save_c() {
	mark "$guest"
	watch "$guest"
	begin=$(now_ms)
	must xl save -c "$guest" "$memory"
	tell total_ms $(($(now_ms) - begin))
	stood
	felt "$guest" gap
	rm -f "$memory"
}

# The time of one `lvcreate -s` by hand while the guest runs.
lvcreate_by_hand() {
	lv=$(disks "$guest" | head -n 1)
	begin=$(now_ms)
	lvm_snapshot "$lv" by-hand "$kind"
	tell ms $(($(now_ms) - begin))
	must lvremove -q -y vg/by-hand
	judged "" check "$guest"
}

# ours WAY...: a snapshot of xensnap's, brought back and judged.
ours() {
	mark "$guest"
	watch "$guest"
	begin=$(now_ms)
	xensnap create -q "$@" --json "$guest@bench" \
		> /root/create.json 2>> "$log" || {
		tail -n 3 "$log" >&2
		exit 1
	}
	tell total_ms $(($(now_ms) - begin))
	stood
	felt "$guest" gap
	# A wrong snapshot is not fast.
	judged back_ resume_on_views "$guest@bench" "$guest-back"
	must guest_gone "$guest-back"
	must xensnap delete "$guest@bench"
	cat /root/create.json
}

# Back to an instant by hand: memory and snapshots are those of the recipe, and
# are used up.
revert_by_hand() {
	must xl save "$guest" "$memory"
	for lv in $(disks "$guest"); do
		lvm_snapshot "$lv" "${lv##*/}-by-hand" "$kind"
	done
	must xl restore "$memory"
	sleep "$RUNS_ON"
	from_here "$guest"
	begin=$(now_ms)
	must xl destroy "$guest"
	for lv in $(disks "$guest"); do
		must lvconvert -q -i 1 --merge "$lv-by-hand"
	done
	must xl restore "$memory"
	tell total_ms $(($(now_ms) - begin))
	felt "$guest" jump
	rm -f "$memory"
}

# revert_ours [--no-keep]: the same by xensnap; all is kept, and thrown away
# when it was measured.
revert_ours() {
	must xensnap create -q "$guest@bench"
	sleep "$RUNS_ON"
	from_here "$guest"
	begin=$(now_ms)
	must xensnap revert -q "$@" "$guest@bench"
	tell total_ms $(($(now_ms) - begin))
	felt "$guest" jump
	for name in /var/lib/xensnap/"$guest"/*; do
		must xensnap delete "$guest@${name##*/}"
	done
}

# start GUEST MIB: a PV guest of that size, alone.
start() {
	sed -i -e "s/^memory = .*/memory = $1/" \
		-e '/witness/!s/^extra = "\(.*\)"/extra = "\1 witness.rate=5 witness.mutate=20 witness.files=0 witness.check_s=0"/' \
		"/etc/xen/guests/$guest.cfg"
	must guest_start "$guest"
}

case $way in
wake) wake ;;
start) start "$3" ;;
live) ours --live ;;
revert) revert_ours --no-keep ;;
revert_kept) revert_ours ;;
revert_by_hand) revert_by_hand ;;
stop) ours --stop ;;
unstaged) ours --stop --stage none ;;
end) must guest_gone "$guest" ;;
pause) must xl pause "$guest" ;;
recipe_lvm | xl_save_c | lvcreate_by_hand) $way ;;
*)
	echo "no way is called $way" >&2
	exit 2
	;;
esac
