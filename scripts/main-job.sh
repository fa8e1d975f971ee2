#!/bin/sh
# The main job on an embedded default: python3's web server on one host, curl on another, a wire between them whose
# frames are electric signals (100BASE-TX). Prints the journey of the connection's first packets, curl's result and
# one line of counters. Fifteen frames are told: nine up to the request, and before or among them what a host says while its
# link-local address comes up, at moments of its own.
set -eu
baro=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/site"
i=0
while [ $i -lt 4000 ]; do
    echo "$i: a packet arrives at a server as an electric signal, and what the program sees is a socket."
    i=$((i + 1))
done >"$work/site/page.txt"

"$baro" lan --wire 100base-tx --journey="${FRAMES:-15}" --journey-of server --journey-to - --stats \
    --host server=10.7.0.1/24 python3 -m http.server --directory "$work/site" 8000 \
    --host client=10.7.0.2/24 curl --silent --show-error --output "$work/page.txt" \
    --write-out 'curl: HTTP %{http_code}, %{size_download} bytes in %{time_total} s\n' \
    http://10.7.0.1:8000/page.txt

cmp "$work/site/page.txt" "$work/page.txt"
echo "the page came through whole: $(wc -c <"$work/page.txt") bytes, the same as the file the server read"
