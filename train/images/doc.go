// Package images reads images from files, as sets of one size to train a model on or to
// score: IDX files, as MNIST comes, the binary batches of CIFAR-10 and CIFAR-100, PNG
// and JPEG.
//
//	set, err := images.Read([]string{"train-images-idx3-ubyte.gz"}, &images.Options{Height: 16, Width: 16})
//	trainer, err := train.New(&train.Images{Set: set}, nil)
//
// Files are not trusted. Errors name the file, and memory stays within [Options].
//
// A [Set] is plain data. The functions of this package may be called from any number of
// goroutines.
package images
