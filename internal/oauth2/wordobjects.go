package oauth2

import (
	"maps"
	"slices"
	"strings"
)

// Servers spell the same name as error_msg, errorMsg or ErrorMsg. The lists below have the names in
// the form that simple returns, the most informative first.
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
	// maxDepth, maxObjects, maxMembers and maxTexts bound the search.
	maxDepth   = 4
	maxObjects = 32
	maxMembers = 128
	maxTexts   = 2
)

// simple returns a name without the differences between spellings: in lower case, without
// separators.
var simple = func() func(string) string {
	separators := strings.NewReplacer("_", "", "-", "", ".", "", " ", "")
	return func(name string) string { return strings.ToLower(separators.Replace(name)) }
}()

// wordObject is an object of a response that may hold an error code or an explanation.
type wordObject struct {
	// named are its members by their simple names.
	named map[string][]any
	// of is the simple name of the member that holds the object; empty for the
	// document.
	of string
}

// wordObjects returns the document and the objects in its containers, from the outside in.
func wordObjects(document any) (objects []wordObject) {
	level := objectsIn("", document)
	for range maxDepth {
		objects = append(objects, level...)
		var below []wordObject
		for _, object := range level {
			for _, container := range containers {
				for _, member := range object.named[container] {
					below = append(below, objectsIn(container, member)...)
				}
			}
		}
		level = below[:min(len(below), maxObjects)]
	}
	return objects[:min(len(objects), maxObjects)]
}

// objectsIn returns a node that is an object, or the first objects of a list. It skips an object
// with many members, because that holds data.
func objectsIn(of string, node any) (objects []wordObject) {
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
		objects = append(objects, wordObject{named, of})
	}
	return objects
}

// undeclaredCode returns the first known error code, or else the first error code.
func (f *wordFinder) undeclaredCode(objects []wordObject, status int) (code string) {
	for _, object := range objects {
		for _, name := range codeNames {
			for _, member := range object.named[name] {
				text, isCode := codeText(member)
				if _, isTruth := member.(bool); !isCode || isTruth {
					continue
				}
				found := f.code(text, status)
				if _, known := knownCode(found); known {
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

// undeclaredText returns the first explanation, and the next one from further inside if it is
// different: the first is often only "Bad Request".
func (f *wordFinder) undeclaredText(objects []wordObject) string {
	var texts []string
	for _, object := range objects {
		if len(texts) == maxTexts {
			break
		}
		text := f.textOf(object)
		if text != "" && !slices.ContainsFunc(texts, func(told string) bool { return strings.Contains(told, text) }) {
			texts = append(texts, text)
		}
	}
	return f.declaredText(strings.Join(texts, "; "))
}

// textOf returns the explanation in one object.
func (f *wordFinder) textOf(object wordObject) string {
	for _, name := range textNames {
		for _, member := range object.named[name] {
			text := f.undeclared(sentences(member), f.isSuccess)
			if name == "error" && !isSentence(text) {
				continue
			}
			if text != "" {
				return text
			}
		}
	}
	if object.of != "errors" {
		return ""
	}
	// The members are explanations, one for each field of the request.
	for _, field := range slices.Sorted(maps.Keys(object.named)) {
		if text := f.undeclared(sentences(object.named[field][0]), f.isSuccess); isSentence(text) {
			return text
		}
	}
	return ""
}

// sentences returns a text, or the first texts of a list.
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
