package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
)

// A modelInfo is what info tells of a model, as JSON.
type modelInfo struct {
	File       string            `json:"file"`
	Bytes      int64             `json:"bytes"`
	SHA256     string            `json:"sha256"`
	Metadata   map[string]string `json:"metadata"` // but for the tokenizer
	Layers     []layerJSON       `json:"layers"`
	Params     int               `json:"params"`
	Length     int               `json:"length"`
	Words      int               `json:"words"`
	KeepCase   bool              `json:"keep_case"`
	Strip      bool              `json:"strip_punctuation"`
	Vocabulary []string          `json:"vocabulary,omitempty"`
	ISA        string            `json:"isa"`
	Platform   string            `json:"platform"`
}

// A layerJSON is an autoreg.LayerInfo with names for JSON.
type layerJSON struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	In     int    `json:"in"`
	Out    int    `json:"out"`
	Params int    `json:"params"`

	Effective int `json:"effective"`
}

func layersJSON(layers []autoreg.LayerInfo) (list []layerJSON) {
	for _, l := range layers {
		list = append(list, layerJSON(l))
	}
	return list
}

func (a *app) infoCommand() *cobra.Command {
	var (
		path                      string
		asJSON, vocabulary        bool
		symbols, embedding, units int
	)
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Describe a model",
		Long: `Describe a model: its layers and their parameters, its vocabulary, its file, and
the instruction set that computes it here (AUTOREG_ISA=name chooses another).

With --symbols, --embedding and --units it prints the layers that a model of such
sizes would have.`,
		Example: `  autoreg info
  autoreg info --model recipes.safetensors --json
  autoreg info --vocabulary | head
  autoreg info --symbols 10000 --embedding 100 --units 128`,
		Args: noArguments("name a model with --model FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fs := cmd.Flags()
			if err := cmp.Or(exclusive(fs, "model", "symbols"), exclusive(fs, "vocabulary", "symbols")); err != nil {
				return err
			}
			if sizes := []bool{fs.Changed("symbols"), fs.Changed("embedding"), fs.Changed("units")}; slices.Contains(sizes, true) {
				if slices.Contains(sizes, false) {
					return usagef("--symbols, --embedding and --units go together: give all three")
				}
				c := model.Config{Symbols: symbols, Embedding: embedding, Units: units, Length: 1}
				if err := c.Check(); err != nil {
					return usagef("%v", err)
				}
				layers := layersOf(symbols, embedding, units)
				if asJSON {
					return writeJSON(a.out, layersJSON(layers))
				}
				return writeLayers(a.out, layers)
			}
			m, info, err := readInfo(path)
			if err != nil {
				return err
			}
			if vocabulary {
				for id := range m.Tokenizer().Len() {
					info.Vocabulary = append(info.Vocabulary, m.Tokenizer().Word(id))
				}
			}
			switch {
			case asJSON:
				return writeJSON(a.out, info)
			case vocabulary:
				return writeWords(a.out, info.Vocabulary)
			}
			return info.write(a.out, m.Layers())
		},
	}
	fs := cmd.Flags()
	modelFlag(fs, &path)
	fs.BoolVar(&asJSON, "json", false, "print JSON")
	fs.BoolVar(&vocabulary, "vocabulary", false, "print the words with their ids instead, or with --json too")
	intFlag(fs, &symbols, "symbols", "", 0, 3, model.MaxSymbols, "symbols that the model scores")
	intFlag(fs, &embedding, "embedding", "", 0, 1, model.MaxWidth, "length of a word's vector")
	intFlag(fs, &units, "units", "", 0, 1, model.MaxWidth, "units of the LSTM")
	return cmd
}

// readInfo reads the model at path, or the embedded one for "".
func readInfo(path string) (*autoreg.Model, *modelInfo, error) {
	m, name, err := openModel(path)
	if err != nil {
		return nil, nil, err
	}
	var file io.Reader = bytes.NewReader(embedded)
	if path != "" {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, err
		}
		defer f.Close()
		file = f
	}
	hash, size := sha256.New(), new(counter)
	f, err := weights.Read(io.TeeReader(file, io.MultiWriter(hash, size)), autoreg.DefaultMaxBytes)
	if err != nil {
		return nil, nil, &fileError{name, err}
	}
	delete(f.Metadata, model.KeyTokenizer)
	tok := m.Tokenizer()
	return m, &modelInfo{
		File: name, Bytes: int64(*size), SHA256: hex.EncodeToString(hash.Sum(nil)), Metadata: f.Metadata,
		Layers: layersJSON(m.Layers()), Params: m.Params(), Length: m.Length(),
		Words: tok.Len(), KeepCase: tok.Options().KeepCase, Strip: tok.Options().StripPunctuation,
		ISA: kernels.ISA(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}, nil
}

// A counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func (i *modelInfo) write(w io.Writer, layers []autoreg.LayerInfo) error {
	if err := writeLayers(w, layers); err != nil {
		return err
	}
	letters, marks := "lower case", "punctuation as words"
	if i.KeepCase {
		letters = "case kept"
	}
	if i.Strip {
		marks = "punctuation dropped"
	}
	rows := [][]string{
		{"file", fmt.Sprintf("%s: %s", i.File, bytesText(i.Bytes))},
		{"sha256", i.SHA256},
		{"weights", bytesText(4*int64(i.Params)) + " of float32"},
		{"vocabulary", fmt.Sprintf("%s words, padding and [UNK] included; %s, %s", thousands(i.Words), letters, marks)},
		{"trained on", fmt.Sprintf("sequences of %s words", thousands(i.Length))},
		{"runs on", i.ISA + " (" + i.Platform + ")"},
	}
	for _, key := range slices.Sorted(maps.Keys(i.Metadata)) {
		rows = append(rows, []string{"metadata", key + " = " + i.Metadata[key]})
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return writeColumns(w, rows, "ll")
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// writeWords prints ids and words.
func writeWords(w io.Writer, words []string) error {
	var b strings.Builder
	for id, word := range words {
		fmt.Fprintf(&b, "%d\t%s\n", id, word)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
