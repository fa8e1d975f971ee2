#!/bin/sh
# The installed package as its user meets it: every example is built by pkg-config's words alone, one project by find_package, and
# a program whose own functions have the names of ours inside is linked with it and runs.
#
#   install_test.sh BUILD COMPILER
set -eu
build=$1 compiler=$2
source=$(pwd)
for tool in pkg-config nm objcopy; do
    command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
mv "$work/first" "$work/moved"    # an installed tree may be moved
set -- "$work"/moved/lib*/pkgconfig "$work"/moved/lib/*/pkgconfig
for folder; do
    [ ! -d "$folder" ] || PKG_CONFIG_PATH=$folder
done
export PKG_CONFIG_PATH
lib=${PKG_CONFIG_PATH%/pkgconfig}

fail() { echo "$*"; exit 1; }

# What an archive defines for others begins with baro_.
for archive in "$lib"/libbaro*.a; do
    strange=$(nm -g --defined-only "$archive" 2>/dev/null | awk 'NF == 3 && $3 !~ /^baro_/ { print $3 }')
    [ -z "$strange" ] || fail "$archive defines $strange"
done

# Examples, each with the libraries whose headers it reads.
packages_of() {
    echo baro
    ! grep -q '"baro/clock\.h"' "$1" || echo baro-posix
    for package in posix network explain drill; do
        ! grep -q "\"baro/$package\\.h\"" "$1" || echo "baro-$package"
    done
    ! grep -qE '"baro/(dhcp|mdns|dns|iperf)[a-z0-9_]*\.h"' "$1" || echo baro-service
    ! grep -qE '"baro/(tap|link|loop|run|gateway)\.h"' "$1" || echo baro-host
}
count=0
for example in examples/*.c; do
    # shellcheck disable=SC2046
    "$compiler" "$example" $(pkg-config --cflags --libs $(packages_of "$example")) -o "$work/example" ||
        fail "$example is not built with $(packages_of "$example" | tr '\n' ' ')"
    count=$((count + 1))
done

# Every name of ours that others shall not see, as a function of a program's own: it is the program's.
nm -g --defined-only "$build/libbaro.a" 2>/dev/null | awk 'NF == 3 && $2 == "T" && $3 !~ /^baro_/ { print $3 }' | sort -u >"$work/names"
[ "$(wc -l <"$work/names")" -gt 100 ] || fail "the library in the build has no names of its own"
sed 's/.*/int &(void);\nint &(void)\n{\n    return 1;\n}/' "$work/names" >"$work/own.c"
{
    echo 'int own_names(void);'
    echo 'int own_names(void)'
    echo '{'
    echo '    return 0'
    sed 's/.*/        + &()/' "$work/names"
    echo '        ;'
    echo '}'
} >>"$work/own.c"
sed 's/^int main(/static int program(/' examples/in_place.c >"$work/program.c"
grep -q '^static int program(int ' "$work/program.c" || fail "the example's main has another shape"
cat >>"$work/program.c" <<EOF
int own_names(void);
int main(int count, char **words)
{
    return own_names() == $(wc -l <"$work/names") ? program(count, words) : 3;
}
EOF
# shellcheck disable=SC2046
"$compiler" "$work/program.c" "$work/own.c" $(pkg-config --cflags --libs baro) -o "$work/program" || fail "a program's own names meet ours"
head -c 300000 /dev/urandom >"$work/data"
"$work/program" <"$work/data" | cmp - "$work/data" || fail "a program with names of ours does not work"

# CMake's package.
mkdir "$work/project"
cat >"$work/project/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C)
find_package(baro 0.1 REQUIRED)
add_executable(threads $source/examples/thread_per_connection.c)
target_link_libraries(threads PRIVATE baro::baro_posix)
EOF
cmake -S "$work/project" -B "$work/project/build" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/moved" >"$work/log" 2>&1 &&
    cmake --build "$work/project/build" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

# Places said from the root on, as some distributions do. The binaries are those of the build.
cmake -S . -B "$work/rooted" -DCMAKE_C_COMPILER="$compiler" -DBARO_TESTS=OFF -DCMAKE_INSTALL_PREFIX="$work/usr" \
    -DCMAKE_INSTALL_LIBDIR="$work/elsewhere/lib" -DCMAKE_INSTALL_INCLUDEDIR="$work/elsewhere/include" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
for file in "$build"/libbaro*.a "$build"/*.so "$build/baro"; do
    [ ! -f "$file" ] || cp "$file" "$work/rooted"
done
cmake --install "$work/rooted" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
export PKG_CONFIG_PATH="$work/elsewhere/lib/pkgconfig"
# shellcheck disable=SC2046
"$compiler" examples/in_place.c $(pkg-config --cflags --libs baro) -o "$work/rooted/example" || fail "libraries at a place of their own are not found"
echo "$count examples, a program with names of ours, a project of CMake's"
