#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# doctor.sh - doctor on a host without Xen and LVM, or with: what is wrong with
# our own folder, leftovers, records, the clock; --mend; without root; the build
# without drivers.  What this very host is like is not known, so each finding is
# looked for by its id.
. "$(dirname "$0")/common.sh"

# look WORDS...: run it with --json; field() reads what came.
look() {
	xs doctor --json "$@"
	cp "$T/out" "$T/report"
}

# field ID FIELD [ABOUT]: of that finding; "" when there is none.
field() {
	python3 - "$T/report" "$@" << 'EOT'
import json, sys
report, id, field = sys.argv[1:4]
about = sys.argv[4] if len(sys.argv) > 4 else ""
for f in json.load(open(report))["findings"]:
    if f["id"] == id and f["about"] == about:
        print(str(f[field]))
EOT
}

# by_report: the exit status that fits what the report says.
by_report() {
	python3 - "$T/report" << 'EOT'
import json, sys
r = json.load(open(sys.argv[1]))
bad = any(f["level"] in ("warning", "error") and not f["mended"]
          for f in r["findings"])
print(1 if r["failed"] else 3 if bad else 0)
EOT
}

chmod 700 "$XENSNAP_ROOT"
look
is "$status" "$(by_report)" "the exit status is by what was found"
is "$err" "" "nothing else is said"
is "$(field folder-mode level)" ok "a folder that is closed to others"
is "$(field leftover level)" ok "nothing is left"
is "$(field snapshots level)" ok "no snapshots"
is "$(field room-folder level)$(field room-folder why)" ok "there is room"
base=$status
xs doctor
is "$status" "$base" "as text: the same exit status"
like "$out" '^host$' "as text: by areas"
like "$out" '^  ok       .* is closed to other users$' "as text: a line each"
like "$out" '^[0-9]+ errors?, [0-9]+ warnings?, [0-9]+ notes?$' "and the sum"
printable "$T/out"
ok $? "nothing in it that a terminal acts on"

# Our folder.
record web1 a
chmod 755 "$XENSNAP_ROOT" "$XENSNAP_ROOT/web1"
chmod 644 "$XENSNAP_ROOT/web1/a/memory.xl"
echo other > "$T/other"
chmod 644 "$T/other"
ln -s "$T/other" "$XENSNAP_ROOT/web1/a/link"
look
is "$status $(field folder-mode level)" "3 warning" "a folder that is open"
like "$(field folder-mode is)" 'other users can open 3$' "how much"
like "$(field folder-mode mend)" "^chmod -R go= $XENSNAP_ROOT\$" "the command"
look --mend --dry-run
like "$status $(field folder-mode did)" '^3 would be mended: chmod' "a dry run"
is "$(stat -c %a "$XENSNAP_ROOT")" 755 "which changes nothing"
look --mend
is "$status" "$(by_report)" "--mend: the exit status"
is "$(field folder-mode mended)" True "--mend: mended"
like "$(field folder-mode did)" 'closed to other users: 3 of' "--mend: what was done"
is "$(stat -c %a "$XENSNAP_ROOT" "$XENSNAP_ROOT/web1" \
	"$XENSNAP_ROOT/web1/a/memory.xl" | tr '\n' ' ')" "700 700 600 " \
	"--mend: they are closed"
is "$(stat -c %a "$T/other")" 644 "--mend: a link was not followed"
look --mend
is "$(field folder-mode level)$(field folder-mode mended)" okFalse \
	"a second --mend finds nothing"
rm "$XENSNAP_ROOT/web1/a/link"

# The clock.
is "$(field clock-behind level web1@a)" "" "a snapshot of before now"
sed -i 's/"created": "[0-9]*/"created": "2199/' \
	"$XENSNAP_ROOT/web1/a/snapshot.json"
look
is "$status $(field clock-behind level web1@a)" "3 warning" \
	"a snapshot of after now"
like "$(field clock-behind is web1@a)" '2199-' "when it was made"
like "$(field clock-behind mend web1@a)" 'set-ntp|chrony' "the command"
sed -i 's/"created": "2199/"created": "2020/' \
	"$XENSNAP_ROOT/web1/a/snapshot.json"

