// bench/peers/gvisor/main.go: gVisor's network stack as a peer of `baro bench`.
//
// usage: KIND FAMILY MTU OFFLOAD CONNECTIONS BATCH MESSAGE TIME_WAIT QUESTIONS; one line of four numbers is the answer (seconds,
// operations, octets, value), or exit code 77 and the reason.
//
// Each endpoint is looked after by a goroutine of its stack, so the loop of the other rows cannot be had. Here one processor
// runs all goroutines (GOMAXPROCS 1), the program never sleeps but lets the others run, and the processor time of the
// whole process counts, Go's collector and scheduler with it.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

const (
	unavailable      = 77
	limitS           = 30
	collectorPerCent = 100 // as it comes
)

type question struct {
	kind        string
	protocol    tcpip.NetworkProtocolNumber
	mtu         uint32
	offload     int
	connections int
	batch       int
	message     int
	timeWait    int // connections in TIME-WAIT before it begins
	questions   int // asked of a connection before it answers
	buffer      int // octets, of each direction
}

type answer struct {
	seconds, operations, octets, value float64
}

func leave(reason string) {
	fmt.Println(reason)
	os.Exit(unavailable)
}

func broken(what string) {
	fmt.Fprintln(os.Stderr, "baro-bench-gvisor: this did not happen:", what)
	os.Exit(1)
}

func expect(truth bool, what string) {
	if !truth {
		broken(what)
	}
}

// timed does the work; the process' time that it took.
func timed(work func()) float64 {
	begin := processor()
	work()
	return processor() - begin
}

func processor() float64 {
	var now unix.Timespec

	expect(unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now) == nil, "a clock")
	return float64(now.Sec) + float64(now.Nsec)/1e9
}

// watch ends what takes too long.
func watch() {
	for processor() < limitS {
		time.Sleep(time.Second)
	}
	leave(fmt.Sprintf("it did not end within %d seconds of processor time", limitS))
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		leave("not a number: " + text)
	}
	return value
}

func read(arguments []string) *question {
	if len(arguments) != 10 {
		leave("usage: KIND FAMILY MTU OFFLOAD CONNECTIONS BATCH MESSAGE TIME_WAIT QUESTIONS")
	}
	q := &question{
		kind: arguments[1], protocol: header.IPv4ProtocolNumber, mtu: uint32(number(arguments[3])), offload: number(arguments[4]),
		connections: number(arguments[5]), batch: number(arguments[6]), message: number(arguments[7]),
		timeWait: number(arguments[8]), questions: number(arguments[9]), buffer: 1 << 20,
	}
	if q.questions == 0 {
		q.questions = 1
	}
	if arguments[2] == "6" {
		q.protocol = header.IPv6ProtocolNumber
	}
	if q.offload == offloadLarge {
		leave("its super-segments come with checksums offloaded only")
	}
	if q.connections > 100000 || q.timeWait > 100000 {
		leave("so many take it gigabytes, since one in TIME-WAIT is a whole endpoint, too")
	}
	return q
}

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(collectorPerCent)
	q := read(os.Args)
	go watch()
	kinds := map[string]func(*question, *answer){
		"bulk": bulk, "round-trips": roundTrips, "batches": batches, "connections": connections,
		"segment": segments, "idle": idle,
	}
	run, known := kinds[q.kind]
	if !known {
		leave("this peer does not know it")
	}
	a := &answer{}
	run(q, a)
	fmt.Printf("%.9f %.0f %.0f %.1f\n", a.seconds, a.operations, a.octets, a.value)
}
