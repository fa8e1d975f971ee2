// bench/peers/gvisor/kinds.go: what the program does, kind by kind, with the calls of a netstack's user: endpoints that
// never block, and a queue of those that became readable.
package main

import (
	"bytes"
	"math/rand"
	"runtime"
	"runtime/debug"
	"sync"
	"unsafe"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	ports     = 16
	firstPort = 1000
	chunk     = 65536
	message   = 64
	patience  = 1 << 20 // turns after which something is broken
)

// What the bench keeps of an end beside the stack, but for the waiter.Queue that each user of an endpoint has.
const ownOctets = unsafe.Sizeof(end{}) - unsafe.Sizeof(waiter.Queue{})

// end is a connection's end, with a place in the queue of readable ones.
type end struct {
	endpoint tcpip.Endpoint
	queue    waiter.Queue
	ready    *readyQueue
	entry    waiter.Entry
	queued   bool
}

// readyQueue is what an epoll instance would be.
type readyQueue struct {
	mutex sync.Mutex
	list  []*end
}

func (e *end) NotifyEvent(waiter.EventMask) {
	e.ready.mutex.Lock()
	if !e.queued {
		e.queued = true
		e.ready.list = append(e.ready.list, e)
	}
	e.ready.mutex.Unlock()
}

func (r *readyQueue) take(into []*end) []*end {
	r.mutex.Lock()
	into = append(into[:0], r.list...)
	r.list = r.list[:0]
	for _, e := range into {
		e.queued = false
	}
	r.mutex.Unlock()
	return into
}

func (r *readyQueue) watch(e *end, queue *waiter.Queue) {
	e.ready = r
	e.entry.Init(e, waiter.ReadableEvents)
	queue.EventRegister(&e.entry)
}

// world is both stacks and the server's listeners.
type world struct {
	question *question
	stacks   [2]*stack.Stack
	wires    [2]*wire
	server   tcpip.Address
	listener [ports]tcpip.Endpoint
	buffer   []byte
	data     []byte
}

func newWorld(q *question) *world {
	w := &world{question: q, buffer: make([]byte, chunk), data: make([]byte, 1<<20)}
	w.stacks, w.wires, w.server = newStacks(q)
	for i := range w.listener {
		var err tcpip.Error
		w.listener[i], err = w.stacks[1].NewEndpoint(tcp.ProtocolNumber, q.protocol, &waiter.Queue{})
		must(err, "socket")
		must(w.listener[i].Bind(tcpip.FullAddress{Addr: w.server, Port: uint16(firstPort + i)}), "bind")
		must(w.listener[i].Listen(64), "listen")
	}
	return w
}

// connect opens a connection to one of the ports; the queue is that of the server's end.
func (w *world) connect(port int) (client, server *end, queue *waiter.Queue) {
	var err tcpip.Error
	client, server = &end{}, &end{}
	client.endpoint, err = w.stacks[0].NewEndpoint(tcp.ProtocolNumber, w.question.protocol, &client.queue)
	must(err, "socket")
	err = client.endpoint.Connect(tcpip.FullAddress{Addr: w.server, Port: uint16(firstPort + port)})
	_, started := err.(*tcpip.ErrConnectStarted)
	expect(err == nil || started, "connect")
	for i := 0; i < patience; i++ {
		runtime.Gosched()
		server.endpoint, queue, err = w.listener[port].Accept(nil)
		if err == nil {
			return client, server, queue
		}
	}
	broken("a connection was accepted")
	return nil, nil, nil
}

// write gives the octets to the endpoint; how many it took.
func (w *world) write(e *end, length int) int {
	var reader bytes.Reader
	reader.Reset(w.data[:length])
	took, err := e.endpoint.Write(&reader, tcpip.WriteOptions{})
	if err != nil {
		_, full := err.(*tcpip.ErrWouldBlock)
		expect(full, "a write")
		return 0
	}
	return int(took)
}

