package crmsim_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/octolink/octolink/crmsim"
)

// A CRM behind an HTTP address, asked for a dynamic method as octolink does it.
func Example() {
	script, err := crmsim.ParseScript([]byte(`
methods:
  - key: greet
    in: [{key: name}]
    out: [{key: text}]
    answers: [{out: {text: "hello, {{name}}"}}]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	crm := crmsim.New(crmsim.Options{Mode: crmsim.HTTP, Script: script})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error)
	go func() { done <- crm.Run(ctx) }()

	question := `["executemethod",{"qid":"1","methodkey":"greet","inputparameters":{"name":"Alice"}}]`
	resp, err := http.PostForm("http://"+crm.Addr(), url.Values{
		"format": {"json"}, "data": {base64.StdEncoding.EncodeToString([]byte(question))},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	fmt.Println(string(answer))
	stop()
	fmt.Println(<-done, crm.Stats().Runs)
	// Output:
	// ["methodresult",{"qid":"1","sessionid":null,"executionid":null,"methodkey":"greet","outputparameters":{"text":"hello, Alice"}}]
	// <nil> 1
}
