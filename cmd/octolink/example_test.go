package main

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// The command line as a function: what a person types, what he gets.
func Example() {
	code := run(context.Background(), []string{"check", "--config", "testdata/bad/secrets.yaml"}, strings.NewReader(""), os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// testdata/bad/secrets.yaml:2:20: password and password_file exclude each other
	// testdata/bad/secrets.yaml:3:35: password_file: stat testdata/bad/missing.txt: no such file or directory
	// testdata/bad/secrets.yaml:4:34: password_file: testdata/bad/empty.txt is empty
	// testdata/bad/secrets.yaml:5:31: user dmitry: webphone needs user, password and port
	// testdata/bad/secrets.yaml:5:56: password_file: read testdata/bad: not a file
	// testdata/bad/secrets.yaml:6:20: unknown key "login_file"
	// exit code 2
}
