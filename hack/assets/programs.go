package main

import (
	"os"
	"path/filepath"
)

// programs are the programs that envtest starts.
var programs = []string{"etcd", "kube-apiserver"}

// complete reports whether a folder holds all programs.
func complete(folder string) bool {
	for _, name := range programs {
		if !runnable(filepath.Join(folder, name)) {
			return false
		}
	}
	return true
}

func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
