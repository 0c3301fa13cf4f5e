package testkit

import (
	"os"
	"os/exec"
	"sync"
	"testing"
)

// RequireONNXRuntime is the environment variable that makes ONNXRuntime fail where it would
// skip.
const RequireONNXRuntime = "AUTOREG_REQUIRE_ONNXRUNTIME"

// ONNXRuntime returns a Node.js whose programs can require onnxruntime-node, or skips the
// test. Node.js looks for it in the folders of NODE_PATH too.
func ONNXRuntime(t testing.TB) (node string) {
	t.Helper()
	if onnxRuntime() {
		return "node"
	}
	const reason = "no Node.js can require onnxruntime-node: install it with npm, and name its node_modules in NODE_PATH"
	if os.Getenv(RequireONNXRuntime) != "" {
		t.Fatal(reason + "; " + RequireONNXRuntime + " is set")
	}
	t.Skip(reason)
	return ""
}

// onnxRuntime tries once.
var onnxRuntime = sync.OnceValue(func() bool {
	return exec.Command("node", "-e", "require('onnxruntime-node')").Run() == nil
})
