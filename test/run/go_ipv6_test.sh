# A static Go client, which resolves names and chooses families by itself: it prefers IPv6, and falls back to IPv4 where the
# IPv6 port is refused and where the way to it swallows packets.
# (Addresses of fc00::/7 would come behind those of IPv4, RFC 6724 §2.1.)
. "$BARO_SOURCE/test/run/support.sh"
need go
HOME=$dir GOCACHE=$dir/cache GOPATH=$dir/go GO111MODULE=off GOFLAGS=-mod=mod CGO_ENABLED=0 GOPROXY=off \
    go build -o "$dir/dial6" "$here/programs/dial6.go" || skip "go build does not work here"
for user in $users; do
    same "IPv6 first, IPv4 where that is refused, as $user" "server 10.7.0.1 2001:db8:7::1 <nil>
[2001:db8:7::1]:8000: you are 2001:db8:7::2
server 10.7.0.1 2001:db8:7::1 <nil>
10.7.0.1:8001: you are 10.7.0.2
server.lan 10.7.0.1 2001:db8:7::1 <nil>
[2001:db8:7::1]:8000: you are 2001:db8:7::2" "$(as $user timeout 60 "$BARO" lan --host server=10.7.0.1,2001:db8:7::1/64 "$dir/dial6" serve \
        --host client=10.7.0.2,2001:db8:7::2/64 "$dir/dial6" dial server:8000 server:8001 server.lan:8000 2>"$dir/error")"
done
same "a client without IPv6" "server 10.7.0.1 2001:db8:7::1 <nil>
10.7.0.1:8000: you are 10.7.0.2" "$(timeout 60 "$BARO" lan --host server=10.7.0.1,2001:db8:7::1/64 "$dir/dial6" serve \
    --host client=10.7.0.2 "$dir/dial6" dial server:8000 2>"$dir/error")"

# The two families go two ways to the server, IPv6's over a wire that may lose everything.
two_ways() { # two_ways LOSS
    timeout 60 "$BARO" lan --wire a=fast --wire b=fast --wire far=fast,loss="$1" \
        --router four@a=10.1.0.1 --router four@b=10.2.0.1 --route client default via 10.1.0.1 --route server default via 10.2.0.1 \
        --router near@a=2001:db8:1::1 --router near@far=2001:db8:3::1 --router far@far=2001:db8:3::2 --router far@b=2001:db8:2::1 \
        --route near 2001:db8:2::/64 via 2001:db8:3::2 --route far 2001:db8:1::/64 via 2001:db8:3::1 \
        --route client 2001:db8:2::/64 via 2001:db8:1::1 --route server 2001:db8:1::/64 via 2001:db8:2::1 \
        --host server@b=10.2.0.2,2001:db8:2::2/64 "$dir/dial6" serve \
        --host client@a=10.1.0.2,2001:db8:1::2/64 "$dir/dial6" dial server:8000 2>"$dir/error"
}
same "IPv6 by its own way" "server 10.2.0.2 2001:db8:2::2 <nil>
[2001:db8:2::2]:8000: you are 2001:db8:1::2" "$(two_ways 0%)"
same "IPv4 where IPv6 is swallowed" "server 10.2.0.2 2001:db8:2::2 <nil>
10.2.0.2:8000: you are 10.1.0.2" "$(two_ways 100%)"
