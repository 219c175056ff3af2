package wire_test

import (
	"fmt"

	"github.com/octolink/octolink/protocol/wire"
)

type transferIn struct {
	Number string `wire:"number,required" doc:"where the call goes"`
	Line   int    `wire:"line" doc:"which line"`
}

type transferOut struct {
	Result int    `wire:"result" doc:"1 on success"`
	CallID string `wire:"callid,omitempty" doc:"the call that goes on"`
}

func Example() {
	frame := []byte(`["pbxmaketransfer",{"number":104,"line":"1","qid":"0.12"}]`)
	m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var in transferIn
	if err := m.Unmarshal(&in); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Name, in.Number, in.Line)
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		reply, err := wire.Append(nil, f, m.Name+"result", m.QID, transferOut{Result: 1})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(string(reply))
	}
	// Output:
	// pbxmaketransfer 104 1
	// ["pbxmaketransferresult",{"qid":"0.12","result":1}]
	// <?xml version="1.0" encoding="utf-8"?><oktellxmlmapper version="80710"><data name="pbxmaketransferresult" count="1"><property_set name="params"><property_simple key="qid" value="0.12"/><property_simple key="result" value="1" type="int"/></property_set></data></oktellxmlmapper>
}

// The fields of an event are encoded once; each receiver's frame has its own head.
func ExampleAppendFields_shared() {
	body, err := wire.AppendFields(nil, wire.JSON, wire.Object{{Key: "state", Value: 5}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, qid := range []string{"a", "b"} {
		head := wire.AppendHead(nil, wire.JSON, "userstatechanged", wire.Text(qid))
		fmt.Printf("%s%s%s\n", head, body, wire.AppendTail(nil, wire.JSON))
	}
	// Output:
	// ["userstatechanged",{"qid":"a","state":5}]
	// ["userstatechanged",{"qid":"b","state":5}]
}
