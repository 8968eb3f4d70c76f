#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# start.sh - surroundings that a careless or hostile caller may leave us in.
. "$(dirname "$0")/common.sh"
record web1 a

# Closed descriptors: nothing of ours is opened in their place.
for fd in 0 1 2; do
	eval "\"\$XENSNAP_BIN\" list $fd>&- > '$T/x' 2> '$T/y' $fd>&-"
	is $? 0 "descriptor $fd is closed"
done
# All three; what is written goes nowhere, above all into no file of ours.
sums=$(find "$XENSNAP_ROOT" -type f -exec sha256sum {} + | sort)
"$XENSNAP_BIN" show web1@none 0>&- 1>&- 2>&-
is $? 1 "all three are closed"
"$XENSNAP_BIN" recover 0>&- 1>&- 2>&-
is $? 0 "all three are closed, and files are looked at"
is "$(find "$XENSNAP_ROOT" -type f ! -name .lock -exec sha256sum {} + | sort)" \
	"$sums" "no file was written into"

# A result that cannot be told is an error, not a success.
"$XENSNAP_BIN" list > /dev/full 2> "$T/err"
is $? 1 "stdout is full: status 1"
like "$(cat "$T/err")" '^xensnap: list: write the result: No space left' \
	"stdout is full: it is said"
"$XENSNAP_BIN" --help > /dev/full 2> "$T/err"
is $? 1 "--help to a full stdout: status 1"

# A reader that goes away: an error, not a death by SIGPIPE.
i=0
while [ $i -lt 300 ]; do
	mkdir "$XENSNAP_ROOT/web1/s$i"
	i=$((i + 1))
done
{
	"$XENSNAP_BIN" list 2> "$T/err"
	echo $? > "$T/status"
} | :
is "$(cat "$T/status")" 1 "nobody reads stdout: status 1"
like "$(cat "$T/err")" 'Broken pipe' "nobody reads stdout: it is said"
rm -rf "$XENSNAP_ROOT"/web1/s*

# Signals that were ignored or blocked before.
(
	trap '' CHLD PIPE TERM
	exec "$XENSNAP_BIN" list
) > "$T/out" 2> "$T/err"
is $? 0 "signals were ignored"

# An environment that is empty, or not.
env -i "$XENSNAP_BIN" --version > "$T/out"
is $? 0 "an empty environment"
env LIBXL_SAVE_HELPER=/bin/false PATH=/nowhere "$XENSNAP_BIN" list > "$T/out"
is $? 0 "an environment that leads astray"

# No arguments at all, not even a name.
bash -c 'exec -a "" "$0"' "$XENSNAP_BIN" 2> "$T/err"
is $? 2 "no name"

# Folders that we make are nobody else's, whatever the umask.
(
	umask 0
	"$XENSNAP_BIN" recover new > "$T/out" 2> "$T/err"
)
is $? 0 "recover of a domain that has nothing"
is "$(find "$XENSNAP_ROOT" -newer "$T/status" \( -perm /077 \) ! -type l)" "" \
	"what was made is private"
tap_done
