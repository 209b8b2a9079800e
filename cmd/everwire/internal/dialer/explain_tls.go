package dialer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

func explainTLS(err error, address string) string {
	var (
		name      x509.HostnameError
		unknown   x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		verifying *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &name):
		return explainName(name, address)
	case errors.As(err, &unknown):
		return explainUnknown(err, address)
	case errors.As(err, &invalid):
		return explainInvalid(invalid, address)
	case errors.As(err, &verifying):
		return fmt.Sprintf("the certificate of %s cannot be trusted (%s): give --cacert FILE, or -k to connect all the same", address, verifying.Err)
	case errors.As(err, &record):
		return address + " does not speak TLS at this port: use ws:// instead of wss://"
	case errors.As(err, &alert):
		return explainAlert(alert.Error(), address)
	}
	// An alert that came from the peer is a net.OpError around one that has no public type.
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return explainAlert(op.Err.Error(), address)
	}
	return ""
}

func explainName(e x509.HostnameError, address string) string {
	names := append([]string{}, e.Certificate.DNSNames...)
	for _, ip := range e.Certificate.IPAddresses {
		names = append(names, ip.String())
	}
	of := "for no name at all"
	if len(names) > 0 {
		more := ""
		if len(names) > 5 {
			names, more = names[:5], " and others"
		}
		of = "for " + clip(strings.Join(names, ", "), 300) + more
	}
	return fmt.Sprintf("the certificate of %s is %s, not for %s: use the right name, or say whose to expect with --servername", address, of, e.Host)
}

func explainUnknown(err error, address string) string {
	self := "its issuer is unknown to this machine"
	var verifying *tls.CertificateVerificationError
	if errors.As(err, &verifying) && len(verifying.UnverifiedCertificates) == 1 {
		if c := verifying.UnverifiedCertificates[0]; c.Subject.String() == c.Issuer.String() {
			self = "it is signed by itself"
		}
	}
	return fmt.Sprintf("the certificate of %s is not trusted: %s; give --cacert FILE with its issuer, or -k to connect all the same", address, self)
}

func explainInvalid(e x509.CertificateInvalidError, address string) string {
	if e.Reason != x509.Expired {
		return fmt.Sprintf("the certificate of %s is not valid (%s): give -k to connect all the same", address, strings.TrimPrefix(e.Error(), "x509: "))
	}
	if time.Now().Before(e.Cert.NotBefore) {
		return fmt.Sprintf("the certificate of %s is not valid before %s: is this machine's clock right?", address, e.Cert.NotBefore.Format(time.DateTime))
	}
	return fmt.Sprintf("the certificate of %s expired on %s: it must be renewed; give -k to connect all the same",
		address, e.Cert.NotAfter.Format(time.DateOnly))
}

// explainAlert is for what the server has to say against this end's part of TLS, in the words of crypto/tls.
func explainAlert(alert, address string) string {
	alert = strings.TrimPrefix(alert, "tls: ")
	switch alert {
	case "certificate required", "bad certificate", "unknown certificate", "unknown certificate authority", "expired certificate":
		return fmt.Sprintf("%s wants a client's certificate that it trusts (%s): give --cert FILE and --key FILE", address, alert)
	case "unrecognized name":
		return address + " has no certificate for this name: check the URL's host, or give --servername"
	}
	return fmt.Sprintf("%s refused the TLS handshake (%s): it may want another TLS version, --servername or --cert", address, alert)
}
