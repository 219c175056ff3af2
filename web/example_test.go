package web_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/octolink/octolink/web"
)

// The page and the health checks are there without any other part.
func Example() {
	s := httptest.NewServer(web.New(web.Options{}).Public())
	defer s.Close()
	for _, path := range []string{"/", "/healthz", "/upload"} {
		r, err := s.Client().Get(s.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Body.Close()
		fmt.Println(path, r.StatusCode)
	}
	// Output:
	// / 200
	// /healthz 200
	// /upload 404
}
