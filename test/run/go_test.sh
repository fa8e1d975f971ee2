# A static Go server and client: no libc, its own use of epoll and signals.
. "$BARO_SOURCE/test/run/support.sh"
need go
HOME=$dir GOCACHE=$dir/cache GOPATH=$dir/go GO111MODULE=off GOFLAGS=-mod=mod CGO_ENABLED=0 GOPROXY=off \
    go build -o "$dir/web" "$here/programs/web.go" || skip "go build does not work here"
for user in $users; do
    same "a hundred requests, as $user" "30000000
dial tcp 127.0.0.1:1: connect: connection refused" "$(as $user timeout 60 "$BARO" run -- "$dir/web" 2>&1)"
done
