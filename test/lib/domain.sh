# SPDX-License-Identifier: LGPL-2.1-or-later
# domain.sh - what the tests of the door to the hypervisor share.  Sourced
# instead of in_lab.sh; the program under test is test/xen/domain_probe, which
# is called $probe in dom0.
if [ -z "${XENSNAP_IN_LAB:-}" ]; then
	# Half an hour, of which the other tests of test/xen see the common
	# part through xensnap itself.
	if [ -z "${LONG:-}" ]; then
		echo "1..0 # SKIP only with --long"
		exit 0
	fi
	XENSNAP_BIN=${XENSNAP_BUILD:?names no build}/test/xen/domain_probe
	export XENSNAP_BIN
fi
. "$(dirname "$0")/../lib/in_lab.sh"

probe=/usr/local/sbin/xensnap
mem=/srv/xfs/memory

# field TEXT NAME: the value of NAME=VALUE.
field() {
	printf '%s\n' "$1" | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}

# save GUEST FILE WORDS...: what it says in $out, its status.
save() {
	out=$($probe save "$@" 2>&1)
	status=$?
	printf '%s\n' "$out" | sed 's/^/# /'
	return $status
}

# save_begin GUEST FILE WORDS...: in the background, as $pid; /tmp/out.
save_begin() {
	$probe save "$@" > /tmp/out 2>&1 &
	pid=$!
}

save_end() {
	wait "$pid" 2> /dev/null
	out=$(cat /tmp/out)
	printf '%s\n' "$out" | sed 's/^/# /'
}

# From here on the console's log is looked at.
mark() {
	before=$(size_of "$(console "$1")")
}

# awake GUEST WHAT: it runs, and so does xl's monitor.
awake() {
	runs "$1"
	ok $? "$2: the domain runs"
	m=$(monitor_of "$1")
	grep -q '^State:.[SR]' "/proc/$m/status"
	ok $? "$2: xl's monitor is there and awake"
}

# whole GUEST WHAT: it went on, and witness found one instant since mark.
whole() {
	verdict "$1" "$before" resume
	ok $? "$2: one instant"
	awake "$1" "$2"
}

helper_gone() {
	! pgrep -f libxl-save-helper > /dev/null
}

suspended() {
	state_of "$1" | grep -q s
}
