#!/bin/bash
# examples/broadcast.c: each of many connections gets each octet.
set -e
head -c 10000 /dev/urandom | "$BARO_BUILD/example_broadcast" 500 | grep -qx '500 connections got 5000000 octets'
"$BARO_BUILD/example_broadcast" 3 < /dev/null | grep -qx '3 connections got 0 octets'
if "$BARO_BUILD/example_broadcast" < /dev/null 2>/dev/null; then
    echo "it needs a number"
    exit 1
fi
