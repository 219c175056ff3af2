package main

import _ "embed"

// demoYAML is the configuration of a server that was started without one.
//
//go:embed demo.yaml
var demoYAML []byte
