package transports_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Both kinds of connections are under the same tests: each that serves connections runs over what the
// system has, event loops on Linux, and once more over a goroutine for each.
var overBothKinds = map[string]func(*testing.T){
	"TestAcceptedHandshakes": TestAcceptedHandshakes,
	"TestAttach":             TestAttach,
	"TestBigMessages":        TestBigMessages,
	"TestBytesAfterTheHandshakeBelongToTheChannel": TestBytesAfterTheHandshakeBelongToTheChannel,
	"TestCloseDoesNotWaitForAPeerThatNeverReads":   TestCloseDoesNotWaitForAPeerThatNeverReads,
	"TestDialIsRefused":                            TestDialIsRefused,
	"TestHandshakeStorm":                           TestHandshakeStorm,
	"TestTheServerEndsUnderThousands":              TestTheServerEndsUnderThousands,
	"TestFramePiecesAreJoinedOnTheWire":            TestFramePiecesAreJoinedOnTheWire,
	"TestFraming":                                  TestFraming,
	"TestFramingByteByByte":                        TestFramingByteByByte,
	"TestHowConnectionsEnd":                        TestHowConnectionsEnd,
	"TestIdleConnectionsAreSmall":                  TestIdleConnectionsAreSmall,
	"TestLinkCertificatesAreExchanged":             TestLinkCertificatesAreExchanged,
	"TestLinkChoosesTheFormat":                     TestLinkChoosesTheFormat,
	"TestLinkClientCertificates":                   TestLinkClientCertificates,
	"TestLinkDrains":                               TestLinkDrains,
	"TestLinkEnds":                                 TestLinkEnds,
	"TestLinkGuessesBecomeSlowPerAddress":          TestLinkGuessesBecomeSlowPerAddress,
	"TestLinkPlainOnTheTLSPort":                    TestLinkPlainOnTheTLSPort,
	"TestLinkRefusesHandshakes":                    TestLinkRefusesHandshakes,
	"TestLinkSlowPeers":                            TestLinkSlowPeers,
	"TestLogoutClosesAfterItsReply":                TestLogoutClosesAfterItsReply,
	"TestManyPingsAreAnsweredByTheLatest":          TestManyPingsAreAnsweredByTheLatest,
	"TestModes":                                    TestModes,
	"TestOpenMayWriteAndClose":                     TestOpenMayWriteAndClose,
	"TestPeerThatNeverReads":                       TestPeerThatNeverReads,
	"TestPingsKeepTheChannelAlive":                 TestPingsKeepTheChannelAlive,
	"TestPipelinedRequestsAreAnsweredInOrder":      TestPipelinedRequestsAreAnsweredInOrder,
	"TestQueryIsNeverLogged":                       TestQueryIsNeverLogged,
	"TestRaceOfWriteCloseAndTheEnd":                TestRaceOfWriteCloseAndTheEnd,
	"TestRefusedHandshakes":                        TestRefusedHandshakes,
	"TestSlowHandshakeIsCutOff":                    TestSlowHandshakeIsCutOff,
	"TestSlowPeerGetsEverythingInOrder":            TestSlowPeerGetsEverythingInOrder,
	"TestStreamCloses":                             TestStreamCloses,
	"TestTLS":                                      TestTLS,
	"TestTooManyConnections":                       TestTooManyConnections,
	"TestUnknownSubprotocolIsNotServed":            TestUnknownSubprotocolIsNotServed,
	"TestWaitEndsWithItsContext":                   TestWaitEndsWithItsContext,
}

func TestOverGoroutines(t *testing.T) {
	for name, test := range overBothKinds {
		t.Run(strings.TrimPrefix(name, "Test"), test)
	}
}

// overGoroutines reports whether a test wants a goroutine for each connection.
func overGoroutines(t testing.TB) bool { return strings.HasPrefix(t.Name(), "TestOverGoroutines/") }

// A new test that serves connections must be in the table, unless it is one of the loops alone.
func TestNoneIsForgotten(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_linux_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") || !serves(f) {
				continue
			}
			if overBothKinds[f.Name.Name] == nil {
				t.Errorf("%s: %s serves connections and is not in the table of both kinds", name, f.Name.Name)
			}
		}
	}
}

// serves reports whether a test calls what makes a listener for WebSocket connections.
func serves(f *ast.FuncDecl) (yes bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if name, ok := call.Fun.(*ast.Ident); ok && (name.Name == "serve" || name.Name == "serveLink") {
				yes = true
			}
		}
		return !yes
	})
	return yes
}
