package convert

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/hdf5"
)

// readKerasZip reads a .keras file, a zip of config.json, metadata.json, model.weights.h5
// and assets.
func readKerasZip(z *zip.Reader, r io.ReaderAt, size int64) (*network, error) {
	config, err := zipText(z, "config.json", size)
	if err != nil {
		return nil, err
	}
	meta, err := zipText(z, "metadata.json", size)
	if err != nil {
		return nil, err
	}
	var version struct {
		Keras string `json:"keras_version"`
	}
	if json.Unmarshal(meta, &version) != nil || version.Keras == "" {
		return nil, errors.New("metadata.json has no keras_version: is this a .keras file?")
	}
	list, err := kerasConfig(config)
	if err != nil {
		return nil, err
	}
	weights, length, err := zipMember(z, "model.weights.h5", r, size)
	if err != nil {
		return nil, err
	}
	f, err := hdf5.Open(weights, length)
	if err != nil {
		return nil, apierror.Errorf("model.weights.h5: %v", err)
	}
	arrays, err := hdf5Tensors(f)
	if err != nil {
		return nil, err
	}
	assets := func(name string) ([]byte, error) { return zipText(z, name, size) }
	return readKeras(version.Keras, list, newKerasArrays(arrays), assets)
}

// readKerasHDF5 reads an .h5 file: a whole model, whose configuration is an attribute, or
// weights, for which like is the configuration.
func readKerasHDF5(r io.ReaderAt, size int64, like []byte) (*network, error) {
	f, err := hdf5.Open(r, size)
	if err != nil {
		return nil, err
	}
	attributes, err := f.Root().Attributes()
	if err != nil {
		return nil, err
	}
	version := ""
	if attributes.Has("keras_version") {
		if version, err = attributes.String("keras_version"); err != nil {
			return nil, err
		}
	}
	config := like
	if attributes.Has("model_config") {
		if like != nil {
			return nil, errors.New("the file has a configuration of its own: leave the other one out")
		}
		text, err := attributes.String("model_config")
		if err != nil {
			return nil, err
		}
		config = []byte(text)
	}
	arrays, err := hdf5Tensors(f)
	if err != nil {
		return nil, err
	}
	if config == nil {
		if t := foreignArray(arrays); t != nil {
			return nil, apierror.Errorf("the file has weights only, and its array %q of shape %v is of no layer that can be read: Embedding, SimpleRNN, LSTM, GRU, Bidirectional and Dense are", t.name, t.shape)
		}
		return nil, apierror.Errorf("the file has weights only, of %s: give the configuration of the model too, as model.to_json() writes it", layersOf(arrays))
	}
	if version == "" {
		version = versionOf(config)
	}
	list, err := kerasConfig(config)
	if err != nil {
		return nil, err
	}
	all := newKerasArrays(arrays)
	renamed := false
	if like != nil && attributes.Has("layer_names") {
		names, err := attributes.SplitStrings("layer_names")
		if err != nil {
			return nil, err
		}
		renamed = all.rename(list, names)
	}
	n, err := readKeras(version, list, all, nil)
	if err == nil && renamed {
		n.note("the layers have other names in the configuration than in the file: taken in their order, as Keras does")
	}
	return n, err
}

// versionOf returns the version that a configuration names. What Keras 3 writes names none,
// but is known by members that it alone has; without them the version is "2".
func versionOf(config []byte) string {
	var c struct {
		Keras string `json:"keras_version"`
	}
	switch json.Unmarshal(config, &c); {
	case c.Keras != "":
		return c.Keras
	case bytes.Contains(config, []byte(`"batch_shape"`)) || bytes.Contains(config, []byte(`"DTypePolicy"`)):
		return "3"
	}
	return "2"
}

// foreignArray returns the first of the arrays of a file of weights that no layer which is
// read has, judged by its name and shape, or nil.
func foreignArray(tensors []tensor) *tensor {
	for i := range tensors {
		t := &tensors[i]
		name, _, _ := strings.Cut(t.name[strings.LastIndexByte(t.name, '/')+1:], ":")
		known := name == "embeddings" || name == "kernel" || name == "recurrent_kernel" || name == "bias" || strings.Contains(t.name, "/vars/")
		if !strings.HasPrefix(t.name, "optimizer") && (!known || len(t.shape) == 3) {
			return t
		}
	}
	return nil
}

