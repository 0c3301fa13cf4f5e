// Package atomicfile writes files so that a path holds either what it held before or
// the whole of what is written, whatever happens meanwhile, and keeps processes that
// write to the same path from destroying each other's work: by locks, and by versions,
// which tell what a path holds.
//
// Its functions may be called for the same path from several goroutines or processes:
// the file is then one of theirs, complete. Errors have no prefix; see package apierror.
package atomicfile
