package sdk

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	contract "github.com/octolink/octolink/plugins/proto"
)

// identify gives the plugin a certificate, when the server wants one: the configuration for go-plugin, and
// what goes behind the greeting. go-plugin would make one of its own otherwise, which takes longer.
func identify() (provider func() (*tls.Config, error), greeting string, err error) {
	peer := os.Getenv(contract.ClientCert)
	if peer == "" {
		return nil, "", nil
	}
	own, err := contract.Identity()
	if err != nil {
		return nil, "", err
	}
	c, err := contract.MutualTLS(own, peer)
	if err != nil {
		return nil, "", err
	}
	return func() (*tls.Config, error) { return c, nil }, base64.RawStdEncoding.EncodeToString(own.Certificate[0]), nil
}

// greet puts a certificate behind the greeting that go-plugin is about to print: it prints it to os.Stdout,
// and then takes that for the output of the plugin.
func greet(certificate string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	stdout := os.Stdout
	os.Stdout = w
	go func() {
		line, err := bufio.NewReader(r).ReadString('\n')
		if err != nil {
			return // the process ends
		}
		// The sixth field is the certificate's; another may follow.
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(fields) > 5 {
			fields[5] = certificate
		}
		fmt.Fprintln(stdout, strings.Join(fields, "|"))
	}()
	return nil
}