# What dead processes left.
mv "$XENSNAP_ROOT/web1/a" "$XENSNAP_ROOT/web1/.a.deleting"
mkdir -m 700 "$XENSNAP_ROOT/web1/.b.deleting"
look
is "$status $(field leftover level web1@a)" "3 warning" "half a deletion"
is "$(field leftover mend web1@a)" "xensnap recover" "the command"
[ -d "$XENSNAP_ROOT/web1/.a.deleting" ]
ok $? "it is not touched"
look --mend
is "$(field leftover mended web1@a)$(field leftover mended web1@b)" TrueTrue \
	"--mend mends both"
like "$(field leftover did web1@a)" 'finished: it was being deleted' "as it says"
[ ! -e "$XENSNAP_ROOT/web1/.a.deleting" ]
ok $? "it is gone"
look --mend
is "$(field leftover level)" ok "a second --mend finds nothing"

# A record that is broken, and a view that is gone.
record bad b
echo '{' > "$XENSNAP_ROOT/bad/b/snapshot.json"
record web1 c '{ "vdev": "xvda", "driver": "reflink", "format": "raw",
  "source": "'"$T"'/disk", "view": "'"$T"'/disk.xs-c", "source_uuid": "1",
  "view_uuid": "2", "generation": "11111111-2222-4333-8444-555555555555",
  "bytes": 4096, "cow_bytes": 0, "io_stall_ms": 0 }'
chmod -R go= "$XENSNAP_ROOT"
look
is "$status $(field record level bad@b)" "3 error" "a record that is broken"
is "$(field view-lost level 'web1@c xvda')" warning "a view that is gone"
is "$(field view-lost mend 'web1@c xvda')" "xensnap delete web1@c" "the command"
look --mend
is "$(field record level bad@b)$(field record mended bad@b)" errorFalse \
	"which --mend leaves alone"
rm -rf "$XENSNAP_ROOT/bad" "$XENSNAP_ROOT/web1"

# A folder that is none.
XENSNAP_ROOT=$T/other
look
is "$status $(field folder level)" "3 error" "a file in place of our folder"
XENSNAP_ROOT=$T/not/there/yet
look
is "$(field folder level)$(field room-folder level)" okok "no folder yet"
[ ! -e "$T/not" ]
ok $? "which is not made"
XENSNAP_ROOT=$T/root

# Words.
xs doctor web1
is "$status" 2 "it takes no argument"

# The build without drivers.
: "${XENSNAP_BARE:?names no program}"
was=$XENSNAP_BIN
XENSNAP_BIN=$XENSNAP_BARE
look
is "$status" "$(by_report)" "without drivers: the exit status"
is "$(field xen level) $(field lvm level)" "note note" "without drivers: notes"
like "$(field xen is)" 'built without Xen' "without drivers: Xen"
like "$(field lvm is)" 'built without LVM' "without drivers: LVM"
is "$(field snapshots level)" ok "without drivers: the rest is looked at"
chmod 755 "$XENSNAP_ROOT"
look --mend
is "$(field folder-mode mended)" True "without drivers: --mend"
XENSNAP_BIN=$was

# Not root.
if [ "$(id -u)" -eq 0 ]; then
	mkdir "$T/bin"
	cp "$XENSNAP_BIN" "$T/bin/xensnap"
	chmod 755 "$T" "$T/bin" "$T/bin/xensnap"
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$T/bin/xensnap" doctor --json > "$T/report" 2> "$T/err"
	is $? 3 "without root: status 3"
	is "$(cat "$T/err")" "" "without root: nothing else is said"
	is "$(field root level)" warning "without root: said so"
	is "$(field root mend)" "sudo xensnap doctor" "without root: the command"
	is "$(field leftover level)$(field snapshots level)" "" \
		"without root: nothing is said of what was not looked at"
	is "$(field room-folder level)" ok "without root: what can be looked at"
else
	skip "without root" "root only can become nobody"
fi
tap_done
