# Sourced by tests: a LAN of three wires in a row, left, middle and right, joined by r1 and r2.
r1="--router r1@left=10.1.0.1,fd00:1::1 --router r1@middle=10.2.0.1,fd00:2::1"
r2="--router r2@middle=10.2.0.2,fd00:2::2 --router r2@right=10.3.0.1,fd00:3::1"
routes="--route r1 10.3.0.0/24 via 10.2.0.2 --route r1 fd00:3::/64 via fd00:2::2
    --route r2 10.1.0.0/24 via 10.2.0.1 --route r2 default via fd00:2::1"
row() { # row LEFT MIDDLE RIGHT: the options of the LAN
    echo "--wire left=$1 --wire middle=$2 --wire right=$3 $r1 $r2 $routes"
}
server=server@right=10.3.0.2,fd00:3::2/64
client=client@left=10.1.0.2,fd00:1::2/64
