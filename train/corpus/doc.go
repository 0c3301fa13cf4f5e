// Package corpus reads texts from files, as documents to train a model on or to score:
// recipes and other texts in JSON, and plain text, packed with gzip or not.
//
//	c, err := corpus.Read([]string{"recipes.json.gz"}, nil)
//	trainer, err := train.New(&train.Text{Documents: c.Docs}, nil)
//
// [ReadLabelled] reads texts with a label each, to train a classifier on.
//
// Files are not trusted. Errors name the file and the place in it, and memory stays within
// [Options].
//
// A [Corpus] is plain data. The functions of this package may be called from any number
// of goroutines.
package corpus
