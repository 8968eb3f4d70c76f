#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# docs.sh - the manual page, --help and the completions tell of every option,
# and of no other.  The list to compare with is what the parser itself knows.
. "$(dirname "$0")/common.sh"
: "${XENSNAP_BUILD:?names no build}"
man=$XENSNAP_BUILD/man

# The options in a text, sorted.
options_in() {
	grep -oE -- '--[a-z][a-z-]*' | sort -u
}

xs --generate options
is "$status" 0 "the options can be listed"
cp "$T/out" "$T/options"
verbs=$(awk '$1 != "-" { print $1 }' "$T/options" | uniq)
like "$(echo "$verbs" | tr '\n' ' ')" \
	'^create list show diff delete revert clone export import status recover watch doctor init backup backups restore prune verify key help $' "the verbs"

# known VERB: its options by the list.
known() {
	awk -v v="$1" '$1 == v { print $2 }' "$T/options" | sort -u
}

# --help: width, options, and that the parser takes them.
for verb in $verbs; do
	xs "$verb" --help
	is "$status" 0 "$verb --help is status 0"
	is "$err" "" "$verb --help says nothing else"
	narrow "$T/out"
	ok $? "$verb --help fits into 80 columns"
	is "$(sed '/^Examples:/,$d' "$T/out" | options_in)" "$(known "$verb")" \
		"$verb --help tells of each option and no other"
	sed -n 's/^  xensnap //p' "$T/out" > "$T/examples"
	[ -s "$T/examples" ]
	ok $? "$verb --help has examples"
	while read -r line; do
		for word in $line; do
			case $word in
			"|") break ;;
			--*) known "$verb" | grep -qxF -- "${word%%=*}" ||
				echo "$word" ;;
			esac
		done
	done < "$T/examples" > "$T/strange"
	is "$(cat "$T/strange")" "" "$verb: the examples use its options"
	xs help "$verb"
	"$XENSNAP_BIN" "$verb" --help | cmp -s - "$T/out"
	ok $? "help $verb is the same as $verb --help"
done
xs --help
is "$status" 0 "--help is status 0"
narrow "$T/out"
ok $? "--help fits into 80 columns"
is "$(options_in < "$T/out" | grep -v '^--help$')" \
	"$(known - | grep -v '^--help$')" "--help tells of its options"
for verb in $verbs; do
	like "$out" "^  $verb " "--help tells of $verb"
done
xs --version
like "$out" '^xensnap [0-9]+\.[0-9]+\.[0-9]+$' "--version"

# The manual page.
mandoc -T lint -W warning "$man/xensnap.1" > "$T/lint" 2>&1
is "$(cat "$T/lint")" "" "the manual page has no faults"
mandoc -T ascii "$man/xensnap.1" | sed 's/.\x08//g' > "$T/page"
grep -q '@[A-Z]*@' "$man/xensnap.1"
ok $((! $?)) "nothing is left to be filled in"

# section TITLE: the text below a heading of the page, down to the next one.
section() {
	awk -v t="$1" '/^ ? ? ?[^ ]/ { on = ($0 ~ "^ *" t) } on' "$T/page"
}

everywhere=$(section "With every verb" | options_in)
is "$everywhere" "$(printf '%s\n' --help --quiet --verbose)" \
	"the page tells what every verb takes"
for verb in $verbs; do
	is "$({ section "xensnap $verb" | sed '/Examples:/,$d' | options_in
		echo "$everywhere"; } | sort -u)" "$(known "$verb")" \
		"the page tells of each option of $verb and no other"
done
is "$(section "Without a verb" | options_in)" "$(known -)" \
	"the page tells of the options without a verb"

# bash
bash -n "$man/xensnap"
ok $? "bash reads its completion"
cat > "$T/complete" << 'EOT'
. "$1"
compopt() { :; }
xensnap() { [ "$*" = "list --names" ] && printf '%s\n' web1@a web1@b db@x; }
COMP_LINE=$2 COMP_POINT=${#2} COMPREPLY=()
_xensnap
printf '%s\n' "${COMPREPLY[@]}"
EOT

# complete TEXT: what bash offers after it, on one line.
complete() {
	bash "$T/complete" "$man/xensnap" "$1" | tr '\n' ' '
}

for verb in $verbs; do
	is "$(complete "xensnap $verb --" | tr ' ' '\n' | sed 's/=$//' |
		grep . | sort)" "$(known "$verb")" \
		"bash offers each option of $verb and no other"
done
is "$(complete "xensnap cr")" "create " "bash completes a verb"
is "$(complete "xensnap show ")" "web1@a web1@b db@x " "bash offers snapshots"
is "$(complete "xensnap show web1@")" "a b " "bash completes behind the @"
is "$(complete "xensnap export --format=q")" "qcow2 " "bash completes a choice"
is "$(complete "xensnap export --format ")" "raw qcow2 " "bash offers a choice"
is "$(complete "xensnap create --cow-size ")" " " "bash cannot guess a size"

# zsh
is "$(awk '/^create\)$/, /;;/' "$man/_xensnap" | options_in | wc -l)" \
	"$(known create | wc -l)" "zsh knows create's options"
for verb in $verbs; do
	is "$(awk -v v="$verb)" '$0 == v { on = 1 } on; /;;/ { on = 0 }' \
		"$man/_xensnap" | sed 's/\[.*\]//' | options_in)" \
		"$(known "$verb")" "zsh has each option of $verb and no other"
done
if command -v zsh > /dev/null; then
	zsh -n "$man/_xensnap"
	ok $? "zsh reads its completion"
else
	skip "zsh reads its completion" "no zsh here"
fi
tap_done
