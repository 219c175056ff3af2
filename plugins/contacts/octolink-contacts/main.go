// Command octolink-contacts is the contacts plugin as a program of its own.
package main

import (
	"github.com/octolink/octolink/plugins/contacts"
	"github.com/octolink/octolink/plugins/sdk"
)

func main() { sdk.Serve(contacts.About(), contacts.Parts()...) }
