package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	// selfValidity stays under the 398 days browsers accept at most.
	selfValidity = 365 * 24 * time.Hour
	// selfRenew is how long before its end a self-signed certificate is made anew.
	selfRenew = 30 * 24 * time.Hour
)

// openSelf serves a certificate signed by itself, kept over restarts so that
// an exception granted in a browser stays good.
func openSelf(dir string, hosts []string) (*Source, error) {
	hosts = unique(hosts)
	if len(hosts) == 0 {
		return nil, errNoHosts
	}
	pair, err := loadSelf(dir, hosts)
	if err != nil {
		if pair, err = makeSelf(dir, hosts); err != nil {
			return nil, err
		}
	}
	get := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair, nil }
	return &Source{config: serverConfig(get)}, nil
}

func selfFiles(dir string) (cert, key string) {
	return filepath.Join(dir, "self.crt"), filepath.Join(dir, "self.key")
}

func loadSelf(dir string, hosts []string) (*tls.Certificate, error) {
	cert, key := selfFiles(dir)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("certificates: load the self-signed pair: %w", err)
	}
	if time.Until(pair.Leaf.NotAfter) < selfRenew {
		return nil, fmt.Errorf("certificates: %s ends %s", cert, pair.Leaf.NotAfter)
	}
	for _, host := range hosts {
		if err := pair.Leaf.VerifyHostname(host); err != nil {
			return nil, fmt.Errorf("certificates: %s is not for %s: %w", cert, host, err)
		}
	}
	return &pair, nil
}

func makeSelf(dir string, hosts []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certificates: make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("certificates: make a serial number: %w", err)
	}
	leaf := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Palabre " + hosts[0]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(selfValidity),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, &leaf, &leaf, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("certificates: sign: %w", err)
	}
	return saveSelf(dir, der, key)
}

func saveSelf(dir string, der []byte, key *ecdsa.PrivateKey) (*tls.Certificate, error) {
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("certificates: encode the key: %w", err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	certFile, keyFile := selfFiles(dir)
	if err := os.WriteFile(keyFile, keyPEM, 0o600); err != nil {
		return nil, fmt.Errorf("certificates: keep the key: %w", err)
	}
	if err := os.WriteFile(certFile, certPEM, 0o600); err != nil {
		return nil, fmt.Errorf("certificates: keep the certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	return &pair, nil
}
