package peers

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// The servers of a measurement.
const (
	octolink = "octolink"
	bun      = "bun"
	gobwas   = "gobwas"
	nodeWS   = "node ws"
	echo     = "epoll echo"
)

// A kind is a server that can be started.
type kind struct {
	name string
	argv func(port int) []string
}

// findPeers gives the peers that are installed in a folder, and a sentence for each that is not.
func findPeers(ctx context.Context, dir, answers string) (found map[string]kind, missing []string) {
	found = make(map[string]kind)
	add := func(name, why string, program string, args ...string) {
		if program == "" {
			missing = append(missing, name+" is left out: "+why)
			return
		}
		found[name] = kind{name, func(port int) []string {
			argv := append([]string{program}, args...)
			argv = append(argv, strconv.Itoa(port))
			if name != echo {
				argv = append(argv, answers)
			}
			return argv
		}}
	}
	add(bun, "its npm package is not installed, or does not run here", findBun(ctx, dir), filepath.Join(dir, "bun", "server.js"))
	add(gobwas, "it is not built", existing(filepath.Join(dir, "bin", "gobwas")))
	add(nodeWS, "node or its npm package ws is not installed", findNode(dir), filepath.Join(dir, "ws", "server.js"))
	add(echo, "it is not built", existing(filepath.Join(dir, "bin", "echo")))
	return found, missing
}

// findBun looks for the program in the package of this machine's kind: which of them npm has
// installed is npm's choice, and which of those runs is seen when it is asked.
func findBun(ctx context.Context, dir string) string {
	programs, _ := filepath.Glob(filepath.Join(dir, "bun", "node_modules", "@oven", "bun-*", "bin", "bun"))
	for _, p := range programs {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := exec.CommandContext(ctx, p, "--version").Run() //nolint:gosec // the peer to compare with
		cancel()
		if err == nil {
			return p
		}
	}
	return ""
}

func findNode(dir string) string {
	node, err := exec.LookPath("node")
	if err != nil || existing(filepath.Join(dir, "ws", "node_modules", "ws")) == "" {
		return ""
	}
	return node
}

// existing is a path, or "" when nothing is there.
func existing(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
