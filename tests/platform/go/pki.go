package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// writePKI fills a folder with what the control plane needs: a CA, the API server's certificate, the front proxy's
// CA and certificate, KWOK's certificate, the service accounts' key pair, and a client certificate (user "cert-admin").
func writePKI(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	ca, err := issue(folder, "ca", nil, &x509.Certificate{Subject: pkix.Name{CommonName: "tfdash-test"}, IsCA: true})
	if err != nil {
		return err
	}
	proxyCA, err := issue(folder, "fp-ca", nil, &x509.Certificate{Subject: pkix.Name{CommonName: "front-proxy"}, IsCA: true})
	if err != nil {
		return err
	}
	local := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	for _, leaf := range []struct {
		name   string
		parent *authority
		cert   *x509.Certificate
	}{
		{"apiserver", ca, &x509.Certificate{Subject: pkix.Name{CommonName: "apiserver"}, IPAddresses: local, DNSNames: names}},
		{"kwok", ca, &x509.Certificate{Subject: pkix.Name{CommonName: "kwok"}, IPAddresses: local, DNSNames: names}},
		{"fp", proxyCA, &x509.Certificate{Subject: pkix.Name{CommonName: "front-proxy-client"}}},
		{"cert-admin", ca, &x509.Certificate{Subject: pkix.Name{CommonName: "cert-admin", Organization: []string{"system:masters"}}}},
	} {
		if _, err := issue(folder, leaf.name, leaf.parent, leaf.cert); err != nil {
			return err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writeKey(folder, "sa", key); err != nil {
		return err
	}
	return write(folder, "sa.pub", "PUBLIC KEY", public)
}

func issue(folder, name string, parent *authority, cert *x509.Certificate) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	cert.SerialNumber = serial
	cert.NotBefore = time.Now().Add(-time.Hour)
	cert.NotAfter = time.Now().AddDate(1, 0, 0)
	cert.BasicConstraintsValid = true
	if cert.IsCA {
		cert.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	} else {
		cert.KeyUsage = x509.KeyUsageDigitalSignature
		cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	signer := authority{cert, key}
	if parent != nil {
		signer = *parent
	}
	raw, err := x509.CreateCertificate(rand.Reader, cert, signer.cert, &key.PublicKey, signer.key)
	if err != nil {
		return nil, err
	}
	issued, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	if err := write(folder, name+".crt", "CERTIFICATE", raw); err != nil {
		return nil, err
	}
	return &authority{issued, key}, writeKey(folder, name, key)
}

func writeKey(folder, name string, key *ecdsa.PrivateKey) error {
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return write(folder, name+".key", "EC PRIVATE KEY", raw)
}

func write(folder, name, kind string, raw []byte) error {
	return os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600)
}
