// A static server and client. "serve": port 8000 of both families, port 8001 of IPv4 only; each connection is told who it
// is. "dial NAME:PORT ...": connects by name, as net.Dial chooses, and says which way it went.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strings"
)

func serve(network, address string, done chan<- error) {
	listener, err := net.Listen(network, address)
	for err == nil {
		var connection net.Conn
		if connection, err = listener.Accept(); err == nil {
			host, _, _ := net.SplitHostPort(connection.RemoteAddr().String())
			fmt.Fprintf(connection, "you are %s", host)
			connection.Close()
		}
	}
	done <- err
}

func dial(address string) string {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err.Error()
	}
	defer connection.Close()
	told, err := io.ReadAll(connection)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s: %s", connection.RemoteAddr(), told)
}

func main() {
	if os.Args[1] == "serve" {
		done := make(chan error)
		go serve("tcp4", ":8001", done)
		go serve("tcp", ":8000", done)
		fmt.Println(<-done)
		os.Exit(1)
	}
	for _, address := range os.Args[2:] {
		name, _, _ := net.SplitHostPort(address)
		addresses, err := net.LookupHost(name)
		sort.Strings(addresses)
		fmt.Println(name, strings.Join(addresses, " "), err)
		fmt.Println(dial(address))
	}
}
