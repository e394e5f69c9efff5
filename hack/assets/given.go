package main

import (
	"fmt"
	"path/filepath"
)

// given checks a folder that the user named. A wrong one is an error: to look elsewhere
// would test against another version than the one asked for.
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
