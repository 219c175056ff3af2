package certs_test

import (
	"crypto/tls"
	"fmt"
	"os"

	"github.com/octolink/octolink/certs"
)

// A server makes its certificate on the first start and tells the operator how to recognise it.
func ExampleLoadOrMake() {
	dir, err := os.MkdirTemp("", "certs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	r, err := certs.LoadOrMake(dir, []string{"pbx.example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	config := r.TLS()
	fmt.Println(tls.VersionName(config.MinVersion), "or newer for", r.Leaf().DNSNames[0])
	fmt.Println("fingerprint of", len(r.Fingerprint()), "characters")
	// Output:
	// TLS 1.2 or newer for localhost
	// fingerprint of 95 characters
}
