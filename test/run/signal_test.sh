#!/bin/bash
# `baro signal`: the table has no frame delivered wrong and none lost on a quiet line, the same seed gives
# the same table, the picture is well formed, and each mistake is told in one line with exit code 2.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

"$BARO" signal --frames 20 --seed 7 --svg "$folder/both.svg" > "$folder/table" || fail "exit code $? of the table"
"$BARO" signal --frames 20 --seed 7 > "$folder/again" || fail "exit code $? the second time"
cmp "$folder/table" "$folder/again" || fail "equal seeds, other tables"
"$BARO" signal --frames 20 --seed 8 | cmp -s "$folder/table" - && fail "other seeds, equal tables"
grep -q '^10BASE-T: 20 frames' "$folder/table" || fail "no table of 10BASE-T"
grep -q '^100BASE-TX: 20 frames' "$folder/table" || fail "no table of 100BASE-TX"

# Columns: noise, of peak, delivered, six reasons, wrong, loss. They add up, and wrong is 0.
awk '$1 ~ /^[0-9]+$/ { lines++; sum = $3; for (i = 4; i <= 10; i++) sum += $i
       if (sum != 20 || $10 != 0 || ($1 == 0 && $3 != 20)) bad = 1
       if ($3 == 0) hopeless++ }
     END { exit bad || lines != 22 || hopeless < 2 }' "$folder/table" || { cat "$folder/table"; fail "the table does not add up"; }

python3 - "$folder/both.svg" <<'END' || fail "the picture"
import sys, xml.dom.minidom
picture = xml.dom.minidom.parse(sys.argv[1])
traces = picture.getElementsByTagName("polyline")
texts = [t.firstChild.data for t in picture.getElementsByTagName("text")]
assert len(traces) == 4, len(traces)
assert all(len(t.getAttribute("points").split()) > 500 for t in traces)
for name in "/J/", "/K/", "SFD D", "SFD D5", "octet 52", "preamble 55":
    assert name in texts, name
END
"$BARO" signal --code 10 --frames 1 | grep -q 100BASE && fail "--code 10 prints 100BASE-TX"
"$BARO" signal --code 100 --frames 1 | grep -q 10BASE-T && fail "--code 100 prints 10BASE-T"
"$BARO" signal --help | grep -q -- --svg || fail "no help"

mistake() {
    "$BARO" signal "$@" > "$folder/out" 2> "$folder/err"
    [ $? = 2 ] || fail "exit code of: $*"
    [ "$(wc -l < "$folder/err")" = 1 ] || fail "not one line for: $*"
    [ ! -s "$folder/out" ] || fail "a table in spite of: $*"
}
mistake --code 1000
mistake --frames 0
mistake --frames ten
mistake --frames -1
mistake --seed 99999999999999999999
mistake --svg
mistake --svg /nonexistent/folder/picture.svg
mistake --noise 3
mistake picture.svg
echo "baro signal: table, picture and mistakes as they should be"
