// Package provider runs a certified OpenID provider, so that tests meet an authorization server which
// nobody here wrote. It needs Node.js; the provider itself is installed into the user's cache once.
package provider

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Options of a provider.
type Options struct {
	Clients   []Client
	Resources []Resource
	// Lifetime of tokens in whole seconds; an hour unless it is set.
	Lifetime time.Duration
	// MTLSApart makes the mTLS endpoint aliases alone ask for client certificates, as large providers
	// do: a client that overlooks the aliases is then refused.
	MTLSApart bool
	// Authority whose client certificates the provider trusts, and that signs its own; nil makes one.
	Authority *Authority
	// Log takes what the provider's process complains about; nil is the standard error.
	Log io.Writer
}

// Provider is a running provider.
type Provider struct {
	Issuer                string
	TokenEndpoint         string
	MTLSTokenEndpoint     string
	IntrospectionEndpoint string
	RevocationEndpoint    string
	JWKSURI               string
	// Authority to trust, and to get client certificates from.
	Authority *Authority

	process      *process
	introspector Client
	mutex        sync.Mutex
	exchanges    []Exchange
}

// Exchange is the outcome of one token request.
type Exchange struct {
	// ClientID is empty when the provider could not tell who asked.
	ClientID string `json:"client"`
	// Error is empty when a token was issued; Detail is what the provider does not tell the client.
	Error  string `json:"error"`
	Detail string `json:"detail"`
}

// Start installs the provider where that has not happened yet, and returns once it answers. The
// context is about the start alone: the provider runs until Close, and never longer than this process.
func Start(ctx context.Context, options Options) (*Provider, error) {
	if options.Lifetime == 0 {
		options.Lifetime = time.Hour
	}
	if options.Log == nil {
		options.Log = os.Stderr
	}
	if options.Authority == nil {
		authority, err := NewAuthority("tokensync interop CA")
		if err != nil {
			return nil, err
		}
		options.Authority = authority
	}
	p := &Provider{
		Authority:    options.Authority,
		introspector: Client{ID: "introspector", Secret: rand.Text(), AuthMethod: "client_secret_basic"},
	}
	options.Clients = append([]Client{p.introspector}, options.Clients...)
	if err := p.start(ctx, options); err != nil {
		return nil, fmt.Errorf("start the OpenID provider: %w", err)
	}
	return p, nil
}

// Close ends the provider. It may be called again, and on nil.
func (p *Provider) Close() error {
	if p == nil {
		return nil
	}
	return p.process.close()
}

// Exchanges returns the outcomes of the token requests so far, of all clients for "". They come in
// through a pipe, so one may appear here a moment after its answer: use Eventually.
func (p *Provider) Exchanges(clientID string) []Exchange {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var exchanges []Exchange
	for _, exchange := range p.exchanges {
		if clientID == "" || exchange.ClientID == clientID {
			exchanges = append(exchanges, exchange)
		}
	}
	return exchanges
}

func (p *Provider) start(ctx context.Context, options Options) error {
	certificate, err := options.Authority.issueServer(Identity{
		Subject: pkix.Name{CommonName: "127.0.0.1"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	if err != nil {
		return err
	}
	setup, err := options.setup(certificate)
	if err != nil {
		return err
	}
	folder, err := install(ctx)
	if err != nil {
		return err
	}
	script, err := writeServer(folder)
	if err != nil {
		return err
	}
	p.process, err = startProcess(ctx, script, setup, options.Log)
	if err != nil {
		return err
	}
	if err := p.meet(ctx); err != nil {
		return errors.Join(err, p.process.close())
	}
	go p.listen()
	return nil
}

// meet waits until the provider says where it listens, and then reads its metadata there.
func (p *Provider) meet(ctx context.Context) error {
	select {
	case line, open := <-p.process.lines:
		if !open {
			return errors.New("it ended at once; see what it wrote to the log")
		}
		var first struct{ Issuer, Fault string }
		if err := json.Unmarshal(line, &first); err != nil {
			return fmt.Errorf("read the first line of its output: %w", err)
		}
		if first.Fault != "" {
			return errors.New(first.Fault)
		}
		p.Issuer = first.Issuer
	case <-ctx.Done():
		return ctx.Err()
	}
	return p.discover(ctx)
}

// listen takes in the outcomes of token requests until the provider ends.
func (p *Provider) listen() {
	for line := range p.process.lines {
		var exchange Exchange
		if err := json.Unmarshal(line, &exchange); err != nil {
			exchange = Exchange{Error: "unreadable", Detail: err.Error()}
		}
		p.mutex.Lock()
		p.exchanges = append(p.exchanges, exchange)
		p.mutex.Unlock()
	}
}
