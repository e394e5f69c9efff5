package authserver

import (
	"net/http"
	"sync"
	"time"
)

// Script is a sequence of answers over time. The first phase that has not ended answers. After the last
// phase, the server is healthy.
type Script []Phase

// Phase is an answer and the time at which it ends.
type Phase struct {
	// Until is the end of the phase, counted from the start of the script; 0 means that it never ends.
	Until time.Duration
	// Answer is the answer of the phase; nil means that the server is healthy.
	Answer Answer
}

// Answer writes a response. now is the server's time.
type Answer func(w http.ResponseWriter, r *http.Request, now time.Time)

// Healthy is the answer of a server that works.
var Healthy Answer

// At returns the index of the phase that answers at the given time after the start. It returns len(s)
// if all phases have ended.
func (s Script) At(after time.Duration) int {
	for i, phase := range s {
		if phase.Until == 0 || after < phase.Until {
			return i
		}
	}
	return len(s)
}

// Play makes the server answer a client according to a script, which starts now.
func (s *Server) Play(clientID string, script Script) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.clientResponses[clientID] = played{script: script, start: s.now()}
}

// PlayAt makes the server answer all requests to a path according to a script, which starts now.
func (s *Server) PlayAt(path string, script Script) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.pathResponses[path] = played{script: script, start: s.now()}
}

// played is a script that has started.
type played struct {
	script Script
	start  time.Time
}

// always returns a script with a single handler; nil means no handler.
func always(response http.HandlerFunc) played {
	if response == nil {
		return played{}
	}
	return played{script: Script{{Answer: func(w http.ResponseWriter, r *http.Request, _ time.Time) { response(w, r) }}}}
}

// answer returns the handler that answers at the given time; nil for a healthy server.
func (p played) answer(now time.Time) http.HandlerFunc {
	index := p.script.At(now.Sub(p.start))
	if index == len(p.script) || p.script[index].Answer == nil {
		return nil
	}
	answer := p.script[index].Answer
	return func(w http.ResponseWriter, r *http.Request) { answer(w, r, now) }
}

// InTurn gives the answers one after another, and then starts again with the first.
func InTurn(answers ...Answer) Answer {
	var (
		mutex sync.Mutex
		count int
	)
	return func(w http.ResponseWriter, r *http.Request, now time.Time) {
		mutex.Lock()
		answer := answers[count%len(answers)]
		count++
		mutex.Unlock()
		answer(w, r, now)
	}
}
