#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The lab's own tests, as TAP.  Root, the packages of lab/packages.host, and
# some minutes.  They use labs named self-*, of the cache that is set.
#
# long_lab_self.sh [plain|xen]: the state to test with (default: xen)

top=$(cd "$(dirname "$0")/../.." && pwd)
lab="$top/lab/lab"
state=${1:-xen}
tmp=$(mktemp -d)
number=0
failed=0

finish() {
	for name in self-a self-b self-c; do
		"$lab" stop "$name" 2> /dev/null
	done
	"$lab" drop self_frozen 2> /dev/null
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' INT TERM

# ok WHAT CONDITION...: one test point
ok() {
	what=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		failed=1
	fi
}

# status WANT COMMAND...: whether the command's exit status is this
status() {
	want=$1
	shift
	"$@" > "$tmp/out" 2> "$tmp/err"
	got=$?
	[ "$got" -eq "$want" ] && return
	echo "# exit status $got, not $want: $*"
	sed 's/^/# /' "$tmp/err"
	return 1
}

a() {
	"$lab" -n self-a "$@"
}

same() {
	[ "$1" = "$2" ] || { echo "# '$1' is not '$2'"; return 1; }
}

ok "start" status 0 a start --fresh --state "$state"
ok "start again is refused" status 1 a start
ok "list shows it" sh -c "'$lab' list | grep -q '^self-a *running'"

ok "run: status 0" status 0 a run -- true
ok "run: status 7" status 7 a run -- sh -c 'exit 7'
ok "run: a signal" status 143 a run -- sh -c 'kill -TERM $$'
ok "run: no such program" status 127 a run -- /nonexistent
ok "run: no command is misuse" status 2 a run
ok "run: no such lab" status 125 "$lab" -n self-none run -- true
ok "run: stdout alone" same "$(a run -- sh -c 'echo o; echo e >&2' 2> "$tmp/e")" o
ok "run: stderr alone" same "$(cat "$tmp/e")" e
ok "run: arguments stay what they are" \
	same "$(a run -- printf '%s|' 'a b' '' '*' "it's")" "a b||*|it's|"
ok "run: stdin" same "$(echo hello | a run -- cat)" hello
ok "run: no stdin" same "$(echo hello | a run --no-stdin -- cat)" ""

head -c 3000000 /dev/urandom > "$tmp/blob"
ok "run: 3 MB through cat come back" \
	sh -c "'$lab' -n self-a run -- cat < '$tmp/blob' | cmp - '$tmp/blob'"
ok "run: who does not read stdin does not block" \
	sh -c "'$lab' -n self-a run --timeout 30 -- true < '$tmp/blob'"

ok "timeout: 124" status 124 a run --timeout 2 -- sleep 300
ok "timeout: the command is gone" status 1 a run -- pgrep -x sleep
ok "timeout: also if it ignores SIGTERM" \
	status 124 a run --timeout 2 -- sh -c 'trap "" TERM; sleep 301; sleep 302'
ok "timeout: that one is gone too" status 1 a run -- pgrep -x sleep
ok "a killed client takes its command along" sh -c "
	'$lab' -n self-a run -- sleep 303 & sleep 3; kill -9 \$!
	sleep 8; ! '$lab' -n self-a run -- pgrep -x sleep"
ok "SIGINT reaches the command" sh -c "
	'$lab' -n self-a run -- sh -c 'trap \"echo caught; exit 5\" INT
		n=0; while [ \$n -lt 300 ]; do sleep 0.2; n=\$((n+1)); done' \
		> '$tmp/int' & sleep 4; kill -INT \$!
	wait \$!; [ \$? -eq 5 ] && grep -q caught '$tmp/int'"

# More at a time than there are ports: all must get their own answer.
parallel() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		a run -- sh -c "sleep 1; echo $i" > "$tmp/par.$i" &
	done
	wait
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		same "$(cat "$tmp/par.$i")" $i || return 1
	done
}
ok "twelve commands at once" parallel

many() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		same "$(a run --timeout 20 -- echo $i)" $i || return 1
	done
}
ok "twenty commands in quick succession" many

mkdir -p "$tmp/tree/sub"
cp "$tmp/blob" "$tmp/tree/sub/a b"
ln -s sub "$tmp/tree/link"
truncate -s 20M "$tmp/tree/hole"
chmod 750 "$tmp/tree/sub"
ok "push a directory" status 0 a push "$tmp/tree" /root/in
ok "pull it" status 0 a pull /root/in "$tmp/back"
ok "it is the same" diff -r "$tmp/tree" "$tmp/back"
ok "with its modes" same "$(stat -c %a "$tmp/back/sub")" 750
ok "push a file under a new name" status 0 a push "$tmp/blob" /root/new/name
ok "push a file into a directory" status 0 a push "$tmp/blob" /root/new
ok "pull a file" status 0 a pull /root/new/name "$tmp/blob.back"
ok "it is the same file" cmp "$tmp/blob" "$tmp/blob.back"
ok "the other one is there" status 0 a run -- cmp /root/new/blob /root/new/name
ok "pull what is not there" status 1 a pull /root/nothing "$tmp/nothing"
ok "push what is not there" status 1 a push "$tmp/nothing" /root/

# dom0's clock is at most a few seconds off after a resume.
clock() {
	off=$(($(a run -- date +%s) - $(date +%s)))
	[ $off -ge -5 ] && [ $off -le 5 ] || { echo "# off by $off s"; return 1; }
}
ok "the clock is right" clock

