//go:build unix && !solaris && !aix

package testkit

import (
	"syscall"
	"testing"
	"unsafe"
)

// AtPageEnd returns a slice of n values that ends at an unreadable page, so that
// reading past its end faults. It is unmapped when the test ends.
func AtPageEnd(t testing.TB, n int) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (n*4 + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("mmap: %v", err)
	}
	if err := syscall.Mprotect(mem[size:], syscall.PROT_NONE); err != nil {
		t.Fatalf("mprotect: %v", err)
	}
	t.Cleanup(func() { syscall.Munmap(mem) })
	return unsafe.Slice((*float32)(unsafe.Pointer(&mem[min(size-n*4, size+page-1)])), n)[:n:n]
}
