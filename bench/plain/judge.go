// The plain way to judge a cluster: read every host's tables in full and compare them with the node list.
//
//	judge FOLDER
//
// FOLDER/nodes.txt has a line for each node: name, pod CIDR, tunnel IP, MAC, underlay IP. FOLDER/NAME.gz is
// what `ip neigh`, `bridge fdb` and `ip route` printed for flannel.1 on that node, gzipped. It prints each
// entry that is missing or wrong, and at the end, on a line of its own, what this took.
package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

type node struct{ name, podCidr, tunnelIP, mac, underlayIP string }

// What one host holds: by tunnel IP, by MAC and by pod CIDR.
type tables struct{ neighbours, fdb, routes map[string]string }

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: judge FOLDER"))
	}
	nodes, err := readNodes(filepath.Join(os.Args[1], "nodes.txt"))
	if err != nil {
		fail(err)
	}
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*.gz"))
	if err != nil {
		fail(err)
	}
	setUp, _ := used()
	wrong := 0
	for _, file := range files {
		held, err := readTables(file, len(nodes))
		if err != nil {
			fail(err)
		}
		wrong += judge(strings.TrimSuffix(filepath.Base(file), ".gz"), held, nodes)
	}
	all, peak := used()
	fmt.Printf(`{"hosts":%d,"wrong":%d,"setUpMilliseconds":%.3f,"hostsMilliseconds":%.3f,"peakBytes":%d}`+"\n",
		len(files), wrong, setUp, all-setUp, peak)
}

func judge(observer string, held tables, nodes []node) int {
	wrong := 0
	compare := func(table, key, want, found string) {
		if found != want {
			wrong++
			fmt.Printf("%s: %s of %s: want %s, found %q\n", observer, table, key, want, found)
		}
	}
	for _, peer := range nodes {
		if peer.name == observer {
			continue
		}
		compare("neighbour", peer.tunnelIP, peer.mac+" PERMANENT", held.neighbours[peer.tunnelIP])
		compare("fdb", peer.mac, peer.underlayIP, held.fdb[peer.mac])
		compare("route", peer.podCidr, peer.tunnelIP, held.routes[peer.podCidr])
	}
	return wrong
}

// Lines of the three tables are told apart by their second word: lladdr, dst and via.
func readTables(file string, size int) (tables, error) {
	held := tables{make(map[string]string, size), make(map[string]string, size), make(map[string]string, size)}
	source, err := os.Open(file)
	if err != nil {
		return held, err
	}
	defer source.Close()
	unpacked, err := gzip.NewReader(source)
	if err != nil {
		return held, err
	}
	lines := bufio.NewScanner(unpacked)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		for at := 1; at+1 < len(words); at++ {
			switch words[at] {
			case "lladdr":
				held.neighbours[words[0]] = words[at+1] + " " + words[len(words)-1]
			case "dst":
				held.fdb[words[0]] = words[at+1]
			case "via":
				held.routes[words[0]] = words[at+1]
			}
		}
	}
	return held, lines.Err()
}

func readNodes(file string) ([]node, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var nodes []node
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		words := strings.Fields(line)
		if len(words) != 5 {
			return nil, fmt.Errorf("%s: not five words: %q", file, line)
		}
		nodes = append(nodes, node{words[0], words[1], words[2], words[3], words[4]})
	}
	return nodes, nil
}

// Processor time so far in milliseconds, and peak memory in bytes. Linux counts it in kibibytes.
func used() (float64, int64) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	milliseconds := func(time syscall.Timeval) float64 {
		return float64(time.Sec)*1000 + float64(time.Usec)/1000
	}
	return milliseconds(usage.Utime) + milliseconds(usage.Stime), usage.Maxrss * 1024
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
