package main

import (
	"crypto/tls"
	"crypto/x509"
)

// checkLinkTLS looks at certificates: modes without TLS have none, and only where we listen there
// are client certificates to judge.
func (k *checker) checkLinkTLS(l *Link, owner string) {
	t := &l.TLS
	switch t.ClientAuth {
	case "none", "request", "require":
	default:
		k.fault(&t.ClientAuth, "%s: tls.client_auth: want none, request or require, got %q", owner, cut(t.ClientAuth))
		return
	}
	judges := t.ClientAuth != "none"
	switch given := t.Cert != "" || t.Key != "" || t.CA != "" || judges || len(t.Subjects) > 0; {
	case given && !l.secure():
		k.fault(t, "%s: mode %s has no use for tls", owner, l.Mode)
		return
	case judges && !l.listens():
		k.fault(&t.ClientAuth, "%s: tls.client_auth is for the mode wss-in", owner)
	case judges && t.CA == "":
		k.fault(&t.ClientAuth, "%s: tls.client_auth needs ca: who has issued the certificates that are believed", owner)
	case l.listens() && !judges && t.CA != "":
		k.fault(&t.CA, "%s: tls.ca is for client certificates, and client_auth is none", owner)
	case !judges && len(t.Subjects) > 0:
		k.fault(&t.Subjects, "%s: tls.subjects are those of client certificates, and client_auth is none", owner)
	}
	k.checkKeyPair(t, &t.Cert, &t.Key, owner+": tls")
	k.checkCA(t, owner)
}

// checkKeyPair reads a certificate and its key. section is where it stands when one is missing.
func (k *checker) checkKeyPair(section any, certFile, keyFile *string, key string) {
	if *certFile == "" && *keyFile == "" {
		return
	}
	if *certFile == "" || *keyFile == "" {
		k.fault(section, "%s: cert and key belong together, one is missing", key)
		return
	}
	cert, err := readSmall(*certFile, maxPEM)
	if err != nil {
		k.fault(certFile, "%s.cert: %v", key, err)
	}
	secret, keyErr := readSmall(*keyFile, maxPEM)
	if keyErr != nil {
		k.fault(keyFile, "%s.key: %v", key, keyErr)
	}
	if err != nil || keyErr != nil {
		return
	}
	if _, err := tls.X509KeyPair(cert, secret); err != nil {
		k.fault(section, "%s: %v", key, err)
	}
}

// maxPEM bounds a file of certificates.
const maxPEM = 1 << 20

func (k *checker) checkCA(t *LinkTLS, owner string) {
	if t.CA == "" {
		return
	}
	text, err := readSmall(t.CA, maxPEM)
	if err != nil {
		k.fault(&t.CA, "%s: tls.ca: %v", owner, err)
	} else if !x509.NewCertPool().AppendCertsFromPEM(text) {
		k.fault(&t.CA, "%s: tls.ca: %s has no certificate in PEM", owner, t.CA)
	}
}
