package sdk_test

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/plugins/sdk"
)

type greetIn struct {
	Name string `crm:"name,required" doc:"who is greeted"`
}

type greetOut struct {
	Text string `crm:"text" doc:"the greeting"`
}

func greet(_ context.Context, in greetIn) (greetOut, error) {
	return greetOut{Text: "Hello, " + in.Name}, nil
}

// A plugin's main function calls Serve with the same arguments.
func Example() {
	s, err := sdk.New(sdk.Plugin{Name: "hello", Version: "1.0.0"}, sdk.Method("greet", "Greets somebody.", greet))
	if err != nil {
		panic(err)
	}
	catalog, _ := s.Catalog(context.Background(), nil)
	for _, m := range catalog.GetMethods() {
		fmt.Println(m.GetKey(), m.GetIn()[0].GetKey(), m.GetDescription())
	}
	// Output: greet name Greets somebody.
}
