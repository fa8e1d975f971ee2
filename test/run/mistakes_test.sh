#!/bin/bash
# A person's mistakes at the command line of every tool: one clear line on standard error, nothing on standard output, exit
# code 2, and it names the tool. What was right is not done half: no program starts, no file is written.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# mistake WORDS ...: a command line that is wrong. The line names the tool and, where it has one, the word at fault.
mistake() {
    timeout 10 "$BARO" "$@" >"$folder/out" 2>"$folder/err" </dev/null
    code=$?
    problem=
    [ $code = 2 ] || problem="exit code $code"
    [ "$(wc -l <"$folder/err")" = 1 ] || problem="$problem, $(wc -l <"$folder/err") lines"
    [ -s "$folder/out" ] && problem="$problem, words on standard output"
    grep -q "^baro" "$folder/err" || problem="$problem, it does not say who speaks"
    rm "$folder/started" 2>/dev/null && problem="$problem, a program was started"
    [ -z "$problem" ] && return
    echo "FAILED: baro $*: ${problem#, }"
    head -3 "$folder/err"
    failed=1
}
# named WORD, after a mistake: the line says which word.
named() {
    grep -qF -- "$1" "$folder/err" || { echo "FAILED: the line does not name '$1': $(cat "$folder/err")"; failed=1; }
}
# Is the tool part of this build?
has() { ! "$BARO" "$1" --help 2>&1 | grep -q "left out"; }
start="touch $folder/started"

mistake nonsense; named nonsense
mistake --nonsense; named --nonsense

if has run; then
    mistake run
    mistake run --
    mistake run --nonsense -- $start; named --nonsense
    mistake run -x $start; named -x
    mistake run --address; named --address
    mistake run --address 10.0.2 -- $start; named 10.0.2
    mistake run --address 10.0.2.300 -- $start; named 10.0.2.300
    mistake run --address 127.0.0.1 -- $start
    mistake run --address 224.0.0.1 -- $start
    mistake run --address 10.0.2.100/33 -- $start; named 10.0.2.100/33
    mistake run --address 10.0.2.100/31 -- $start
    mistake run --address 10.0.2.100/ -- $start
    mistake run --address 10.0.2.100/x -- $start
    mistake run --address '' -- $start
    mistake run --wire; named --wire
    mistake run --wire token-ring -- $start; named token-ring
    mistake run --wire fast,loss=200% -- $start; named loss
    mistake run --wire fast,loss=1 -- $start
    mistake run --wire fast,loss= -- $start
    mistake run --wire fast,mtu=10 -- $start; named mtu
    mistake run --wire 100base-tx,mtu=9000 -- $start
    mistake run --wire fast,nonsense=1 -- $start; named nonsense
    mistake run --wire fast,,loss=1% -- $start
    mistake run -p; named -p
    mistake run -p 80 -- $start; named 80
    mistake run -p 0:80 -- $start
    mistake run -p 80:0 -- $start
    mistake run -p 65536:80 -- $start
    mistake run -p 8080:80:90:100 -- $start
    mistake run -p 1.2.3:8080:80 -- $start; named 1.2.3
    mistake run -p :8080:80 -- $start
    mistake run -p 8080: -- $start
    mistake run -p ' 8080:80' -- $start
    mistake run -p +8080:80 -- $start
    mistake run -p ::1:8080:80 -- $start
    mistake run -p [ff02::1]:8080:80 -- $start; named ff02::1
    mistake run -p 8080:[fd00::1]:80 -- $start
    mistake run --tap; named --tap
    mistake run --tap '' -- $start
    mistake run --tap a-name-that-is-too-long -- $start
    mistake run --tap a/b -- $start
    mistake run --tap baro0 -p 8080:80 -- $start; named -p
    mistake run --pcap; named --pcap
    mistake run --journey=0 -- $start
    mistake run --journey=many -- $start; named many
    mistake run --journey-to
    mistake run --lang fr -- $start; named fr
    mistake run --lang
