package tokenendpoint

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

var errBodyTooLarge = errors.New("the body is too large")

// notFinalError reports a status below 200, which is not a final response. After 101, the body is the
// connection itself, and neither the context nor a timeout of net/http ends it.
type notFinalError struct{ statusCode int }

func (e notFinalError) Error() string {
	return fmt.Sprintf("HTTP %d is not a final response", e.statusCode)
}

// exchange sends a request and reads the response. It returns if the context of the request ends.
func exchange(client *http.Client, request *http.Request) (status int, header http.Header, body []byte, err error) {
	response, err := client.Do(request) //nolint:bodyclose // readUntil closes it.
	if err != nil {
		return 0, nil, nil, err
	}
	ctx := request.Context()
	body, err = readUntil(ctx, response)
	switch {
	case errors.Is(err, errBodyTooLarge) && response.StatusCode >= http.StatusMultipleChoices:
		// For a failure, the status and the header are enough.
		body = nil
	case err != nil && ctx.Err() != nil:
		return 0, nil, nil, ctx.Err()
	case err != nil:
		return 0, nil, nil, err
	}
	return response.StatusCode, response.Header, body, nil
}

// readUntil reads and closes the body of a response. It returns early if the context ends. Over
// HTTP/2, reading and closing also write to the connection, and a server that does not read blocks
// that write. Only the timeouts of the connection end such a write, not the context or Close.
func readUntil(ctx context.Context, response *http.Response) (body []byte, err error) {
	type read struct {
		body []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode < http.StatusOK {
			done <- read{err: notFinalError{response.StatusCode}}
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = response.Body.Close() })
		defer stop()
		body, err := readBody(response)
		done <- read{body, err}
	}()
	select {
	case read := <-done:
		return read.body, read.err
	case <-ctx.Done():
	}
	select {
	case read := <-done:
		// Both channels were ready: prefer the result.
		return read.body, read.err
	default:
		return nil, ctx.Err()
	}
}

// readBody reads and decompresses a body. It limits both the compressed and the decompressed size, because
// endless gzip data can decompress to nothing.
func readBody(response *http.Response) ([]byte, error) {
	received := &io.LimitedReader{R: response.Body, N: MaxBodyBytes + 1}
	unpacked := io.Reader(received)
	if strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") {
		reader, err := gzip.NewReader(received)
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		unpacked = reader
	}
	body, err := io.ReadAll(io.LimitReader(unpacked, MaxBodyBytes+1))
	if len(body) > MaxBodyBytes || received.N == 0 {
		return nil, errBodyTooLarge
	}
	return body, err
}
