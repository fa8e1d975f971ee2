#!/bin/sh
# Runs every test of a build directory and closes with the plain line `N passed, N failed, N skipped`.
# Each test that was skipped is named with its reason, each that failed with its output.
set -u
build=$1
shift
log=$build/test.log

ctest --test-dir "$build" -j2 --output-junit "$PWD/$build/test.xml" "$@" >"$log" 2>&1
exec python3 scripts/test_summary.py "$build/test.xml" "$log"