// read copies out what there is, up to a call's worth; -1: the stream ended.
func (w *world) read(e *end) int {
	into := tcpip.SliceWriter(w.buffer)
	result, err := e.endpoint.Read(&into, tcpip.ReadOptions{})
	if err == nil {
		return result.Count
	}
	if _, ended := err.(*tcpip.ErrClosedForReceive); ended {
		return -1
	}
	_, empty := err.(*tcpip.ErrWouldBlock)
	expect(empty, "a read")
	return 0
}

// readWhole waits until so many octets came.
func (w *world) readWhole(e *end, length int) {
	for i := 0; length > 0; i++ {
		got := w.read(e)
		expect(got >= 0 && i < patience, "a message came in")
		length -= got
		if got == 0 {
			runtime.Gosched()
		}
	}
}

func bulk(q *question, a *answer) {
	w := newWorld(q)
	client, server, _ := w.connect(0)
	client.endpoint.SocketOptions().SetDelayOption(true)
	call, octets, goal := q.message, 0, 16<<20

	if call == 0 {
		call = chunk
	}
	carry := func() {
		for octets < goal {
			for w.write(client, call) == call {
			}
			runtime.Gosched()
			for {
				got := w.read(server)
				expect(got >= 0, "data")
				if got == 0 {
					break
				}
				octets += got
			}
			runtime.Gosched()
		}
	}
	more := 32 << 20
	if call < 256 {
		goal, more = call<<12, call<<14
	}
	carry()
	before := octets
	for a.seconds < 0.3 {
		goal = octets + more
		a.seconds += timed(carry)
	}
	a.octets = float64(octets - before)
}

func roundTrips(q *question, a *answer) {
	w := newWorld(q)
	client, server, _ := w.connect(0)
	rounds := 1000
	work := func() {
		for i := 0; i < rounds; i++ {
			expect(w.write(client, message) == message, "send")
			w.readWhole(server, message)
			expect(w.write(server, message) == message, "send")
			w.readWhole(client, message)
		}
	}
	work()
	rounds = 30000
	a.seconds = timed(work)
	a.operations = float64(rounds)
}

// many opens all connections; their ends are watched. The collector waits until they are there.
func many(w *world, ready *[2]readyQueue) (client, server []*end) {
	each := w.question.connections/ports + 1

	debug.SetGCPercent(-1)
	for i := 0; i < w.question.connections; i++ {
		c, s, queue := w.connect(i / each)
		ready[0].watch(c, &c.queue)
		ready[1].watch(s, queue)
		client, server = append(client, c), append(server, s)
	}
	debug.SetGCPercent(collectorPerCent)
	runtime.GC()
	return client, server
}

// serve reads from all that are readable until so many octets came; where it replies, each gets as many back.
func (w *world) serve(ready *readyQueue, octets int, reply bool) {
	var list []*end
	for i := 0; octets > 0; i++ {
		expect(i < patience, "a batch of messages came in")
		list = ready.take(list)
		for _, e := range list {
			for got := w.read(e); got > 0; got = w.read(e) {
				octets -= got
				expect(!reply || w.write(e, got) == got, "a reply")
			}
		}
		if len(list) == 0 {
			runtime.Gosched()
		}
	}
}

func batches(q *question, a *answer) {
	var ready [2]readyQueue
	w := newWorld(q)
	client, _ := many(w, &ready)
	rounds, length := 5000/q.batch, q.questions*message
	work := func() {
		for i := 0; i < rounds; i++ {
			for j := 0; j < q.batch; j++ {
				expect(w.write(client[rand.Intn(len(client))], length) == length, "send")
			}
			w.serve(&ready[1], q.batch*length, true)
			w.serve(&ready[0], q.batch*length, false)
		}
	}
	work()
	rounds = 20000 / q.batch
	a.seconds = timed(work)
	a.operations = float64(rounds * q.batch * q.questions)
}

