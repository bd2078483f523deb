#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every key of the configuration, with its default, stands in the manual docs/outrider.conf.5 and in
# the sample etc/outrider.ini, and these have no key that the server does not know. Needs the program
# print_keys, in the build folder or where PRINT_KEYS says; without it the test is skipped.
set -eu
LC_ALL=C
export LC_ALL
build=${top_builddir:-.}
cd "${top_srcdir:-$(dirname "$0")/../..}"
case ${PRINT_KEYS:=$build/print_keys} in
/*) ;;
*) PRINT_KEYS=$OLDPWD/$PRINT_KEYS ;;
esac
[ -x "$PRINT_KEYS" ] || {
	echo "$PRINT_KEYS is not there" >&2
	exit 77
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tab=$(printf '\t')
"$PRINT_KEYS" | cut -f 1,2,4 | sort >"$work/table"
[ -s "$work/table" ] || {
	echo "$PRINT_KEYS lists no keys"
	exit 1
}

# The manual: `.Ss [section]`, `.It Cm key No = ...`, then `Default:` and `.Cm value .`, or `Required.`
awk '
function done() {
	if (key != "")
		print section "\t" key "\t" value
	key = ""
}
/^\.S[sh] / {
	done()
	section = ""
	if (match($0, /\[[a-z]+/))
		section = substr($0, RSTART + 1, RLENGTH - 1)
}
/^\.It / { done() }
section != "" && /^\.It (Cm|Ar) [A-Za-z_]+ No = / {
	key = $3
	value = "none"
	item = FNR
}
key != "" && FNR == item + 1 && $0 == "Required." { value = "required" }
key != "" && FNR == item + 1 && $0 == "Default:" { said = FNR }
key != "" && FNR == item + 2 && said == item + 1 && /^\.Cm .* \.$/ {
	value = substr($0, 5, length($0) - 6)
}
END { done() }' docs/outrider.conf.5 | sort >"$work/manual"

# The sample: `[section]` and `key = value ; comment`, any of them behind a `;`.
awk '
/^;?\[[a-z]+/ {
	match($0, /[a-z]+/)
	section = substr($0, RSTART, RLENGTH)
}
/^;?[A-Za-z_]+ = / {
	sub(/^;/, "")
	key = $1
	sub(/^[^=]*= */, "")
	sub(/[ \t]+;.*/, "")
	print (section == "" ? "server" : section) "\t" key "\t" $0
}' etc/outrider.ini | sort >"$work/sample"

bad=0

# complain FILE WHAT: says WHAT of each line of standard input.
complain() {
	while IFS=$tab read -r section key value; do
		echo "$1: [$section] $key${value:+ = $value}: $2"
		bad=1
	done
}

cut -f 1,2 "$work/table" >"$work/names"
for file in manual sample; do
	cut -f 1,2 "$work/$file" | uniq >"$work/$file.names"
done

comm -23 "$work/names" "$work/manual.names" >"$work/missing"
comm -13 "$work/names" "$work/manual.names" >"$work/unknown"
complain docs/outrider.conf.5 'missing' <"$work/missing"
complain docs/outrider.conf.5 'no such key' <"$work/unknown"
comm -23 "$work/table" "$work/manual" >"$work/default"
[ -s "$work/missing" ] || complain docs/outrider.conf.5 'the default is not told so' <"$work/default"

comm -23 "$work/names" "$work/sample.names" >"$work/missing"
comm -13 "$work/names" "$work/sample.names" >"$work/unknown"
complain etc/outrider.ini 'missing' <"$work/missing"
complain etc/outrider.ini 'no such key' <"$work/unknown"
grep -v "$tab\\(none\\|required\\)\$" "$work/table" | comm -23 - "$work/sample" >"$work/default"
[ -s "$work/missing" ] || complain etc/outrider.ini 'the default is not shown so' <"$work/default"

exit $bad
