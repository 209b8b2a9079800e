package auth

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// JWTOptions are for [JWT]. At least one file of keys must be named; each is read again when it changes.
type JWTOptions struct {
	// SecretFile is a secret that tokens are signed with, and checked with, by HS256: the octets of the file
	// but the line break at its end, 32 at least.
	SecretFile string

	// PublicKeyFile has public keys or certificates in PEM: RSA of 2048 to 8192 bits for RS256, ECDSA for
	// ES256 (ES384 and ES512 with the larger curves), Ed25519 for EdDSA.
	PublicKeyFile string

	// KeySetFile is a set of public keys in JSON (JWKS, RFC 7517), such as issuers publish. A token names the
	// key by its kid. A key's alg says which algorithm it is for, among them RS384, RS512, PS256, PS384 and
	// PS512; without, it is as for PublicKeyFile.
	KeySetFile string

	// Issuer and Audience, if not empty, are what the token's iss must be, and what must be among its aud.
	Issuer   string
	Audience string

	// NoExpiry lets tokens in that have no exp. They are good until the keys change. Default: they are refused.
	NoExpiry bool

	// Join and Publish are the rooms of a token that says nothing of rooms. Default: none.
	Join, Publish []string

	// Log is told when keys change, or cannot be read. Default: slog.Default().
	Log *slog.Logger
}

// leeway is what clocks may differ by.
const leeway = 30 * time.Second

// JWT returns an Authenticator for signed JSON Web Tokens (RFC 7519). A token must be signed by one of the
// keys, with that key's algorithm whatever it says itself, must not have expired, and must name the user in
// sub. Times are judged with 30 s of leeway. It has its rooms in a claim, or in two:
//
//	{"sub": "u17", "name": "Ada", "exp": 1767225600, "rooms": {"join": ["team.*"], "publish": ["team.blue"]}}
//	{"sub": "u17", "name": "Ada", "exp": 1767225600, "join": ["team.*"], "publish": ["team.blue"]}
//
// The error is about the options or the files.
func JWT(opts JWTOptions) (Authenticator, error) {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	j := &jwtAuthenticator{otherwise: roomClaims{opts.Join, opts.Publish}, opts: opts}
	for _, p := range append(append([]string(nil), opts.Join...), opts.Publish...) {
		if err := checkPattern(p); err != nil {
			return nil, err
		}
	}
	for _, source := range []struct {
		path  string
		parse func([]byte) ([]key, error)
	}{
		{opts.SecretFile, parseSecret}, {opts.PublicKeyFile, parsePEM}, {opts.KeySetFile, parseJWKS},
	} {
		if source.path == "" {
			continue
		}
		f, err := openKeyFile(source.path, source.parse, opts.Log)
		if err != nil {
			return nil, err
		}
		j.files = append(j.files, f)
	}
	if len(j.files) == 0 {
		return nil, errors.New("jwt: there are no keys; name a file with a secret, a public key or a set of keys")
	}
	settings := []jwt.ParserOption{
		jwt.WithValidMethods(algorithms), jwt.WithLeeway(leeway), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
	}
	if !opts.NoExpiry {
		settings = append(settings, jwt.WithExpirationRequired())
	}
	if opts.Issuer != "" {
		settings = append(settings, jwt.WithIssuer(opts.Issuer))
	}
	if opts.Audience != "" {
		settings = append(settings, jwt.WithAudience(opts.Audience))
	}
	j.parser = jwt.NewParser(settings...)
	return j, nil
}

type jwtAuthenticator struct {
	opts      JWTOptions
	otherwise roomClaims
	files     []*keyFile
	parser    *jwt.Parser
}

func (j *jwtAuthenticator) Authenticate(_ context.Context, token string, _ Visit) (*Grant, error) {
	if err := checkToken(token); err != nil {
		return nil, err
	}
	var c claims
	parsed, err := j.parser.ParseWithClaims(token, &c, j.keysOf)
	if err != nil {
		return nil, j.refusal(err, parsed, &c)
	}
	g, err := c.grant(j.otherwise)
	if err != nil {
		return nil, refuse(ErrUnauthorized, err.Error())
	}
	return g, nil
}

// maxTried bounds how many signatures are verified for a token that does not name its key.
const maxTried = 8

// keysOf returns the keys that a token may be signed with.
func (j *jwtAuthenticator) keysOf(t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok { // RFC 7515 §4.1.11: who does not know an extension must refuse
		return nil, refuse(ErrUnauthorized, "the token needs extensions (crit)")
	}
	id, ok := t.Header["kid"].(string)
	if !ok && t.Header["kid"] != nil {
		return nil, refuse(ErrUnauthorized, "the token's kid is not text")
	}
	algorithm := t.Method.Alg()
	var fit []jwt.VerificationKey
	otherAlgorithm := false
	for _, f := range j.files {
		for _, k := range f.current() {
			switch {
			case id != "" && k.id != "" && k.id != id:
			case k.algorithm != algorithm:
				otherAlgorithm = true
			case len(fit) < maxTried:
				fit = append(fit, k.material)
			}
		}
	}
	switch {
	case len(fit) > 0:
		return jwt.VerificationKeySet{Keys: fit}, nil
	case otherAlgorithm:
		return nil, refuse(ErrUnauthorized, "no key is for the token's algorithm, "+quoted(algorithm))
	}
	return nil, refuse(ErrUnauthorized, "no key has the token's kid, "+quoted(id))
}

// refusal says in our words what the parser found: its own have pieces of tokens in them.
func (j *jwtAuthenticator) refusal(err error, t *jwt.Token, c *claims) error {
	var own *refusal
	reason := "the token is not valid"
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, jwt.ErrTokenMalformed):
		reason = "the token is malformed: not a JWT, or a claim is not of its type"
	case t == nil || t.Method == nil || errors.Is(err, jwt.ErrTokenUnverifiable) || !slices.Contains(algorithms, t.Method.Alg()):
		reason = "the token's algorithm is not one that keys can have here"
		if t != nil {
			if alg, ok := t.Header["alg"].(string); ok {
				reason += ": " + quoted(alg)
			}
		}
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		reason = "the token's signature is not by the key"
	case errors.Is(err, jwt.ErrTokenInvalidIssuer) || j.opts.Issuer != "" && c.Issuer == "":
		reason = "the token's iss is not " + quoted(j.opts.Issuer) + " but " + quoted(c.Issuer)
	case errors.Is(err, jwt.ErrTokenInvalidAudience) || j.opts.Audience != "" && len(c.Audience) == 0:
		reason = "the token's aud has no " + quoted(j.opts.Audience)
	case c.ExpiresAt == nil && !j.opts.NoExpiry:
		reason = "the token has no exp, and such are not let in"
	case errors.Is(err, jwt.ErrTokenExpired):
		return refuse(ErrExpired, "the token's exp was "+c.ExpiresAt.UTC().Format(time.RFC3339))
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		reason = "the token is not valid yet, by its nbf"
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		reason = "the token's iat is in the future; do the clocks agree?"
	}
	return refuse(ErrUnauthorized, reason)
}
