package hdf5_test

import (
	"fmt"
	"log"
	"os"

	"github.com/autoreg/autoreg/internal/hdf5"
)

// The kernel of a layer, from the weights of a Keras model.
func Example() {
	r, err := os.Open("model.weights.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		log.Fatal(err)
	}
	f, err := hdf5.Open(r, info.Size())
	if err != nil {
		log.Fatal(err)
	}
	kernel, err := f.Root().Dataset("layers/lstm/cell/vars/0")
	if err != nil {
		log.Fatal(err)
	}
	weights, err := kernel.Float32s()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kernel.Type(), kernel.Shape(), weights[0])
}
