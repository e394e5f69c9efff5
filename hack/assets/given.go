package main

import (
	"fmt"
	"path/filepath"
)

// given checks a folder that the user named. An incomplete folder is an error: a fallback would test
// against a version that the user did not ask for.
func given(folder string) (string, error) {
	// Tests run in the folder of their package, where a relative path means something else.
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	for _, name := range programs {
		if !runnable(filepath.Join(folder, name)) {
			return "", fmt.Errorf("KUBEBUILDER_ASSETS is %s, which holds no runnable %s", folder, name)
		}
	}
	return folder, nil
}
