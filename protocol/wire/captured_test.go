package wire_test

import (
	"reflect"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// captured are frames as a live server and real peers send them [P 0.4], with other ids; each is compact, so it must
// come out as it went in.
var captured = []struct {
	frame, name, qid, login, user string
}{
	{`["iam",{"version":"000000","qid":"E0F01081-5C2B-4E8A","build":"0000","type":"commserver","name":"Oktell"}]`,
		"iam", `"E0F01081-5C2B-4E8A"`, "", ""},
	{`["getavailableforms",{"qid":"42445d3c-aa2c"}]`, "getavailableforms", `"42445d3c-aa2c"`, "", ""},
	{`["availableforms",{"qid":"42445d3c-aa2c","forms":[{"key":"card","name":"Карточка","description":"a <b>form</b>","allowcancel":false,"defineuser":true,"connectiontype":"websocket","inputparams":[{"key":"code","name":"Раздел","description":"line\none","type":"list","items":[{"id":"Task","name":"Задача"}]}],"outputparams":[null]}]}]`,
		"availableforms", `"42445d3c-aa2c"`, "", ""},
	{`["executemethod",{"qid":"4A8E20A1","methodkey":"find","inputparameters":{"type":"byphone","data":"79260000000"},"sessionid":"2A2C48FE"}]`,
		"executemethod", `"4A8E20A1"`, "", ""},
	{`["showform",{"qid":"5CF770AE","userlogin":"admin","userid":"08a46f5d-0001","formkey":"card","windowid":"w-1","inputparameters":{"code":"Account"}}]`,
		"showform", `"5CF770AE"`, "admin", "08a46f5d-0001"},
	{`["loginresult",{"qid":"e5dcc1f7","userid":"08a46f5d-0001","userlogin":"admin","result":1}]`,
		"loginresult", `"e5dcc1f7"`, "admin", "08a46f5d-0001"},
	{`["getpbxnumbersresult",{"qid":"810E56A1","userid":"","userlogin":"","mode":"full","numbers":[{"type":"0","typestr":"intRule","number":"556","state":"0","statestr":"usDisconnected","isgroup":false,"caption":"admin"},{"type":3,"typestr":"intIVR","number":"333","state":5,"isgroup":true,"caption":"тест"}]}]`,
		"getpbxnumbersresult", `"810E56A1"`, "", ""},
	{`["userstatechanged",{"userlogin":"admin","userid":"08a46f5d-0001","qid":"q","userstateid":"1","userstate":"1","userstatestr":"usReady","onlunch":false}]`,
		"userstatechanged", `"q"`, "admin", "08a46f5d-0001"},
	{`["shownotifymessage",{"userlogin":"admin","qid":"n","type":262144,"dt":"09.10.2012 09:42:33","autohide":true,"savedb":false}]`,
		"shownotifymessage", `"n"`, "admin", ""},
	{`["ping",{"qid":"0.8433171","count":5}]`, "ping", `"0.8433171"`, "", ""},
	{`["methodresult",{"qid":7,"executionid":null,"outputparameters":[]}]`, "methodresult", "7", "", ""},
	{`["execpredefineddbstoredprocresult",{"qid":"0.21","result":1,"errorcode":0,"dataset":[[["id","name"],[1,"Sales"],[2.50,"Support"]]]}]`,
		"execpredefineddbstoredprocresult", `"0.21"`, "", ""},
}

func TestCapturedFrames(t *testing.T) {
	for _, c := range captured {
		t.Run(c.name, func(t *testing.T) {
			m, err := wire.Decode(wire.JSON, []byte(c.frame), wire.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if m.Name != c.name || string(m.QID) != c.qid || m.UserLogin != c.login || m.UserID != c.user {
				t.Errorf("got %q %q %q %q, want %q %q %q %q", m.Name, m.QID, m.UserLogin, m.UserID, c.name, c.qid, c.login, c.user)
			}
			tree, err := m.Tree()
			if err != nil {
				t.Fatal(err)
			}
			again, err := wire.Append(nil, wire.JSON, m.Name, "", tree)
			if err != nil || string(again) != c.frame {
				t.Errorf("got %s, %v, want %s", again, err, c.frame)
			}
			throughXML(t, m, tree, c.frame)
		})
	}
}

// throughXML takes a message to XML and back; it must be the same frame.
func throughXML(t *testing.T, m wire.Message, tree wire.Object, frame string) {
	t.Helper()
	x, err := m.AppendTo(nil, wire.XML)
	if err != nil {
		t.Fatal(err)
	}
	back, err := wire.Decode(wire.XML, x, wire.Limits{})
	if err != nil {
		t.Fatalf("%v in %s", err, x)
	}
	if back.QID != m.QID || back.Name != m.Name || back.UserLogin != m.UserLogin || back.UserID != m.UserID {
		t.Errorf("got %+v, want %+v", back, m)
	}
	if got, err := back.Tree(); err != nil || !reflect.DeepEqual(got, tree) {
		t.Errorf("got %v, %v, want %v", got, err, tree)
	}
	if got, err := back.AppendTo(nil, wire.JSON); err != nil || string(got) != frame {
		t.Errorf("got %s, %v, want %s", got, err, frame)
	}
}

type numberRow struct {
	Number string `wire:"number" doc:"d"`
	State  int    `wire:"state" doc:"d"`
	Group  bool   `wire:"isgroup" doc:"d"`
}

type numbersOut struct {
	Mode    string      `wire:"mode" doc:"d"`
	Caption string      `wire:"caption,omitempty" doc:"d"`
	Numbers []numberRow `wire:"numbers" doc:"d"`
	Version struct {
		Dated int    `wire:"dated" doc:"d"`
		Build string `wire:"build" doc:"d"`
	} `wire:"version" doc:"d"`
	Reason *int     `wire:"lunchreasonid" doc:"d"`
	Links  []string `wire:"links" doc:"d"`
}

func TestBytesOfFrames(t *testing.T) {
	full := numbersOut{Mode: "full", Caption: "two\nlines", Numbers: []numberRow{{"101", 1, false}, {"700", 5, true}}}
	full.Version.Dated, full.Version.Build = 150416, `2.13 "r"`
	tests := []struct {
		name, method string
		qid          wire.Token
		v            any
		json, xml    string
	}{
		{"bare", "pong", `"0.11"`, nil,
			`["pong",{"qid":"0.11"}]`,
			`<data name="pong" count="1"><property_set name="params"><property_simple key="qid" value="0.11"/></property_set></data>`},
		{"qid that is a number", "pong", `11`, nil,
			`["pong",{"qid":11}]`,
			`<data name="pong" count="1"><property_set name="params"><property_simple key="qid" value="11" type="int"/></property_set></data>`},
		{"a frame that was no message", "error", "", wire.Object{{"result", 0}, {"error", 400}, {"errorcode", 400}, {"errormsg", "no"}},
			`["error",{"result":0,"error":400,"errorcode":400,"errormsg":"no"}]`,
			`<data name="error" count="1"><property_set name="params"><property_simple key="result" value="0" type="int"/><property_simple key="error" value="400" type="int"/><property_simple key="errorcode" value="400" type="int"/><property_simple key="errormsg" value="no"/></property_set></data>`},
		{"a struct", "getpbxnumbersresult", `"8F0C"`, &full,
			`["getpbxnumbersresult",{"qid":"8F0C","mode":"full","caption":"two\nlines","numbers":[{"number":"101","state":1,"isgroup":false},{"number":"700","state":5,"isgroup":true}],"version":{"dated":150416,"build":"2.13 \"r\""},"lunchreasonid":null,"links":[]}]`,
			`<data name="getpbxnumbersresult" count="1"><property_set name="params"><property_simple key="qid" value="8F0C"/><property_simple key="mode" value="full"/><property_cdata key="caption"><![CDATA[two` + "\n" + `lines]]></property_cdata><property_collection name="numbers" count="2"><property_set><property_simple key="number" value="101"/><property_simple key="state" value="1" type="int"/><property_simple key="isgroup" value="0" type="bool"/></property_set><property_set><property_simple key="number" value="700"/><property_simple key="state" value="5" type="int"/><property_simple key="isgroup" value="1" type="bool"/></property_set></property_collection><property_set name="version"><property_simple key="dated" value="150416" type="int"/><property_simple key="build" value="2.13 &quot;r&quot;"/></property_set><property_simple key="lunchreasonid" value="" type="null"/><property_collection name="links" count="0"></property_collection></property_set></data>`},
		{"datasets", "r", `"1"`, wire.Object{{"dataset", wire.List{wire.List{wire.List{"id", "name"}, wire.List{1, "Sales"}}}}},
			`["r",{"qid":"1","dataset":[[["id","name"],[1,"Sales"]]]}]`,
			`<data name="r" count="1"><property_set name="params"><property_simple key="qid" value="1"/><property_collection name="dataset" count="1"><property_collection count="2"><property_collection count="2"><property_simple key="" value="id"/><property_simple key="" value="name"/></property_collection><property_collection count="2"><property_simple key="" value="1" type="int"/><property_simple key="" value="Sales"/></property_collection></property_collection></property_collection></property_set></data>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wire.Append(nil, wire.JSON, tt.method, tt.qid, tt.v)
			if err != nil || string(got) != tt.json {
				t.Errorf("got %s, %v, want %s", got, err, tt.json)
			}
			want := `<?xml version="1.0" encoding="utf-8"?><oktellxmlmapper version="80710">` + tt.xml + `</oktellxmlmapper>`
			got, err = wire.Append(nil, wire.XML, tt.method, tt.qid, tt.v)
			if err != nil || string(got) != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		})
	}
}
