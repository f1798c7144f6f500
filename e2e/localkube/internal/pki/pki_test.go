package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
)

func TestIssuedCertificateVerifies(t *testing.T) {
	a, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Issue(Request{Name: "server", CommonName: "s", Organizations: []string{"o"}, Hosts: []string{"10.0.0.1", "a.test"}}); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(a.Path("server.crt"), a.Path("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	ca, _ := os.ReadFile(a.Path("ca.crt"))
	roots.AppendCertsFromPEM(ca)
	for _, host := range []string{"10.0.0.1", "a.test"} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if info, _ := os.Stat(a.Path("server.key")); info.Mode().Perm() != 0o600 {
		t.Errorf("key has mode %v", info.Mode())
	}
}