// layersOf lists the groups at the top of a file of weights.
func layersOf(tensors []tensor) string {
	var names []string
	for _, t := range tensors {
		name, _, _ := strings.Cut(t.name, "/")
		switch {
		case contains(names, clip(name)):
		case len(names) == maxRest:
			return quoted(names) + " and others"
		default:
			names = append(names, clip(name))
		}
	}
	return quoted(names)
}

// hdf5Tensors lists the arrays of numbers of a file.
func hdf5Tensors(f *hdf5.File) (list []tensor, err error) {
	err = f.Walk(func(path string, d *hdf5.Dataset, err error) error {
		if err != nil {
			return err
		}
		list = append(list, tensor{name: strings.TrimPrefix(path, "/"), dtype: d.Type(), shape: d.Shape(), read: d.Float32s})
		return checkNames(list[len(list)-1:], len(list))
	})
	return list, err
}

// maxText is the longest text that is read of a zip.
const maxText = 16 << 20

// openZip reads the directory of a zip file, for whose entries package zip takes several
// times their bytes: it must be short beside the file.
func openZip(r io.ReaderAt, size int64) (*zip.Reader, error) {
	part := &limited{r, size/2 + 128<<10}
	z, err := zip.NewReader(part, size)
	if err != nil {
		return nil, fmt.Errorf("not a zip file that can be read: %w", err)
	}
	part.left = math.MaxInt64
	return z, nil
}

// A limited reads so many bytes of another reader.
type limited struct {
	r    io.ReaderAt
	left int64
}

func (l *limited) ReadAt(b []byte, at int64) (int, error) {
	if l.left -= int64(len(b)); l.left < 0 {
		return 0, errors.New("its directory is longer than its members warrant")
	}
	return l.r.ReadAt(b, at)
}

// zipText reads a member of a zip as text.
func zipText(z *zip.Reader, name string, size int64) ([]byte, error) {
	m, err := findMember(z, name)
	if err != nil {
		return nil, err
	}
	if m.UncompressedSize64 > min(maxText, uint64(size)) {
		return nil, fmt.Errorf("%s takes %d bytes: that is more than the file warrants", name, m.UncompressedSize64)
	}
	in, err := m.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer in.Close()
	text := make([]byte, m.UncompressedSize64)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, fmt.Errorf("%s is damaged", name)
	}
	if n, err := in.Read(make([]byte, 1)); n > 0 || err != io.EOF { // the checksum is compared at the end
		return nil, fmt.Errorf("%s is damaged", name)
	}
	return text, nil
}

// findMember returns the one member of a name.
func findMember(z *zip.Reader, name string) (found *zip.File, err error) {
	for _, m := range z.File {
		if m.Name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%s is twice in the zip file", name)
		}
		found = m
	}
	switch {
	case found == nil:
		return nil, fmt.Errorf("there is no %s in the zip file", name)
	case found.Flags&1 != 0:
		return nil, fmt.Errorf("%s is encrypted", name)
	}
	return found, nil
}

// zipMember returns a member to read from any place: it must be stored as it is, as Keras
// writes it.
func zipMember(z *zip.Reader, name string, r io.ReaderAt, size int64) (io.ReaderAt, int64, error) {
	m, err := findMember(z, name)
	if err != nil {
		return nil, 0, err
	}
	if m.Method != zip.Store {
		return nil, 0, fmt.Errorf("%s is compressed in the zip file, as Keras does not write it: unpack the file and pack it again without compression (zip -0)", name)
	}
	at, err := m.DataOffset()
	if err != nil || m.CompressedSize64 != m.UncompressedSize64 || at > size || uint64(size-at) < m.CompressedSize64 {
		return nil, 0, fmt.Errorf("%s is damaged", name)
	}
	length := int64(m.CompressedSize64)
	sum := crc32.NewIEEE()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{io.NewSectionReader(r, at, length)}, make([]byte, 8<<10)); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	if sum.Sum32() != m.CRC32 {
		return nil, 0, fmt.Errorf("%s is damaged: its bytes have the checksum %08x, the zip file says %08x: fetch or copy it again", name, sum.Sum32(), m.CRC32)
	}
	return io.NewSectionReader(r, at, length), length, nil
}
