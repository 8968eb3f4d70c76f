# SPDX-License-Identifier: LGPL-2.1-or-later
# dom0.sh - what tests say in a lab's dom0: guests, verdicts, invariants.
# Sourced, by in_lab.sh.

. /root/test/lib/tap.sh

note() {
	echo "# $*"
}

# ---- guests ----

console() {
	echo "/var/log/xen/console/guest-$1.log"
}

size_of() {
	stat -c %s "$1" 2> /dev/null || echo 0
}

# wait_for SECONDS COMMAND...: until it succeeds; 1 when the time is up.
wait_for() {
	wait_left=$(($1 * 5))
	shift
	until "$@" > /dev/null 2>&1; do
		wait_left=$((wait_left - 1))
		[ "$wait_left" -gt 0 ] || return 1
		sleep 0.2
	done
}

# as_type TYPE: of a guest's configuration without disks, that of such a guest.
# Firmware boots an image with a header; the bare kernel is quicker.
as_type() {
	case $1 in
	hvm) kernel=/lab/guest/vmlinuz ;;
	*) kernel=/lab/guest/vmlinux ;;
	esac
	sed -e "s/^type = .*/type = \"$1\"/" \
		-e "s#^kernel = .*#kernel = \"$kernel\"#"
	[ "$1" != hvm ] || printf '%s\n' 'vga = "none"' 'vnc = 0' 'usb = 0'
}

# guest_start NAME [xl create's words]: until witness writes.  Firmware and a
# device model take their time.
guest_start() {
	guest=$1
	shift
	after=$(size_of "$(console "$guest")")
	limit=180
	! grep -q '^type = "hvm"' "/etc/xen/guests/$guest.cfg" || limit=480
	patient create "/etc/xen/guests/$guest.cfg" "$@" || return 1
	wait_for $limit sh -c "tail -c +$((after + 1)) $(console "$guest") |
		grep -q 'WITNESS ready'"
}

# guest_of_three NAME TYPE: its configuration, and its disks: a classic and a thin
# volume and a file.
guest_of_three() {
	lvm <<-LVM > /dev/null
	lvcreate -q -y -Wn -n $1_classic -L 64m vg
	lvcreate -q -y -n $1_thin -V 64m -T vg/pool
	LVM
	truncate -s 64M "/srv/xfs/$1.img"
	{
		sed -e '/^disk = /,$d' -e "s/^name = .*/name = \"$1\"/" \
			-e 's/^extra = "\(.*\)"/extra = "\1 witness.disks=xvda,xvdb,xvdc witness.load=1 witness.load_rate=50"/' \
			/etc/xen/guests/pvh1.cfg | as_type "$2"
		cat <<-CFG
		disk = [
		  "/dev/vg/$1_classic,raw,xvda,w",
		  "/dev/vg/$1_thin,raw,xvdb,w",
		  "/srv/xfs/$1.img,raw,xvdc,w",
		]
		on_crash = "preserve"
		CFG
	} > "/etc/xen/guests/$1.cfg"
}

# fourth_disk NAME FILE: one more disk, a new file, for the guest of three.
fourth_disk() {
	truncate -s 64M "$2"
	sed -i -e 's/xvda,xvdb,xvdc/&,xvdd/' \
		-e "s#^  \"/srv/xfs/$1.img.*#&\\n  \"$2,raw,xvdd,w\",#" \
		"/etc/xen/guests/$1.cfg"
}

# ask NAME COMMAND: one word for witness, by its console.
ask() {
	domid=$(xl domid "$1") || return 1
	tty=$(xenstore-read "/local/domain/$domid/console/tty") || return 1
	echo "$2" > "$tty"
}

# verdict NAME AFTER [WHY [DOMID]]: the verdict that comes after AFTER bytes of
# the console's log.  0: one instant.
verdict() {
	python3 /root/test/lib/witness-verdict --after "$2" --wait 300 \
		${3:+--since "$3"} ${4:+--dom "$4"} "$(console "$1")"
}

# number: of the last record that the guest of /tmp/verdict had written.
number() {
	sed -n 's/.* n=\([0-9]*\) .*/\1/p' /tmp/verdict
}

# from_record NUMBER WHAT: passed if the guest of /tmp/verdict goes on from that
# record; or from the one beside it, as witness may have looked, but not written
# yet, when all stood still (lab/witness/README.md).
from_record() {
	from_n=$(number)
	[ "$from_n" -ge $(($1 - 1)) ] && [ "$from_n" -le $(($1 + 1)) ]
	ok $? "$2"
	[ "$from_n" = "$1" ] || note "have: $from_n, want: $1"
}

