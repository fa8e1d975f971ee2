#!/bin/sh
# Builds the peers of `baro bench --peers` beside the command, of what is installed; what cannot be built it names with
# the reason. Nothing of them is part of the product.
#
#   bench/peers/build.sh [build directory]           from installed packages: liblwip-dev, golang-gvisor-gvisor-dev and golang-go
#   bench/peers/build.sh --source [build directory]  besides, lwIP with better settings, from Debian's source package, which
#                                                    apt fetches (by hand only: the test never does this)
set -eu
source=no
[ "${1:-}" != --source ] || { source=yes; shift; }
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/release}
build=$(cd "$build" && pwd)
here=$root/bench/peers
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -e "$build/libbaro.a" ] || { echo "$build has no libbaro.a: build baro first"; exit 1; }

# ---- gVisor: Debian's Go packages lie in one folder, as GOPATH wants them; nothing is fetched
gocode=/usr/share/gocode
if ! command -v go >/dev/null; then
    echo "baro-bench-gvisor is not built: golang-go is not installed"
elif [ ! -d $gocode/src/gvisor.dev/gvisor/pkg/tcpip ]; then
    echo "baro-bench-gvisor is not built: golang-gvisor-gvisor-dev is not installed"
elif (cd "$here/gvisor" && GO111MODULE=off GOFLAGS='' GOPATH=$gocode go build -o "$build/baro-bench-gvisor" .) >"$work/go" 2>&1; then
    echo "built baro-bench-gvisor"
else
    cat "$work/go"
    echo "baro-bench-gvisor is not built: Go does not compile it with the packages that are installed"
fi

# ---- lwIP: program, the library's name, folders of its headers and settings
lwip_program() {
    program=$1 library=$2
    shift 2
    gcc -std=gnu17 -O2 -g -D_GNU_SOURCE -I"$root/include" "$@" -DPEER_LIBRARY="\"$library\"" -o "$build/$program" \
        "$here/lwip.c" "$here/lwip_end.c" "$root/bench/machine.c" "$root/posix/clock.c" "$build/libbaro.a" -ldl -lm
    echo "built $program"
}

# With better settings: the program, and 0 or 1 for IPv6.
lwip_tuned() {
    program=$1 library=$build/lib${1#baro-bench-}.so
    set -- -DLWIP_IPV6="$2" -isystem "$here/lwip" -isystem "$work/arch" -isystem "$work/lwip/src/include"
    gcc -std=gnu17 -O3 -march=native -g -fPIC -shared -w "$@" -o "$library" "$here/lwip/port.c" "$work"/lwip/src/core/*.c \
        "$work"/lwip/src/core/ipv4/*.c "$work"/lwip/src/core/ipv6/*.c "$work/lwip/src/netif/ethernet.c"
    lwip_program "$program" "$library" "$@"
}

if [ -e /usr/include/lwip/lwip/tcp.h ]; then
    lwip_program baro-bench-lwip liblwip.so.0 -isystem /usr/include/lwip
else
    echo "baro-bench-lwip is not built: liblwip-dev is not installed"
fi

if [ $source = yes ]; then
    mirror=$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -1 || true)
    . /etc/os-release
    mkdir -p "$work/lists/partial" "$work/source"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} $VERSION_CODENAME main" >"$work/sources.list"
    chmod -R a+rX "$work"
    set -- -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists" \
        -o APT::Sandbox::User=root
    if apt-get "$@" update && (cd "$work/source" && apt-get "$@" source --download-only lwip); then
        mkdir "$work/lwip"
        tar -C "$work/lwip" --strip-components=1 -xf "$work"/source/lwip_*.orig.tar.*
        mkdir -p "$work/arch/arch"
        printf '#include <stdlib.h>\n#include <sys/time.h>\n#define LWIP_TIMEVAL_PRIVATE 0\n#define LWIP_RAND() ((u32_t)rand())\n' >"$work/arch/arch/cc.h"
        lwip_tuned baro-bench-lwip-tuned 0
        lwip_tuned baro-bench-lwip-tuned-ipv6 1
    else
        echo "baro-bench-lwip-tuned is not built: apt cannot fetch lwIP's source"
    fi
else
    echo "baro-bench-lwip-tuned is not built: it is from source, by --source"
fi