fi
if has lan; then
    mistake lan --nonsense; named --nonsense
    mistake lan --wire token-ring; named token-ring
    mistake lan --wire
    mistake lan --lang fr
    mistake lan --pcap
    mistake lan --journey=-1
    mistake lan --host one=10.7.0.1,fd00::1::2 true; named fd00::1::2
    mistake lan --host one=10.7.0.1 $start
    mistake lan --host one=10.7.0.1 $start --host two=10.7.0.1 $start; named 10.7.0.1
    mistake lan --host one=10.7.0.1,10.7.0.1 $start --host two=10.7.0.2 $start; named 10.7.0.1
    mistake lan --host one=10.7.0.1 $start --host one=10.7.0.2 $start; named one
    mistake lan --host 'o ne=10.7.0.1' $start --host two=10.7.0.2 $start; named 'o ne'
    mistake lan --host one. $start; named one.
    mistake lan --host one=10.7.0.1 $start --host two=10.7.0.2; named two
    mistake lan --host one=10.7.0.1 $start --host
    one="--host one@a=10.1.0.1,fd00:1::1 $start"
    wires="--wire a=fast --wire b=fast"
    router="--router r@a=10.1.0.9,fd00:1::9 --router r@b=10.2.0.9,fd00:2::9"
    mistake lan $wires $router
    mistake lan --wire fast --wire fast $one; named NAME=
    mistake lan --wire a=fast --wire a=fast $one; named "'a'"
    mistake lan --wire a@b=fast $one; named a@b
    mistake lan --wire a=fast,loss=x $one; named loss
    mistake lan --wire a=nonsense $one; named a=nonsense
    mistake lan $wires $one --host two=10.1.0.2 $start; named two
    mistake lan $wires $one --host two@c=10.1.0.2 $start; named "'c'"
    mistake lan $wires $one --host two@=10.1.0.2 $start
    mistake lan $wires $one --host two@a=10.1.0.2 $start; named b
    mistake lan $wires $router --router r@c=10.3.0.9 $one; named "'c'"
    mistake lan $wires $router --router r@a=10.3.0.9 $one; named a
    mistake lan $wires $router --router q@a=10.1.0.8 $one; named q
    mistake lan $wires $router --router q=10.1.0.8 $one; named q
    mistake lan $wires $router --router q@a $one; named q@a
    mistake lan $wires $router --router q@a=10.1.0.9 --router q@b=10.2.0.8 $one; named 10.1.0.9
    mistake lan $wires --router q@a=10.1.0.9/16 --router q@b=10.1.1.9 $one; named 10.1.1.9
    mistake lan $wires $router $one --host r@b=10.2.0.2 $start; named "'r'"
    mistake lan $wires $router $one --host two@b=10.9.0.2 $start; named 10.9.0.2
    mistake lan $wires $router $one --host two@b=fd00:9::2 $start; named fd00:9::2
    mistake lan $wires $router $one --host two@b=10.2.0.2/30 $start; named 10.2.0.2/30
    mistake lan $wires $router --router; named --router
    mistake lan --wire a=fast --wire b=fast,mtu=1000 $router $one; named mtu
    mistake lan $wires $router --route; named --route
    mistake lan $wires $router --pull; named --pull
    mistake lan $wires $router --pull a $one; named "'a'"
    mistake lan $wires $router --pull c=1s $one; named "'c'"
    mistake lan $wires $router --pull a=1 $one; named a=1
    mistake lan $wires $router --pull a=s $one; named a=s
    mistake lan $wires $router --pull a=2s-1s $one; named a=2s-1s
    mistake lan $wires $router --pull a=1s- $one; named a=1s-
    mistake lan $wires $router --pull a=1s-2s,3s $one; named a=1s-2s,3s
    mistake lan $wires $router --pull a=9999999999s $one; named a=9999999999s
    mistake lan $wires $router --route r 10.3.0.0/24 10.2.0.1 $one; named via
    mistake lan $wires $router --route q 10.3.0.0/24 via 10.2.0.1 $one; named "'q'"
    mistake lan $wires $router --route r 10.3.0.1/24 via 10.2.0.1 $one; named 10.3.0.1/24
    mistake lan $wires $router --route r 10.3.0.0/33 via 10.2.0.1 $one; named 10.3.0.0/33
    mistake lan $wires $router --route r 10.3.0.0 via 10.2.0.1 $one; named 10.3.0.0
    mistake lan $wires $router --route r fd00:3::/x via fd00:2::1 $one; named fd00:3::/x
    mistake lan $wires $router --route r 10.3.0.0/24 via 10.2.0.300 $one; named 10.2.0.300
    mistake lan $wires $router --route r 10.3.0.0/24 via fd00:2::1 $one; named fd00:2::1
    mistake lan $wires $router --route r 10.3.0.0/24 via 10.9.0.1 $one; named 10.9.0.1
    mistake lan $wires $router --route r 10.3.0.0/24 via 10.2.0.9 $one; named 10.2.0.9
    mistake lan $wires $router --route r 10.3.0.0/24 via 10.2.0.1 $one; named 10.2.0.1
    mistake lan $wires $router --route one default via fe80::1 $one; named fe80::1
    mistake lan $wires $router --route one default via 10.1.0.9 --route one 0.0.0.0/0 via 10.1.0.9 $one; named 0.0.0.0/0
    mistake lan --host one=auto $start --host two=10.7.0.2 $start; named one
    mistake lan $wires $router $one --host two@b=auto,auto $start; named auto,auto
    mistake lan $wires $router $one --host two@b=auto, $start; named auto,
    mistake lan $wires $router $one --host two@b=automatic $start; named automatic
    mistake lan $wires --router r@a=10.1.0.9,auto --router r@b=10.2.0.9 $one; named auto
    mistake lan $wires --router r@a=10.1.0.9 --router r@b=10.2.0.9,fd00:2::9/80 --host two@b=auto $start; named two
    many=
    for i in $(seq 17); do many="$many --wire w$i=fast"; done
    mistake lan $many $one; named 16
    many=
    for i in $(seq 17); do many="$many --host h$i=10.7.0.$i $start"; done
    mistake lan $many; named 16