# check NAME: ask witness now.
check() {
	after=$(size_of "$(console "$1")")
	ask "$1" check && verdict "$1" "$after" asked
}

# beat NAME: the last record's number that witness told.
beat() {
	grep -o 'WITNESS beat n=[0-9]*' "$(console "$1")" | tail -n 1 |
		grep -o '[0-9]*$'
}

# tell_end NAME: of a guest that does not do what it should, the last it said.
tell_end() {
	xl list | sed 's/^/#   /'
	tail -n 40 "$(console "$1")" | cut -c1-160 | sed 's/^/#   /'
	xl dmesg | tail -n 5 | sed 's/^/#   /'
}

# Did the emulated CPU end guest NAME (lab/README.md)?  By its last words.
ended_by_cpu() {
	tail -n 200 "$(console "$1")" |
		grep -aq 'ENTRY_TRAMPOLINE stack guard page was hit'
}

# Which guests panicked, and of what.  Of one that the emulated CPU has ended it
# is said in the words for which tools/check.py runs a test again.
tell_panics() {
	for log in /var/log/xen/console/guest-*.log; do
		[ -e "$log" ] || continue
		guest=$(basename "$log" .log)
		guest=${guest#guest-}
		tail -n 200 "$log" |
			grep -aE 'BUG: |RIP: |Kernel panic' | cut -c1-160 |
			sed "s/^/$guest: /" >&2
		! ended_by_cpu "$guest" ||
			echo "# the emulated CPU ended guest $guest"
	done
}

# ---- views and memory brought back ----

# disks_of SNAPSHOT: "SOURCE VIEW" a line.
disks_of() {
	tr -d '\\' < "/var/lib/xensnap/$(echo "$1" | tr @ /)/snapshot.json" |
		awk -F '"' '$2 == "source" { source = $4 }
			$2 == "view" { print source, $4 }'
}

writable() {
	case $1 in
	/dev/*) lvchange -qq -y -prw "$1" && lvchange -qq -y -ay -K "$1" ;;
	*) chmod 600 "$1" ;;
	esac
}

# config_on_views SNAPSHOT NEW: $cfg is a second domain NEW on the views of
# SNAPSHOT; they become writable for it, so the snapshot is spent.
config_on_views() {
	snap=$1
	new=$2
	cfg="/root/$new.cfg"
	sed -e "s/^name = .*/name = \"$new\"/" \
		"/etc/xen/guests/${snap%@*}.cfg" > "$cfg"
	disks_of "$snap" | while read -r source view; do
		writable "$view" &&
			sed -i "s#\"$source,#\"$view,#" "$cfg" || exit 1
	done || return 1
	[ -z "${views_by_loop:-}" ] || by_loop "$new"
}

# by_loop NEW: the raw files among the disks of $cfg become loop devices.
by_loop() {
	sed -n 's#.*"\(/[^,]*\),raw,xvd.,w".*#\1#p' "$cfg" |
		while read -r file; do
			[ -f "$file" ] || continue
			loop=$(losetup -f --show "$file") || exit 1
			echo "$loop" >> "/root/$1.loops"
			sed -i "s#\"$file,#\"$loop,#" "$cfg"
		done
}

# alone WORDS...: that command, while all guests that run stand still: libxl waits
# 40 s for a device, and beside their load that is too short for many disks.
alone() {
	others=$(xl list | awk 'NR > 1 && $2 > 0 && $5 !~ /p/ { print $2 }')
	for other in $others; do
		xl pause "$other"
	done
	"$@"
	alone_status=$?
	for other in $others; do
		xl unpause "$other"
	done
	return $alone_status
}

# patient WORDS...: xl with them, and what it said if it fails; then it is tried
# again, twice at most: beside other work Xen's scripts may take too long.
patient() {
	for patient_try in 1 2 3; do
		xl "$@" > /tmp/patient 2>&1 && return 0
		grep error: /tmp/patient | head -n 6 | sed 's/^/# /'
		note "xl $1 failed, try $patient_try"
	done
	return 1
}

# Memory and views of SNAPSHOT as a second domain NEW.  0: witness says one
# instant.
resume_on_views() {
	config_on_views "$1" "$2" || return 1
	alone resume_of_config "$1" "$2"
}

resume_of_config() {
	after=$(size_of "$(console "$2")")
	patient restore "$cfg" "/var/lib/xensnap/$(echo "$1" | tr @ /)/memory.xl" ||
		return 1
	verdict "$2" "$after" resume && return 0
	tell_end "$2"
	return 1
}

# boot_on_views SNAPSHOT NEW: a second domain NEW boots from the views; what
# witness found on them is $found.
boot_on_views() {
	found=""
	config_on_views "$1" "$2" || return 1
	after=$(size_of "$(console "$2")")
	alone patient create "$cfg" || return 1
	wait_for 180 sh -c "tail -c +$((after + 1)) $(console "$2") |
		grep -q 'WITNESS ready'" || return 1
	found=$(tail -c +$((after + 1)) "$(console "$2")" |
		grep -o 'WITNESS found.*')
}

# A guest that was brought back goes away.
guest_gone() {
	xl destroy "$1" 2> /dev/null
	wait_for 20 sh -c "! xl domid $1"
	gone=$?
	[ ! -e "/root/$1.loops" ] || xargs losetup -d < "/root/$1.loops"
	rm -f "/root/$1.loops"
	return $gone
}

# ---- doctor ----

# look WORDS...: run it; $status, and field() reads what it found.
look() {
	xensnap doctor --json "$@" > /tmp/report 2> /tmp/err
	status=$?
	sed 's/^/#   /' /tmp/err
}

# field ID FIELD [ABOUT]: of that finding; "" when there is none.
field() {
	awk -v id="$1" -v want="$2" -v about="${3:-}" '
	/^ *"[a-z]+": / {
		key = value = $0
		sub(/^ *"/, "", key)
		sub(/": .*/, "", key)
		sub(/^ *"[a-z]+": "?/, "", value)
		sub(/"?,?$/, "", value)
		found[key] = value
		if (key == "did" && found["id"] == id && found["about"] == about)
			print found[want]
	}' /tmp/report | sed 's/\\\\/\\/g; s/\\"/"/g'
}

# ---- invariants (doc/invariants.md) ----

monitor_of() {
	for m_pid in $(pgrep -x xl); do
		if readlink "/proc/$m_pid/fd/1" "/proc/$m_pid/fd/2" |
			grep -q "/xl-$1.log"; then
			echo "$m_pid"
			return 0
		fi
	done
	return 1
}

state_of() {
	xl list "$1" 2> /dev/null | awk 'NR == 2 { print $5 }'
}

# Does NAME run: neither paused nor suspended?  On its way to sleep a virtual
# CPU counts as running and as blocked.
runs() {
	case $(state_of "$1") in
	[r-][b-]----) ;;
	*) return 1 ;;
	esac
}

# clean NAME: inv. 5, 7, 11.  Says what is wrong.
clean() {
	bad=""
	runs "$1" || {
		bad="$bad state=$(state_of "$1")"
		tell_end "$1"
	}
	m=$(monitor_of "$1") || bad="$bad no-monitor"
	if [ -n "$m" ] && grep -q '^State:.T' "/proc/$m/status"; then
		bad="$bad monitor-stopped"
	fi
	if dmsetup info -c --noheadings -o suspended | grep -q Suspended; then
		bad="$bad suspended-devices"
	fi
	if [ -n "$(lvs --noheadings -o lv_name @xensnap)" ]; then
		bad="$bad views"
	fi
	if [ -n "$(find /var/lib/xensnap -mindepth 2 -maxdepth 2 \
		! -name .lock ! -path '*/.repositories/*' 2> /dev/null)" ]; then
		bad="$bad folders"
	fi
	[ -z "$bad" ] || {
		echo "# not clean:$bad"
		return 1
	}
}

# recovered GUEST NAME WHAT: after a death of create GUEST@NAME, is all put
# right (inv. 5, 6, 11)?
recovered() {
	wait_for 8 runs "$1"
	ok $? "$3: the domain runs on"
	xensnap recover > /tmp/recover 2>&1
	ok $? "$3: recover"
	sed 's/^/#   /' /tmp/recover
	if xensnap show "$1@$2" > /dev/null 2>&1; then
		note "it had been committed"
		xensnap delete "$1@$2"
	fi
	clean "$1"
	ok $? "$3: nothing is left"
	xensnap recover > /tmp/recover 2>&1
	like "$(cat /tmp/recover)" '[Nn]othing' "$3: a second recover finds nothing"
}
