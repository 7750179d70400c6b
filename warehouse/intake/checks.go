package intake

import (
	"embed"
	"io/fs"
)

//go:embed checks/*.yaml
var checkFiles embed.FS

// Checks is the folder of check points (校验点), for package check to read.
func Checks() fs.FS {
	sub, err := fs.Sub(checkFiles, "checks")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
