package events

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Secrets are what a webhook's requests are signed with. There is one for each signature, so that backends
// can go over to another secret one by one.
type Secrets [][]byte

const (
	secretPrefix   = "whsec_" // by the Standard Webhooks specification
	shortestSecret = 24       // octets, by the same
	longestSecret  = 64
	mostSecrets    = 5
)

const makeSecret = `make one with: echo "whsec_$(openssl rand -base64 32)"`

// ReadSecrets reads the secrets of a file, one in a line: base64 of 24 to 64 octets, with or without the
// prefix whsec_. Empty lines, and those that begin with #, do not count. Errors do not tell the secret.
func ReadSecrets(file string) (Secrets, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the webhook's secret: %w", err)
	}
	secrets, err := parseSecrets(string(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w; %s", file, err, makeSecret)
	}
	return secrets, nil
}

func parseSecrets(content string) (Secrets, error) {
	var all Secrets
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, secretPrefix))
		switch {
		case err != nil:
			return nil, fmt.Errorf("the webhook's secret in line %d is not base64", number)
		case len(secret) < shortestSecret || len(secret) > longestSecret:
			return nil, fmt.Errorf("the webhook's secret in line %d has %d octets and needs %d to %d", number, len(secret), shortestSecret, longestSecret)
		case len(all) == mostSecrets:
			return nil, fmt.Errorf("there are more than %d secrets", mostSecrets)
		}
		all = append(all, secret)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no secret in it")
	}
	return all, nil
}

// sign returns the webhook-signature field of a request: a signature by each secret.
func (s Secrets) sign(id string, unix int64, body []byte) string {
	signatures := make([]string, 0, len(s))
	for _, secret := range s {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + strconv.FormatInt(unix, 10) + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " ")
}
