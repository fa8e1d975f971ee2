#!/bin/sh
# One compiler line over src/**/*.c builds the core, the public headers are C99 and C++ clean, and the
# result asks libc for string functions and nothing else.
set -eu
compiler=${1:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find src -name '*.c' -print0 | xargs -0 "$compiler" -std=c17 -O1 -Iinclude -Isrc -r -nostdlib -o "$work/core.o"
# bcmp is how clang writes memcmp(...) == 0; __popcount, __cpu_model and __cpu_features2 (of AVX-512's VNNI) are the compiler's own runtime.
wanted='^(mem(cpy|move|set|cmp|chr)|bcmp|str(len|cmp|ncmp|chr|cspn)|__popcount[sd]i2|__cpu_model|__cpu_features2|abort|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$'
asked=$(nm -u "$work/core.o" | awk '{print $2}' | grep -Ev "$wanted" || true)
if [ -n "$asked" ]; then
    echo "the core asks for more than libc's string functions: $asked"
    exit 1
fi
for header in include/baro/*.h; do
    printf '#include "%s"\n' "${header#include/}" >"$work/header.c"
    case $header in *loop.h | *run.h | *posix.h | *network.h | *explain.h | *drill.h) standard=gnu99 ;; *) standard=c99 ;; esac
    "$compiler" -std=$standard -Wall -Wextra -Werror -pedantic -Iinclude -fsyntax-only "$work/header.c"
    cp "$work/header.c" "$work/header.cpp"
    if command -v c++ >/dev/null; then c++ -std=c++11 -Wall -Wextra -Iinclude -fsyntax-only "$work/header.cpp"; fi
done
echo "$(find src -name '*.c' | wc -l) files, one line, libc alone"
