package main

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/train/images"
)

// imageFileFlags defines the flags for how images are read.
func imageFileFlags(fs *pflag.FlagSet, o *images.Options) {
	fs.BoolVar(&o.Antialias, "antialias", false, "where images shrink, average all pixels; without, resizing to less than half leaves pixels out")
	fs.BoolVar(&o.Pad, "pad", false, "put black around images that are smaller than --width and --height, instead of resizing them")
	mebibytesFlag(fs, &o.MaxImageBytes, "max-picture", images.DefaultMaxImageBytes, "refuse a PNG or JPEG that takes more than `N` MiB to decode, beyond 64 times the size of its file")
}

// mebibytesFlag defines a flag for a number of bytes, given in MiB.
func mebibytesFlag(fs *pflag.FlagSet, p *int64, name string, value int64, usage string) {
	*p = value
	fs.Var((*mebibytesValue)(p), name, usage)
}

type mebibytesValue int64

func (v *mebibytesValue) String() string { return strconv.FormatInt(int64(*v)>>20, 10) }
func (v *mebibytesValue) Type() string   { return "N" }

func (v *mebibytesValue) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 31)
	if err != nil || n < 1 {
		return errors.New("want a whole number of MiB, 1 or more")
	}
	*v = mebibytesValue(n << 20)
	return nil
}