fi
if has gateway; then
    mistake gateway
    mistake gateway --tap
    mistake gateway --tap a/b; named a/b
    mistake gateway --tap x --nonsense; named --nonsense
    for wrong in 10.0.0.1/31 10.0.0.1/7 fd00::1/48 fe80::%1 10.0.0.1,10.0.0.2 fd00::1,fd00::2 10.0.0.1,fd00::1,fd00::2 ::1; do
        mistake gateway --tap x --address $wrong; named $wrong
    done
    for wrong in 80 :80 80: 80:80:80:80:80 80:1.2.3:80 80:ff02::1:80 80:[ff02::1]:80 [::1]:80 [::1:80:80 [fe80::1]:80:80 \
        ::1:80:80 [::1]80:80 1.2.3.4.5:80:80 80:10.0.2.3:0 0:80 '80 :80'; do
        mistake gateway --tap x -p "$wrong"
    done
fi

if has tap; then
    mistake tap --nonsense; named --nonsense
    mistake tap word; named word
    mistake tap --name
    mistake tap --name ''
    mistake tap --name a-name-that-is-too-long
    mistake tap --address 1.2.3; named 1.2.3
    mistake tap --address 10.9.0.2/99
    mistake tap --address 10.9.0.2,fd00::1/129; named fd00::1/129
    mistake tap --address ::1
    mistake tap --address ff02::1
    mistake tap --address fd00::1,
    mistake tap --wire fast,loss=x; named loss
    mistake tap --lang fr
    mistake tap --pcap
fi
mistake journey --nonsense; named --nonsense
mistake journey --wire token-ring; named token-ring
mistake journey --frames x; named x
mistake journey --seed x
mistake signal --nonsense; named --nonsense
mistake signal --frames x
mistake drill
mistake drill --nonsense; named --nonsense
mistake bench --nonsense; named --nonsense
mistake bench nonsense; named nonsense

[ $failed = 0 ] && echo "every mistake is one line and exit code 2"
exit $failed
