package proto

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"time"
)

// ClientCert is the environment variable in which a plugin finds the server's certificate, as PEM. A
// plugin that finds one answers with its own behind its greeting, as base64 of its DER, and from then on
// both take nobody else. That is go-plugin's AutoMTLS; only the keys are of another kind.
const ClientCert = "PLUGIN_CLIENT_CERT"

// Identity is a fresh key with its certificate, for one connection. It is ECDSA P-256: go-plugin's own P-521
// costs a start some 30 ms, which are spent on every restart.
func Identity() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name, Organization: []string{"octolink"}}, DNSNames: []string{name}, SerialNumber: serial,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().AddDate(30, 0, 0), // the process ends long before
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true, // each is the authority of its own
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// name is what both ends are called on the connection.
const name = "localhost"

// PEM is a certificate as the environment carries it.
func PEM(c tls.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
}

// MutualTLS takes nobody but who has the key of a certificate. With peer "" that is not known yet: nobody is
// taken until it is put into RootCAs and ClientCAs.
func MutualTLS(own tls.Certificate, peer string) (*tls.Config, error) {
	nobody := x509.NewCertPool()
	c := &tls.Config{
		Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, RootCAs: nobody, ClientCAs: nobody,
		ServerName: name, MinVersion: tls.VersionTLS12,
	}
	if peer == "" {
		return c, nil
	}
	known := x509.NewCertPool()
	if !known.AppendCertsFromPEM([]byte(peer)) {
		return nil, errors.New("the server's certificate is none")
	}
	c.RootCAs, c.ClientCAs = known, known
	return c, nil
}
