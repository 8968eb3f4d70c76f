# SPDX-License-Identifier: LGPL-2.1-or-later
# tap.sh - sourced by tests in shell: cases, counted, as TAP.

tap_n=0
tap_failed=0

# ok STATUS WHAT: a case that passed if STATUS is 0.
ok() {
	tap_n=$((tap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_n - $2"
	else
		echo "not ok $tap_n - $2"
		tap_failed=$((tap_failed + 1))
	fi
}

# is HAVE WANT WHAT: a case that passed if the two are the same.
is() {
	if [ "$1" = "$2" ]; then
		ok 0 "$3"
	else
		ok 1 "$3"
		printf '%s\n' "$1" | sed 's/^/#   have: /'
		printf '%s\n' "$2" | sed 's/^/#   want: /'
	fi
}

# like TEXT PATTERN WHAT: a case that passed if grep -E finds it.
like() {
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		ok 0 "$3"
	else
		ok 1 "$3"
		printf '%s\n' "$1" | sed 's/^/#   have: /'
		echo "#   want: $2"
	fi
}

# skip WHAT WHY: a case that cannot be tried here.
skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# The end of every test.
tap_done() {
	echo "1..$tap_n"
	[ "$tap_failed" -eq 0 ]
	exit
}
