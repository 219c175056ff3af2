// Package sdk is what the author of a plugin imports.
//
//	func main() {
//		sdk.Serve(sdk.Plugin{Name: "hello", Version: "1.0.0", Summary: "Greets."},
//			sdk.Method("greet", "Greets somebody.", greet))
//	}
//
//	type GreetIn struct {
//		Name string `crm:"name,required" doc:"who is greeted"`
//	}
//	type GreetOut struct {
//		Text string `crm:"text" doc:"the greeting"`
//	}
//
//	func greet(ctx context.Context, in GreetIn) (GreetOut, error) {
//		return GreetOut{Text: "Hello, " + in.Name}, nil
//	}
//
// The structs give the catalogue, the decoding, the checks and the texts that an operator sees. Fields
// are strings, bools, numbers, [time.Time], slices, structs, pointers (nil: absent) and any; the tag
// "choices" lists what may be chosen: `choices:"new=New customer,vip=VIP"`.
//
// A plugin may offer more than methods, each with a [Part]: forms, web pages, reactions to events at the
// telephones; with [PBX] it is the telephone system itself. What the server does for it in turn is a [Host].
//
// Methods run at the same time, each in a goroutine; one that panics fails alone. Their context ends
// when nobody wants the answer any more.
package sdk
