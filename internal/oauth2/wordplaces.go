package oauth2

import (
	"maps"
	"slices"
	"strings"
)

// Servers spell one name as error_msg, errorMsg or ErrorMsg. The lists below have
// names in the form that simple gives them, the most telling first.
var (
	// textNames are members that hold an explanation.
	textNames = []string{
		"errordescription", "errormessage", "errormsg", "errmsg", "errordetail", "errordetails", "errorsummary",
		"message", "msg", "detail", "details", "description", "faultstring", "resultmessage", "resultmsg",
		"returnmessage", "returnmsg", "responsemessage", "statusmessage", "usermessage", "developermessage",
		"nonfielderrors", "reason", "explanation", "summary", "text", "errors", "messages", "error", "title",
	}
	// codeNames are members that hold an error code.
	codeNames = []string{
		"error", "errorcode", "errcode", "code", "faultcode", "errorkey", "resultcode", "returncode", "statuscode",
	}
	// containers are members that hold an object, or a list of objects, with such
	// members.
	containers = []string{
		"error", "errors", "err", "fault", "exception", "problem", "status", "result", "response", "meta",
		"detail", "details", "errorcauses", "messages", "extensions", "header",
	}
)

const (
	// maxDepth, maxPlaces, maxMembers and maxTexts bound the search.
	maxDepth   = 4
	maxPlaces  = 32
	maxMembers = 128
	maxTexts   = 2
)

// simple is a name without what differs between spellings.
var simple = func() func(string) string {
	separators := strings.NewReplacer("_", "", "-", "", ".", "", " ", "")
	return func(name string) string { return strings.ToLower(separators.Replace(name)) }
}()

// place is an object of a response that may hold words.
type place struct {
	// named are its members by their simple names.
	named map[string][]any
	// of is the simple name of the member that holds the object; empty for the
	// document.
	of string
}

// placesOf are the document and the objects in its containers, from the outside in.
func placesOf(document any) (places []place) {
	level := objectsIn("", document)
	for range maxDepth {
		places = append(places, level...)
		var below []place
		for _, place := range level {
			for _, container := range containers {
				for _, member := range place.named[container] {
					below = append(below, objectsIn(container, member)...)
				}
			}
		}
		level = below[:min(len(below), maxPlaces)]
	}
	return places[:min(len(places), maxPlaces)]
}

// objectsIn are a node that is an object, or the first objects of a list. An object
// with many members holds data and no words.
func objectsIn(of string, node any) (objects []place) {
	list, isList := node.([]any)
	if !isList {
		list = []any{node}
	}
	for _, item := range list[:min(len(list), maxTexts)] {
		object, ok := item.(map[string]any)
		if !ok || len(object) > maxMembers {
			continue
		}
		named := map[string][]any{}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			named[simple(key)] = append(named[simple(key)], object[key])
		}
		objects = append(objects, place{named, of})
	}
	return objects
}

// usualCode is the first error code; a code of RFC 6749 goes before others.
func (f wordFinder) usualCode(places []place, status int) (code string) {
	for _, place := range places {
		for _, name := range codeNames {
			for _, member := range place.named[name] {
				text, isCode := codeText(member)
				if _, isTruth := member.(bool); !isCode || isTruth {
					continue
				}
				found := f.code(text, status)
				if _, known := codes[found]; known {
					return found
				}
				if code == "" {
					code = found
				}
			}
		}
	}
	return code
}

// usualText is the first explanation and, if a place further inside has another
// one, that too: the first is often no more than "Bad Request".
func (f wordFinder) usualText(places []place) string {
	var texts []string
	for _, place := range places {
		text := f.textOf(place)
		isNew := text != "" && !slices.ContainsFunc(texts, func(told string) bool { return strings.Contains(told, text) })
		if isNew && len(texts) < maxTexts {
			texts = append(texts, text)
		}
	}
	return f.declaredText(strings.Join(texts, "; "))
}

// textOf is the explanation in one place.
func (f wordFinder) textOf(place place) string {
	for _, name := range textNames {
		for _, member := range place.named[name] {
			text := f.usual(sentences(member), f.isSuccess)
			if name == "error" && !isSentence(text) {
				continue
			}
			if text != "" {
				return text
			}
		}
	}
	if place.of != "errors" {
		return ""
	}
	// An explanation for each field of the request.
	for _, field := range slices.Sorted(maps.Keys(place.named)) {
		if text := f.usual(sentences(place.named[field][0]), f.isSuccess); isSentence(text) {
			return text
		}
	}
	return ""
}

// sentences are a text, or the first texts of a list.
func sentences(member any) string {
	if text, ok := text(member); ok {
		return text
	}
	list, _ := member.([]any)
	var texts []string
	for _, item := range list[:min(len(list), maxTexts)] {
		if text, ok := text(item); ok {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}
