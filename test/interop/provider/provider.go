// Package provider runs a certified OpenID provider, so that tests use an authorization server of
// another project. It needs Node.js. The provider itself is installed into the user's cache once.
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

// Options are the options of a provider.
type Options struct {
	Clients   []Client
	Resources []Resource
	// Lifetime is the lifetime of tokens in whole seconds; an hour by default.
	Lifetime time.Duration
	// MTLSApart makes only the mTLS endpoint aliases request client certificates, as large providers
	// do. A client that ignores the aliases is then refused.
	MTLSApart bool
	// Authority issues the provider's certificate, and the client certificates that the provider
	// trusts. If it is nil, a new authority is used.
	Authority *Authority
	// Log receives the error output of the provider's process; nil means standard error.
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
	// Authority issues client certificates. Clients must trust it.
	Authority *Authority

	process      *process
	introspector Client
	mutex        sync.Mutex
	exchanges    []Exchange
}

// Exchange is the outcome of one token request.
type Exchange struct {
	// ClientID is empty if the provider could not identify the client.
	ClientID string `json:"client"`
	// Error is empty if a token was issued. Detail is the reason that the provider does not tell the
	// client.
	Error  string `json:"error"`
	Detail string `json:"detail"`
}

// Start installs the provider if it is not installed yet, and returns once it answers. The context
// covers only the start: the provider runs until Close, or until this process ends.
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

// Close stops the provider. It may be called more than once, and on nil.
func (p *Provider) Close() error {
	if p == nil {
		return nil
	}
	return p.process.close()
}

// Exchanges returns the outcomes of a client's token requests so far, or of all clients if clientID is
// empty. An outcome arrives through a pipe, so it may appear a moment after the response: use
// Eventually.
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

// meet waits until the provider reports its address, and then reads its metadata.
func (p *Provider) meet(ctx context.Context) error {
	select {
	case line, open := <-p.process.lines:
		if !open {
			return errors.New("the process ended immediately: see its log")
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

// listen records the outcomes of token requests until the provider ends.
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