// segments holds the wire while the client makes frames, whose probes for lost ones are off meanwhile: it is not measured.
func segments(q *question, a *answer) {
	const burst = 64
	var ready [2]readyQueue
	w := newWorld(q)
	probes := tcpip.TCPRecovery(0)
	must(w.stacks[0].SetTransportProtocolOption(tcp.ProtocolNumber, &probes), "no RACK at the client")
	client, _ := many(w, &ready)
	rounds, batch := 32, 1024
	if q.connections > 10000 {
		rounds = 16
	} else if q.connections < 1000 { // no more of one connection than its congestion window allows
		rounds, batch = 1024, burst
		if q.connections < 100 {
			batch = burst / 4
		}
	}
	for i := 0; i < rounds+rounds/4; i++ {
		w.wires[0].held, w.wires[1].held = true, true
		for j := 0; j < batch; j++ {
			expect(w.write(client[rand.Intn(len(client))], message) == message, "send")
		}
		expect(len(w.wires[1].waiting) == batch, "a frame a message")
		seconds := timed(func() {
			for len(w.wires[1].waiting) != 0 {
				count := w.wires[1].deliver(burst)
				w.serve(&ready[1], count*message, false)
			}
		})
		if i >= rounds/4 {
			a.seconds += seconds
			a.operations += float64(batch)
		}
		w.wires[0].held, w.wires[1].held = false, false
		w.wires[0].deliver(len(w.wires[0].waiting))
		w.wires[1].deliver(len(w.wires[1].waiting))
		for j := 0; j < 100; j++ {
			runtime.Gosched()
		}
	}
}

// connections come and go, as many at a time as the row says.
func connections(q *question, a *answer) {
	w := newWorld(q)
	rounds, turn := 1008+q.timeWait, 0
	client, server := make([]*end, q.batch), make([]*end, q.batch)
	expect(q.batch > 0, "so many at a time")
	work := func() {
		for i := 0; i < rounds; i += q.batch {
			for j := range client {
				client[j], server[j], _ = w.connect(turn % ports)
				turn++
			}
			w.passOctets(client, server)
			w.passOctets(server, client)
			for _, e := range client {
				e.endpoint.Close()
			}
			for _, e := range server {
				for j := 0; w.read(e) != -1; j++ {
					expect(j < patience, "the end of a stream")
					runtime.Gosched()
				}
				e.endpoint.Close()
			}
			runtime.Gosched()
			for _, e := range client {
				for j := 0; tcp.EndpointState(e.endpoint.State()) != tcp.StateTimeWait; j++ {
					expect(j < patience, "TIME-WAIT is kept")
					runtime.Gosched()
				}
			}
		}
	}
	work()
	rounds = 4992
	a.seconds = timed(work)
	a.operations = float64(rounds)
}

// passOctets sends an octet from each to its other end.
func (w *world) passOctets(from, to []*end) {
	for _, e := range from {
		expect(w.write(e, 1) == 1, "send")
	}
	for _, e := range to {
		w.readWhole(e, 1)
	}
}

// heap is what lives, in the runtime's size classes; what the collector keeps free beside it (as much again) does not count.
func heap() float64 {
	var stats runtime.MemStats

	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc + stats.StackInuse)
}

// idle counts both ends and tells half: they are alike. What the program itself keeps of an end is not counted; the first
// thousand connections, with which the stacks' tables grow, neither.
func idle(q *question, a *answer) {
	const first = 1000
	var kept []*end
	var before float64
	w := newWorld(q)

	debug.SetGCPercent(-1)
	kept = make([]*end, 0, 2*(q.connections+first))
	for i := 0; i < q.connections+first; i++ {
		if i == first {
			before = heap()
		}
		client, server, _ := w.connect(i / ((q.connections+first)/ports + 1))
		kept = append(kept, client, server)
	}
	for i := 0; i < 1000; i++ {
		runtime.Gosched()
	}
	ends := float64(2 * q.connections)
	a.value = (heap()-before)/ends - float64(ownOctets)
	runtime.KeepAlive(kept)
	runtime.KeepAlive(w)
}
