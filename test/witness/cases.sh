# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The cases; sourced by run.sh.

good="verdict=one-instant since=resume lost=0 future=0 torn=0 pattern=ok"
good="$good fs=clean io=ok disks=4"
CLEAN="fs=clean io=ok since=resume"

start load rate=400 load=1 load_rate=300 files=20

# --- what is right must be found right ------------------------------------

for i in 1 2 3 4 5; do
	snapshot load good$i
	[ $i -ne 1 ] || first=$n
	restore good$i
	ok "good copy $i ($pending in flight): one instant" has $good
	ok "good copy $i: exit status" [ $status -eq 0 ]
	ok "good copy $i: counts on from the instant" \
		between "$n" "$(field n)" $((n + 1))
done
wait_lines 2 'WITNESS beat' "$T/good1/log"
ok "the restored one goes on writing" [ "$(field n)" -gt $((first + 100)) ]

suspends=0
freeze good1 second
copy good1 second
resume good1
advance good1 50
restore second
ok "a snapshot of what was restored: one instant" has $good

log=$T/load/log
seen=$(wc -c <"$log")
echo check >"$T/load/in"
line=$("$src/witness-verdict" --wait 20 --after "$seen" --since asked "$log")
ok "asked on the console: one instant" has verdict=one-instant
ok "after many resumes the original is whole" has lost=0 future=0 torn=0
suspends=$(grep -c 'WITNESS suspended' "$log")

seen=$(wc -c <"$log")
kill -STOP "$pid"
sleep 0.4
kill -CONT "$pid"
line=$("$src/witness-verdict" --wait 20 --after "$seen" --since resume "$log")
ok "stopped for 0.4 s: noticed, one instant" has verdict=one-instant
ok "stopped for 0.4 s: the gap is told" between 390 "$(field gap_ms)" 3000
sleep 1
ok "one resume, one verdict" [ "$(tail -c +$((seen + 1)) "$log" |
	grep -c since=resume)" -eq 1 ]

# --- damaged disks, under load ----------------------------------------------

mkdir "$T/before"
copy_now load before
advance load 200

freeze load late
resume load
advance load 120
copy_now load late
restore late
ok "all disks copied after going on: BROKEN" has verdict=BROKEN $CLEAN
ok "all disks copied after going on: exit status" [ $status -eq 1 ]
ok "all disks copied after going on: future" [ "$(field future)" -gt 20 ]
ok "all disks copied after going on: nothing else" has torn=0 pattern=ok
# A small file that was removed after the instant looks like one that is lost.
ok "all disks copied after going on: as good as nothing lost" \
	between 0 "$(field lost)" 8

freeze load one
copy load one a b d
resume load
advance load 120
copy_now load one c
restore one
ok "one disk copied later: BROKEN" has verdict=BROKEN lost=0 torn=0 $CLEAN
ok "one disk copied later: future" [ "$(field future)" -gt 5 ]
ok "one disk copied later: that disk is named" \
	[ "$(grep 'kind=future' "$log" | grep -vc ' disk=2 ')" -eq 0 ]

freeze load fsone
copy load fsone b c d
resume load
advance load 120
copy_now load fsone a
restore fsone
ok "the file system copied later: BROKEN" has verdict=BROKEN torn=0
ok "the file system copied later: future" [ "$(field future)" -gt 5 ]

snapshot load early
copy before early b
restore early
ok "one disk copied earlier: BROKEN" has verdict=BROKEN future=0 torn=0
ok "one disk copied earlier: lost" [ "$(field lost)" -gt 5 ]

for back in 0 1 2 3 9; do
	snapshot load lost$back
	place $((n - back))
	block "$T/before/$disk" $slot "$T/lost$back/$disk" $slot
	restore lost$back
	ok "write $back before the last one lost: lost=1" \
		has verdict=BROKEN lost=1 future=0 torn=0 pattern=ok $CLEAN
done

# The load's record 40 before the last one on that disk: not in flight.
snapshot load lostload
number=$(dd if="$T/lostload/d" bs=4096 skip=512 count=256 status=none |
	od -An -v -tu8 -w4096 | awk '$3 > n { n = $3 } END { print n - 40 }')
slot=$((512 + number % 256))
block "$T/before/d" $slot "$T/lostload/d" $slot
restore lostload
ok "a write of the load lost: lost=1" \
	has verdict=BROKEN lost=1 future=0 torn=0 pattern=ok $CLEAN

snapshot load torn
place $((n - 1))
flip "$T/torn/$disk" $((slot * 4096 + 3000))
restore torn
ok "one byte of a record flipped: torn=1" \
	has verdict=BROKEN lost=0 future=0 torn=1 pattern=ok $CLEAN

snapshot load zero
place $((n - 2))
block /dev/zero 0 "$T/zero/$disk" $slot
restore zero
ok "a record zeroed: torn=1" \
	has verdict=BROKEN lost=0 future=0 torn=1 pattern=ok $CLEAN

snapshot load astray
place $((n - 4))
block "$T/astray/$disk" $slot "$T/astray/$disk" $((slot - 1))
restore astray
ok "a record in a wrong slot: torn=1" \
	has verdict=BROKEN lost=0 future=0 torn=1 pattern=ok $CLEAN

