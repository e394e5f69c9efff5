package authserver

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Refuse answers with the error object of RFC 6749 section 5.2, or with an empty body if code is empty.
func Refuse(status int, code string) Answer {
	if code == "" {
		return Body(status, "", "")
	}
	return JSON(status, map[string]any{"error": code})
}

// JSON answers with the document as JSON.
func JSON(status int, document any) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ time.Time) { write(w, status, document) }
}

// Give answers with a document that depends on the time.
func Give(document func(now time.Time) map[string]any) Answer {
	return func(w http.ResponseWriter, _ *http.Request, now time.Time) { write(w, http.StatusOK, document(now)) }
}

// Body answers with a body of any content type.
func Body(status int, contentType, body string) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ time.Time) {
		// An empty content type keeps the server from guessing the type.
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Echo answers with an error whose description repeats the credentials of the request, as a careless
// server does.
func Echo(status int, code string) Answer {
	return func(w http.ResponseWriter, r *http.Request, _ time.Time) {
		id, secret, _ := r.BasicAuth()
		write(w, status, map[string]any{"error": code, "error_description": "No client has the ID " + id + " and the secret " + secret,
			"header": r.Header.Get("Authorization")})
	}
}

// HTML answers with the HTML page of a gateway or a login.
func HTML(status int) Answer {
	return Body(status, "text/html", "<!DOCTYPE html><html><head><title>Down for maintenance</title></head><body><h1>We will be back soon</h1></body></html>")
}

// Redirect answers with 302 and the location of a maintenance page.
func Redirect(location string) Answer {
	return func(w http.ResponseWriter, r *http.Request, _ time.Time) {
		http.Redirect(w, r, location, http.StatusFound)
	}
}

// RetryAfter adds a Retry-After header with the given text, such as a number of seconds, to an answer.
func RetryAfter(text string, answer Answer) Answer {
	return func(w http.ResponseWriter, r *http.Request, now time.Time) {
		w.Header().Set("Retry-After", text)
		answer(w, r, now)
	}
}

// RetryAfterDate adds a Retry-After header with a date to an answer. The date is the time of the request
// plus the given time.
func RetryAfterDate(later time.Duration, answer Answer) Answer {
	return func(w http.ResponseWriter, r *http.Request, now time.Time) {
		RetryAfter(now.Add(later).UTC().Format(http.TimeFormat), answer)(w, r, now)
	}
}

// HangUp closes the connection without a response.
func HangUp(_ http.ResponseWriter, _ *http.Request, _ time.Time) { panic(http.ErrAbortHandler) }

// HangUpAfter announces a body longer than the text, and closes the connection after the text.
func HangUpAfter(text string) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ time.Time) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)+100))
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, text)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Hang sends no response until the client gives up.
func Hang(_ http.ResponseWriter, r *http.Request, _ time.Time) {
	// The server notices the end of the connection only after it has read the body.
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// Cached answers like a cache that got a JWT at the first request: it returns the same JWT each time.
// left is the remaining lifetime of the JWT at the first request, and may be negative. expiresIn
// is the expires_in of every response.
func Cached(left time.Duration, expiresIn any) Answer {
	var (
		once  sync.Once
		token string
	)
	return func(w http.ResponseWriter, _ *http.Request, now time.Time) {
		once.Do(func() { token = JWT(now.Add(left)) })
		write(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": expiresIn})
	}
}

// JWT returns a JWT that expires at the given time. Its signature is random.
func JWT(expiresAt time.Time) string {
	return segment(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." +
		segment(map[string]any{"exp": expiresAt.Unix(), "jti": rand.Text()}) + "." + rand.Text()
}

// Truncated answers 200 with the first half of a token response.
func Truncated(w http.ResponseWriter, _ *http.Request, _ time.Time) {
	body, _ := json.Marshal(map[string]any{"expires_in": 3600, "token_type": "Bearer", "access_token": rand.Text() + rand.Text()})
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body[:len(body)/2])
}
