package provider

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The files are embedded, so the program finds them in any working directory.
var (
	//go:embed package.json package-lock.json
	manifest embed.FS
	//go:embed *.mjs
	server embed.FS
)

// install returns the folder of the user's cache that holds node_modules, and fills the folder if it is
// missing. The name of the folder is the hash of the lockfile, so each version has its own folder.
func install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache: %w", err)
	}
	key, err := hash(manifest)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "tokensync", "interop", key)
	return folder, fill(folder, func(temporary string) error {
		if err := write(manifest, temporary); err != nil {
			return err
		}
		return ci(ctx, temporary)
	})
}

// writeServer writes the server below the packages, where Node.js finds them, and returns its path.
func writeServer(folder string) (string, error) {
	key, err := hash(server)
	if err != nil {
		return "", err
	}
	folder = filepath.Join(folder, "server-"+key)
	return filepath.Join(folder, "server.mjs"), fill(folder, func(temporary string) error {
		return write(server, temporary)
	})
}

// fill creates a folder either completely or not at all, so that concurrent runs do not disturb each
// other. If another run has created the folder first, fill discards its own.
func fill(folder string, produce func(temporary string) error) error {
	if exists(folder) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(folder), ".unfinished-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	if err := produce(temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, folder); err != nil && !exists(folder) {
		return err
	}
	return nil
}

// ci runs npm ci. The packages need no install scripts, so npm must not run any.
func ci(ctx context.Context, folder string) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return fmt.Errorf("install Node.js with npm to run the interop tests: %w", err)
	}
	start := time.Now()
	fmt.Fprintln(os.Stderr, "Installing the OpenID provider with npm; this happens once.")
	command := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	command.Dir = folder
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	fmt.Fprintf(os.Stderr, "Installed the OpenID provider in %s.\n", time.Since(start).Round(100*time.Millisecond))
	return nil
}

func hash(files embed.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:16], err
}

func write(files embed.FS, folder string) error {
	entries, err := files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		content, err := files.ReadFile(entry.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, entry.Name()), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
