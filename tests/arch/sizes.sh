#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Sizes and marks: functions up to 80 lines (120 when the line above carries the mark for a flat
# switch or table), files up to 800, lines up to 100 columns, the licence line at the beginning.
set -eu
LC_ALL=C
export LC_ALL
cd "${top_srcdir:-$(dirname "$0")/../..}"

sources=$(find server gateway tests etc -name '*.[ch]' | sort)
scripts=$(find tests etc .ci autogen.sh -type f \
	\( -name '*.sh' -o -name '*.py' -o -name '*.pl' -o -name '*.php' -o -name run \
	-o -name '*.mk' -o -name '*.ini*' \) | sort)
bad=0

# shellcheck disable=SC2086 # names in this tree hold no blanks
awk '
function fault(line, why) {
	printf "%s:%d: %s\n", FILENAME, line, why
	bad = 1
}

# Columns as they show: tabs reach to the next multiple of eight, octets of UTF-8 that continue a
# character take no room.
function columns(s,    i, n, c) {
	if (s !~ /[\t\200-\377]/)
		return length(s)
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "\t")
			n += 8 - n % 8
		else if (c < "\200" || c > "\277")
			n++
	}
	return n
}

FNR == 1 {
	start = 0
	above = ""
	if ($0 != "/* SPDX-License-Identifier: MIT */")
		fault(1, "the first line must be /* SPDX-License-Identifier: MIT */")
}
columns($0) > 100 { fault(FNR, "line over 100 columns") }
FNR == 801 { fault(801, "file over 800 lines") }

# A function begins with { in the first column and ends with } there. The mark stands above its
# first line, which may be a few lines up when the parameters need more than one.
/^\{/ { start = FNR; limit = marked ? 120 : 80; marked = 0 }
/^\}/ {
	if (start && FNR - start + 1 > limit)
		fault(start, "function of " FNR - start + 1 " lines, allowed are " limit)
	start = 0
	marked = 0
}
/\/\* table \*\// { marked = 1 }
END { exit bad }' $sources /dev/null || bad=1

for file in $scripts; do
	if ! head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT'; then
		echo "$file:1: no SPDX line among the first three"
		bad=1
	fi
done
exit $bad