# Our short cut before Xen's block script must refuse what that one refuses.
if [ "$state" = xen ]; then
	create() {
		a run --timeout 600 -- xl create -p "$@"
	}
	a run -- sh -c 'cd /etc/xen/guests; sed "/^name/s/pv1/other/" pv1.cfg \
		> /tmp/other.cfg; sed "s/pv1_xvda/xfs/" /tmp/other.cfg \
		> /tmp/mounted.cfg'
	ok "a guest is created" status 0 create /etc/xen/guests/pv1.cfg
	ok "its disk is not given to another" status 3 create /tmp/other.cfg
	ok "nor one that dom0 has mounted" status 3 create /tmp/mounted.cfg
	ok "no other guest is left" \
		status 1 a run -- sh -c 'xl list | grep -q other'
	a run -- xl destroy pv1
	ok "now it is" status 0 create /tmp/other.cfg
	ok "no lock is left" status 1 a run -- test -e /var/run/xen-hotplug/block
	a run -- xl destroy other
fi

ok "a second lab beside it" status 0 "$lab" start self-b --state "$state"
a run -- sh -c 'echo a > /root/who; sync'
ok "has its own disks" status 1 "$lab" -n self-b run -- cat /root/who
ok "and leaves the first alone" same "$(a run -- cat /root/who)" a

a run -- sh -c 'setsid sh -c "echo started > /tmp/memory; exec sleep 10000" \
	< /dev/null > /dev/null 2>&1 &'
ok "freeze" status 0 a freeze self_frozen
ok "the frozen lab goes on" same "$(a run -- cat /tmp/memory)" started
ok "a lab from it" status 0 "$lab" start self-c --state self_frozen
ok "has the memory" same "$("$lab" -n self-c run -- cat /tmp/memory)" started
ok "and the process" status 0 "$lab" -n self-c run -- pgrep -x sleep
ok "and the disk" same "$("$lab" -n self-c run -- cat /root/who)" a
ok "its clock is right, too" clock

a run -- sh -c 'echo kept > /root/synced; sync; echo lost > /root/unsynced'
ok "crash without boot" status 0 a crash --no-boot
ok "then it is gone" status 125 a run -- true
ok "list says so" sh -c "'$lab' list | grep -q '^self-a *crashed'"
ok "start boots it cold" status 0 a start
ok "with what was synced" same "$(a run -- cat /root/synced)" kept
ok "without its processes" status 1 a run -- pgrep -x sleep
ok "the volume group is back" status 0 a run -- vgs vg
ok "the file systems are mounted" status 0 a run -- mountpoint /srv/xfs

cat > "$tmp/derived" <<'EOF'
#!/bin/sh
# base: plain
echo "made with $1" > /root/derived
EOF
ok "a state of one's own, with an argument" \
	status 0 "$lab" start self-b --fresh --state "$tmp/derived:word"
ok "its script ran" \
	same "$("$lab" -n self-b run -- cat /root/derived)" "made with word"

echo 'echo failing; exit 3' > "$tmp/bad"
ok "a script that fails" status 1 "$lab" start self-c --fresh --state plain \
	--with "$tmp/bad"
ok "is said to" grep -q 'ended with 3' "$tmp/err"
ok "and leaves no lab" sh -c "! '$lab' list | grep -q '^self-c'"

# So does one that is killed, with its QEMU.
killed_state() {
	echo 'sleep 1000' > "$tmp/slow"
	"$lab" start self-c --state plain --with "$tmp/slow" 2> /dev/null &
	pid=$!
	n=0
	# shellcheck disable=SC2010 # names of links, not of files
	until ls -l /proc/[0-9]*/cwd 2> /dev/null | grep -q tmp/states,slow-; do
		sleep 0.2
		n=$((n + 1))
		[ $n -lt 1500 ] || return 1
	done
	kill -9 $pid
	wait $pid 2> /dev/null
	sleep 1
	# shellcheck disable=SC2010
	! ls -l /proc/[0-9]*/cwd 2> /dev/null | grep tmp/states,slow-
}
ok "a state's making is killed: no QEMU is left" killed_state
ok "nor a lab" sh -c "! '$lab' list | grep -q '^self-c'"

# A build that is killed leaves nothing that a later one would take for whole.
killed_build() {
	XENSNAP_LAB_CACHE="$tmp/cache"
	export XENSNAP_LAB_CACHE
	"$lab" build > /dev/null 2>&1 &
	pid=$!
	n=0
	until ls "$tmp"/cache/tmp/*/mmdebstrap.* > /dev/null 2>&1; do
		sleep 0.2
		n=$((n + 1))
		[ $n -lt 300 ] || return 1
	done
	kill -9 $pid
	wait $pid 2> /dev/null
	[ -z "$(ls "$tmp/cache/images" 2> /dev/null)" ] || return 1
	n=0
	while pgrep -f "$tmp/cache" > "$tmp/left"; do
		sleep 0.2
		n=$((n + 1))
		[ $n -lt 50 ] || { sed 's/^/# alive: /' "$tmp/left"; return 1; }
	done
	"$lab" clean 2> /dev/null
	[ -z "$(ls "$tmp/cache/tmp")" ]
}
ok "a killed build leaves nothing, not even processes" killed_build
unset XENSNAP_LAB_CACHE

ok "stop" status 0 a stop
ok "it is gone" sh -c "! '$lab' list | grep -q '^self-a'"

echo "1..$number"
exit $failed
