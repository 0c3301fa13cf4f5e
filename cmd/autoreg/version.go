package main

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/autoreg/autoreg/kernels"
)

// version returns the version of the build and the instruction set in use.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionText(info, kernels.ISA())
}

// versionText words the information on a build.
func versionText(info *debug.BuildInfo, isa string) string {
	set := make(map[string]string)
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	name := info.Main.Version
	if name == "" || name == "(devel)" {
		name = "of no released version"
	}
	rows := [][]string{{"autoreg", name}}
	if revision := set["vcs.revision"]; revision != "" {
		if set["vcs.modified"] == "true" {
			revision += ", modified"
		}
		rows = append(rows, []string{"revision", revision})
	}
	rows = append(rows, []string{"built by", runtime.Version() + " for " + runtime.GOOS + "/" + runtime.GOARCH}, []string{"runs on", isa})
	var b strings.Builder
	_ = writeColumns(&b, rows, "ll") // to memory: no error
	return b.String()
}