snapshot load file
set -- "$T"/file/a/small/f?
rm "$1"
flip "$2" 100
restore file
ok "a small file lost, another damaged: lost=1 torn=1" \
	has verdict=BROKEN lost=1 future=0 torn=1 pattern=ok $CLEAN

# --- damaged memory ---------------------------------------------------------

snapshot load poke
restore poke "17 2048"
ok "one byte of the pattern flipped: pattern=bad1" \
	has verdict=BROKEN lost=0 future=0 torn=0 pattern=bad1 $CLEAN

snapshot load outside
line=$("$src/witness-flip" --pid "$child" --page 1000 --offset 4095)
ok "the pattern is found in memory from outside, whole" \
	has pages=1024 page=1000
restore outside
ok "one byte flipped from outside: pattern=bad1" \
	has verdict=BROKEN lost=0 future=0 torn=0 pattern=bad1 $CLEAN
ok "the page is named" grep -q 'kind=pattern page=1000 offset=4088' "$log"

seen=$(wc -c <"$log")
echo check >"$T/outside/in"
line=$("$src/witness-verdict" --wait 20 --after "$seen" --since asked "$log")
ok "what was found broken stays so" has verdict=BROKEN pattern=bad1

# --- the count of what is from the future, exactly ---------------------------

# Without load at most one record is in flight, so it can be told: the disks
# of a second instant under the memory of the first.
kill "$pid"
wait "$pid"
# Of another guest, with nothing but blanks: numbers alone do not tell it.
start other rate=1 files=0
kill "$pid"
wait "$pid"
start plain rate=1000 files=0
advance plain 200
freeze plain exact
first=$n
first_pending=$pending
resume plain
advance plain 200
freeze plain later
copy plain exact
resume plain
log=$T/exact/log
restore exact
ok "future is exactly what came after" has verdict=BROKEN lost=0 torn=0
ok "future is exactly what came after: $first+$first_pending to $n+$pending" \
	between $((n - first - first_pending)) "$(field future)" \
	$((n + pending - first - first_pending))

snapshot plain foreign
copy other foreign d
restore foreign
ok "a disk of another guest: BROKEN" has verdict=BROKEN lost=0 torn=0 $CLEAN
# All its 512 records, but one may have been in flight and written again.
ok "a disk of another guest: every record" between 511 "$(field future)" 512

# The record in flight did not get to the disk: it is issued again.
mkdir "$T/past"
copy plain past
advance plain 50
for try in $(seq 30); do
	freeze plain flight$try
	copy plain flight$try
	resume plain
	[ "$pending" -eq 0 ] || break
	sleep 0.02
done
place $((n + 1))
block "$T/past/$disk" "$slot" "$T/flight$try/$disk" "$slot"
restore flight$try
ok "a record in flight that was not written: one instant ($pending)" has $good
ok "a record in flight: counts on with it" [ "$(field n)" -eq $((n + 1)) ]

# --- what an earlier boot has left --------------------------------------------

mkdir "$T/hole"
snapshot plain cut
copy cut hole
place $((n - 6))
block "$T/past/$disk" $slot "$T/hole/$disk" $slot
mkdir "$T/stale"
copy cut stale
advance plain 200
copy plain stale c
for way in cut hole stale; do
	"$WITNESS" disks="$(list $way)" pattern_mib=1 \
		</dev/null >"$T/$way.log" &
	pids="$pids $!"
done
log=
wait_lines 1 'WITNESS found' "$T/cut.log"
ok "cold start on good copies: a prefix" has prefix missing=0 torn=0
ok "cold start: up to the instant" between "$n" "$(field n)" $((n + 1))
wait_lines 1 'WITNESS found' "$T/hole.log"
ok "cold start with a record missing" has BROKEN missing=1 foreign=0 torn=0
wait_lines 1 'WITNESS found' "$T/stale.log"
ok "cold start with one disk later" has BROKEN foreign=0 torn=0
ok "cold start with one disk later: missing" [ "$(field missing)" -gt 20 ]

# --- the lines and the tools -------------------------------------------------

line=
ok "no verdict is longer than 200 characters" \
	[ "$(cat "$T"/*/log | grep verdict= | awk '{ print length }' |
	sort -n | tail -1)" -lt 200 ]
"$WITNESS" disks=/nowhere rate=abc >"$T/bad.log"
ok "a bad option ends it" [ $? -eq 2 ]
ok "a bad option is named" grep -q 'WITNESS fatal why=option rate=abc' \
	"$T/bad.log"
"$src/witness-verdict" "$T/bad.log" 2>"$T/err"
ok "no verdict: exit status 2" [ $? -eq 2 ]
ok "no verdict: the reason is told" grep -q 'rate=abc' "$T/err"
printf 'WITNESS verdict=one-instant n=1 since=timer dom=-\r\nWITNESS verd' \
	>"$T/half.log"
"$src/witness-verdict" "$T/half.log" >"$T/out"
ok "half a line is no verdict" [ $? -eq 0 ]
"$src/witness-verdict" --since resume "$T/half.log" 2>"$T/err"
ok "no verdict for that reason: exit status 2" [ $? -eq 2 ]
"$src/witness-verdict" --nonsense 2>"$T/err"
ok "witness-verdict: usage" [ $? -eq 64 ]
