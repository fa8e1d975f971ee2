// bench/peers/gvisor/wire.go: two of gVisor's network stacks in one process and the wire between them.
//
// A frame is copied once, into a buffer of the receiving side's pool, with its Ethernet header, and handed over at once:
// the other stack queues it for the goroutine that looks after its endpoint. While a wire is held its frames wait, so that
// what receives can be measured alone. Offloads are as gVisor's own link endpoints offer them.
package main

import (
	"gvisor.dev/gvisor/pkg/bufferv2"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// As enum bench_offload in bench/bench.h.
const (
	offloadNone = iota
	offloadChecksum
	offloadLarge
	offloadSuper
)

// wire is the device of one stack.
type wire struct {
	question   *question
	address    tcpip.LinkAddress
	peer       *wire
	dispatcher stack.NetworkDispatcher
	held       bool // frames towards this end wait
	waiting    []stack.PacketBufferPtr
}

func (w *wire) MTU() uint32                             { return w.question.mtu + header.EthernetMinimumSize }
func (w *wire) MaxHeaderLength() uint16                 { return 0 }
func (w *wire) LinkAddress() tcpip.LinkAddress          { return w.address }
func (w *wire) Attach(d stack.NetworkDispatcher)        { w.dispatcher = d }
func (w *wire) IsAttached() bool                        { return w.dispatcher != nil }
func (w *wire) Wait()                                   {}
func (w *wire) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareEther }
func (w *wire) AddHeader(stack.PacketBufferPtr)         {}
func (w *wire) GSOMaxSize() uint32                      { return 65535 }

func (w *wire) offloaded() bool {
	return w.question.offload == offloadChecksum || w.question.offload == offloadSuper
}

func (w *wire) Capabilities() stack.LinkEndpointCapabilities {
	if w.offloaded() {
		return stack.CapabilityTXChecksumOffload | stack.CapabilityRXChecksumOffload
	}
	return stack.CapabilityNone
}

func (w *wire) SupportedGSO() stack.SupportedGSO {
	if w.question.offload == offloadSuper {
		return stack.HostGSOSupported
	}
	return stack.GSONotSupported
}

// WritePackets copies frames to the other end. The caller keeps its own.
func (w *wire) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	to := w.peer
	for _, packet := range packets.AsSlice() {
		frame := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: bufferv2.MakeWithView(packet.ToView())})
		frame.RXChecksumValidated = w.offloaded()
		if to.held {
			to.waiting = append(to.waiting, frame)
			continue
		}
		to.dispatcher.DeliverNetworkPacket(0, frame)
		frame.DecRef()
	}
	return packets.Len(), nil
}

// deliver hands over up to limit frames that waited, and tells how many.
func (w *wire) deliver(limit int) int {
	if limit > len(w.waiting) {
		limit = len(w.waiting)
	}
	for i := 0; i < limit; i++ {
		w.dispatcher.DeliverNetworkPacket(0, w.waiting[i])
		w.waiting[i].DecRef()
	}
	w.waiting = append(w.waiting[:0], w.waiting[limit:]...)
	return limit
}

func must(err tcpip.Error, what string) {
	if err != nil {
		broken(what + ": " + err.String())
	}
}

// newStack makes a stack with SACK and CUBIC beside the timestamps and RACK that it has by itself, and buffers of the
// question's size; everything else is as it comes, without Nagle's delay.
func newStack(w *wire, own, other tcpip.Address) *stack.Stack {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	sack, cubic := tcpip.TCPSACKEnabled(true), tcpip.CongestionControlOption("cubic")
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4096, Default: w.question.buffer, Max: 4 << 20}
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: w.question.buffer, Max: 4 << 20}

	must(s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack), "SACK")
	must(s.SetTransportProtocolOption(tcp.ProtocolNumber, &cubic), "CUBIC")
	must(s.SetTransportProtocolOption(tcp.ProtocolNumber, &send), "send buffer")
	must(s.SetTransportProtocolOption(tcp.ProtocolNumber, &receive), "receive buffer")
	must(s.CreateNIC(1, ethernet.New(w)), "interface")
	must(s.AddProtocolAddress(1, tcpip.ProtocolAddress{
		Protocol:          w.question.protocol,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: own, PrefixLen: len(own)*8 - 8},
	}, stack.AddressProperties{}), "address")
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}, {Destination: header.IPv6EmptySubnet, NIC: 1}})
	must(s.AddStaticNeighbor(1, w.question.protocol, other, w.peer.address), "neighbour")
	return s
}

// newStacks makes both, the client first.
func newStacks(q *question) (stacks [2]*stack.Stack, wires [2]*wire, server tcpip.Address) {
	address := [2]tcpip.Address{"\x0a\x00\x00\x01", "\x0a\x00\x00\x02"}

	if q.protocol == header.IPv6ProtocolNumber {
		address[0] = "\xfd\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
		address[1] = "\xfd\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
	}
	for i := range wires {
		wires[i] = &wire{question: q, address: tcpip.LinkAddress([]byte{2, 0, 0, 0, 0, byte(1 + i)})}
	}
	wires[0].peer, wires[1].peer = wires[1], wires[0]
	for i := range stacks {
		stacks[i] = newStack(wires[i], address[i], address[1-i])
	}
	return stacks, wires, address[1]
}
