#!/bin/sh
# Installs what is missing to build and run baro (`run`) or to test it (`test`), and says what and why.
# Debian package, the file that shows it is there, and the reason; with sudo where not root.
set -eu

need_run='
gcc|/usr/bin/gcc|the C compiler
libc6-dev|/usr/include/stdio.h|the C library
cmake|/usr/bin/cmake|the build
ninja-build|/usr/bin/ninja|the build
pkg-config|/usr/bin/pkg-config|finds libraries for the build
libseccomp-dev|/usr/include/seccomp.h|baro run: traps the socket calls of unmodified programs
python3|/usr/bin/python3|the unmodified web server of the main job
curl|/usr/bin/curl|the unmodified client of the main job
'
need_test='
libcmocka-dev|/usr/include/cmocka.h|unit tests
iproute2|/usr/sbin/ip /sbin/ip /usr/bin/ip /bin/ip|namespaces and TAP for the tests against the kernel
iputils-ping|/usr/bin/ping /bin/ping|the kernel pings us
iperf3|/usr/bin/iperf3|bulk transfer against the kernel
netcat-openbsd|/usr/bin/nc /bin/nc|an unmodified program under test
nginx-light|/usr/sbin/nginx|an unmodified program under test
golang-go|/usr/bin/go|a static Go client and server under test
tshark|/usr/bin/tshark|reads our captures back
bind9-dnsutils|/usr/bin/dig|asks our name servers
ndisc6|/usr/bin/ndisc6|finds us by neighbour discovery
arping|/usr/sbin/arping|finds us by ARP
radvd|/usr/sbin/radvd|the router whose advertisements our hosts hear
udhcpc|/usr/sbin/udhcpc /sbin/udhcpc|a guest of our DHCP server
isc-dhcp-client|/usr/sbin/dhclient /sbin/dhclient|another guest of it
dnsmasq-base|/usr/sbin/dnsmasq|the DHCP server of our client
valgrind|/usr/bin/valgrind|counts the instructions of a segment, a round trip, a connection
dbus|/usr/bin/dbus-daemon|a private bus for avahi
avahi-daemon|/usr/sbin/avahi-daemon|finds our name by mDNS
avahi-utils|/usr/bin/avahi-resolve|asks it
'

case "${1:-}" in
run) needs=$need_run ;;
test) needs=$need_run$need_test ;;
*) echo "usage: dependencies.sh run|test" >&2; exit 2 ;;
esac

present() {
    for file in $1; do
        [ -e "$file" ] && return 0
    done
    return 1
}

missing=
while IFS='|' read -r package files reason; do
    [ -n "$package" ] || continue
    if ! present "$files"; then
        # A test program found anywhere on the path serves as well.
        program=$(basename "${files%% *}")
        case $files in *.h) ;; *) command -v "$program" >/dev/null 2>&1 && continue ;; esac
        echo "baro: missing $package: $reason"
        missing="$missing $package"
    fi
done <<END
$needs
END

[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "baro: no apt-get here: install these yourself:$missing" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "baro: not root and no sudo: install these yourself:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "baro: ${as_root:+sudo }apt-get install$missing"
$as_root env DEBIAN_FRONTEND=noninteractive sh -c "
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing" >build/dependencies.log 2>&1 || {
    tail -5 build/dependencies.log >&2
    echo "baro: the installation failed (build/dependencies.log)" >&2
    # Tests name what they lack and are skipped; a build needs all of it.
    [ "$1" = test ] || exit 1
}
