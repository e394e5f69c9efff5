package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const temporaryPrefix = ".new-"

// cache keeps the programs between runs, in one folder for each key.
type cache struct{ base, key string }

func openCache(key string) (cache, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return cache{}, fmt.Errorf("no cache folder for the control plane: %w", err)
	}
	return cache{base: filepath.Join(user, "tokensync", "controlplane"), key: key}, nil
}

func (c cache) final() string { return filepath.Join(c.base, c.key) }

// fill calls work with a temporary folder. work puts the programs there and returns their folder, which
// fill then renames. So the final folder is complete or missing, however a run ends.
func (c cache) fill(work func(folder string) (string, error)) error {
	temporary, err := os.MkdirTemp(c.base, temporaryPrefix)
	if err != nil {
		return err
	}
	defer func() { _ = remove(temporary) }() // if this fails, the next run removes it

	result, err := work(temporary)
	if err != nil {
		return err
	}
	if !complete(result) {
		return errors.New("the result does not hold all programs: " + strings.Join(programs, ", "))
	}
	if err := os.Chmod(result, 0o755); err != nil {
		return err
	}
	if err := remove(c.final()); err != nil {
		return err
	}
	return os.Rename(result, c.final())
}

// sweep removes the folders that killed runs left. Only the holder of the lock creates such folders, so
// none of them is in use.
func (c cache) sweep() {
	left, err := filepath.Glob(filepath.Join(c.base, temporaryPrefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range left {
		say("removing the folder of an interrupted run: %s", folder)
		if err := remove(folder); err != nil {
			say("could not remove it: %v", err)
		}
	}
}

// remove deletes a folder, and read-only folders in it too: setup-envtest creates them.
func remove(folder string) error {
	_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return nil
	})
	return os.RemoveAll(folder)
}
