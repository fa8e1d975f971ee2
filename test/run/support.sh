# Sourced by the tests of this folder: $BARO is the tool. Leaves with 77 and the reason where the machine cannot run them.
set -u
dir=$(mktemp -d)
chmod 755 "$dir"
trap 'rm -rf "$dir"' EXIT
here=$dir

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*"; exit 1; }
need() { for program; do command -v "$program" >/dev/null || skip "$program is not installed"; done; }
same() { # same WHAT EXPECTED GOT
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
    echo "ok: $1"
}

# Copies, so that a user without rights in the source and build folders can run them.
cp -r "$BARO_SOURCE/test/run/programs" "$dir/programs" && chmod -R a+rX "$dir/programs"
cp "$BARO" "$dir/baro" && BARO=$dir/baro
reason=$("$BARO" run -- true 2>&1) || case $reason in
    *namespaces*|*seccomp*) skip "$reason" ;;
    *) fail "baro run -- true: $reason" ;;
esac

# The users to run as: root and an ordinary one, or only who we are.
users="self"
[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && users="self 65534"
as() { # as USER COMMAND...
    local user=$1
    shift
    if [ "$user" = self ]; then "$@"; else setpriv --reuid="$user" --regid="$user" --clear-groups "$@"; fi
}
