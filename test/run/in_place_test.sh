#!/bin/bash
# examples/in_place.c: a file through a connection, written in its buffer and read there or from a posted one, is the same file.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

head -c 3000001 /dev/urandom > "$folder/file"
for from in "$folder/file" "$BARO_SOURCE/CHANGELOG.md" /dev/null; do
    "$BARO_BUILD/example_in_place" < "$from" > "$folder/copy"
    cmp "$from" "$folder/copy"
    cat "$from" | "$BARO_BUILD/example_in_place" | cmp - "$from" # pieces as a pipe gives them
    "$BARO_BUILD/example_in_place" posted < "$from" | cmp - "$from"
done
