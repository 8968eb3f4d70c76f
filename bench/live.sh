# SPDX-License-Identifier: LGPL-2.1-or-later
# live.sh STEP - one step of bench/live-backup, in dom0.
. /root/test/lib/dom0.sh
. /root/test/lib/ways.sh

guest=live
memory=/root/live.xl
export XENSNAP_KEY_FILE=/root/key
export RESTIC_REPOSITORY=/root/restic RESTIC_PASSWORD=long-and-secret
export BORG_REPO=/root/borg BORG_PASSPHRASE=long-and-secret
export HOME=/root

# The guest, idle, and three empty repositories.  begin GIB: of the thin disk.
begin() {
	must lvcreate -q -y -n live_thin -V "$1g" -T vg/pool
	head -c 256M /dev/urandom > /dev/vg/live_thin
	sed -e '/^disk = /,$d' -e "s/^name = .*/name = \"$guest\"/" \
		-e 's/^extra = "\(.*\)"/extra = "\1 witness.rate=5 witness.mutate=20 witness.files=0 witness.check_s=0"/' \
		/etc/xen/guests/pvh1.cfg > /etc/xen/guests/$guest.cfg
	cat >> /etc/xen/guests/$guest.cfg <<-CFG
	disk = [
	  "/dev/vg/pvh1_xvda,raw,xvda,w",
	  "/dev/vg/live_thin,raw,xvdb,w",
	]
	CFG
	must guest_start $guest
	must xensnap init -q /srv/xfs/repo
	must restic init
	must borg init -e repokey
}

ours() {
	mark $guest
	begin_ms=$(now_ms)
	must xensnap backup -q --live --name live $guest /srv/xfs/repo
	tell total_ms $(($(now_ms) - begin_ms))
	felt $guest gap
}

# Memory and snapshots, which the peers read then.
by_hand() {
	mark $guest
	begin_ms=$(now_ms)
	must xl save -c $guest $memory
	lvm_snapshot /dev/vg/pvh1_xvda hand_a classic
	lvm_snapshot /dev/vg/live_thin hand_b thin
	must lvchange -q -ay -K vg/hand_b
	tell total_ms $(($(now_ms) - begin_ms))
	felt $guest gap
}

hand_end() {
	must lvremove -q -y vg/hand_a vg/hand_b
	rm -f $memory
}

# It reads no block devices, but a stream.
restic_backup() {
	begin_ms=$(now_ms)
	must restic backup -q $memory
	for lv in hand_a hand_b; do
		restic backup -q --stdin --stdin-filename $lv \
			< /dev/vg/$lv >> "$log" 2>&1 || exit 1
	done
	tell total_ms $(($(now_ms) - begin_ms))
}

borg_backup() {
	begin_ms=$(now_ms)
	must borg create -C zstd,1 --chunker-params fixed,65536 --read-special \
		"::$(now_ms)" $memory /dev/vg/hand_a /dev/vg/hand_b
	tell total_ms $(($(now_ms) - begin_ms))
}

case $1 in
restic | borg) "$1_backup" ;;
ours | by_hand | hand_end) "$1" ;;
begin) begin "$2" ;;
*)
	echo "no step is called $1" >&2
	exit 2
	;;
esac
