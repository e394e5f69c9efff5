package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/tokensync/tokensync/internal/oauth2"
)

// maxCredentialBytes is the maximum size of a Secret.
const maxCredentialBytes = 1 << 20

var secretKey = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)

// ReadCredentials reads the values of a Secret from all files of a folder, which has the layout of a
// mounted Secret. It also reads files given as key=path, which take precedence. It returns nil if
// neither is given.
//
// No error quotes its arguments: a user may have given a secret instead of a path.
func ReadCredentials(folder string, pairs []string) (map[string]oauth2.Sensitive, error) {
	if folder == "" && len(pairs) == 0 {
		return nil, nil
	}
	values := map[string]oauth2.Sensitive{}
	if folder != "" {
		if err := readFolder(folder, values); err != nil {
			return nil, err
		}
	}
	for _, pair := range pairs {
		key, path, found := strings.Cut(pair, "=")
		if !found || path == "" || !secretKey.MatchString(key) {
			return nil, errors.New("--credential has the form key=path, such as client_secret=./client-secret")
		}
		value, err := readSensitive(path)
		if err != nil {
			return nil, fmt.Errorf("--credential %s: %w", key, err)
		}
		values[key] = value
	}
	return values, nil
}

// readFolder reads the files of a folder. It skips entries that are not files, such as the directories
// that the kubelet creates in a mounted Secret.
func readFolder(folder string, values map[string]oauth2.Sensitive) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("--credentials-dir: %w", cause(err))
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || !secretKey.MatchString(entry.Name()) {
			continue
		}
		if values[entry.Name()], err = readSensitive(path); err != nil {
			return fmt.Errorf("--credentials-dir: %s: %w", entry.Name(), err)
		}
	}
	if len(values) == 0 {
		return errors.New("--credentials-dir: the folder has no files: put a file there for each key, such as client_id and client_secret")
	}
	return nil
}

// readSensitive reads a file that holds a secret.
func readSensitive(path string) (oauth2.Sensitive, error) {
	info, err := os.Stat(path)
	if err != nil {
		return oauth2.Sensitive{}, cause(err)
	}
	if info.Size() > maxCredentialBytes {
		return oauth2.Sensitive{}, errors.New("the file is too large for a Secret: give the path of the right file")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return oauth2.Sensitive{}, cause(err)
	}
	return oauth2.NewSensitive(string(content)), nil
}

// cause returns an error without the path.
func cause(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such file: give the path of a file that holds the value, never the value itself")
	}
	var withPath *fs.PathError
	if errors.As(err, &withPath) {
		return withPath.Err
	}
	return errors.New("it cannot be read")
}

// ReadServiceAccountToken reads a file that holds the token of a ServiceAccount.
func ReadServiceAccountToken(path string) (oauth2.Sensitive, error) {
	token, err := readSensitive(path)
	if err != nil {
		return token, fmt.Errorf("--service-account-token-file: %w", err)
	}
	trimmed := strings.TrimSpace(token.Reveal())
	if trimmed == "" {
		return token, errors.New("--service-account-token-file: the file is empty: put a token there, from kubectl create token")
	}
	return oauth2.NewSensitive(trimmed), nil
}
