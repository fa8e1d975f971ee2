// A static Go HTTP server and client: one body for each request, many at once; prints what arrived.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

func fetch(address string, total *int, lock *sync.Mutex) {
	client := &http.Client{Transport: &http.Transport{}}
	for i := 0; i < 5; i++ {
		response, err := client.Get("http://" + address + "/")
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		lock.Lock()
		*total += len(body)
		lock.Unlock()
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	body := make([]byte, 300000)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(body) }))
	var group sync.WaitGroup
	var lock sync.Mutex
	total := 0
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			fetch(listener.Addr().String(), &total, &lock)
		}()
	}
	group.Wait()
	fmt.Println(total)
	if _, err := net.Dial("tcp", "127.0.0.1:1"); err != nil {
		fmt.Println(err)
	}
}
