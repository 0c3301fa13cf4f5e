package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestVocabularyFlags trains with every flag that says what tokens are: training and info
// say so, and the model continues a text of its own kind.
func TestVocabularyFlags(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "plays.txt", strings.Repeat("First Citizen: Don’t speak, <unk> speaking é!\nAll spoke. speak 🙂\n", 6))
	for _, c := range []struct {
		name, flags, prompt string
		training, info      string // parts of what is printed
	}{
		{"words", "", "speak",
			"12 documents, 102 words, 0.00% of them unknown", "18 words, padding and [UNK] included; lower case, punctuation as words"},
		{"case", "--case keep --punctuation strip --unicode-punctuation", "speak",
			"12 documents, 66 words, 0.00% of them unknown", "12 words, padding and [UNK] included; case kept, punctuation dropped, beyond ASCII too"},
		{"treebank", "--format text --stream --batch 2 --punctuation keep --line-ends --stop=false --unknown <unk>", "speak",
			"1 document, 78 words, 7.69% of them unknown", "12 words, <unk> included; lower case, punctuation kept in words, ends of lines as words"},
		{"stems", "--stem english --min-count 7 --punctuation strip", "speaking",
			"of them unknown", "3 words, padding and [UNK] included; lower case, punctuation dropped, stems in English"},
		{"characters", "--unit character", "é",
			"12 documents, 378 characters, 0.00% of them unknown", "30 characters, padding and [UNK] included; case kept"},
		{"few characters", "--unit character --case fold --vocabulary 9 --unknown ?", "speak",
			"of them unknown", "9 characters, padding and ? included; lower case"},
		{"characters alone", "--unit character --format text --stream --batch 2 --stop=false --unknown=", "é",
			"1 document, 390 characters; one stream in 2 tracks", "29 characters; case kept"},
		{"bytes", "--unit byte", "\xc3",
			"12 documents, 414 bytes;", "257 bytes, padding included; case kept"},
	} {
		model := filepath.Join(dir, strings.ReplaceAll(c.name, " ", "-"))
		out := ok(t, trainArgs(data, model, strings.Fields(c.flags)...)...)
		vocabulary, _, _ := strings.Cut(c.info, "; ")
		if !strings.Contains(out, c.training) || !strings.Contains(out, "vocabulary  "+vocabulary+"\n") {
			t.Errorf("%s: training prints %.600s, want %q and %q", c.name, out, c.training, vocabulary)
		}
		if info := ok(t, "info", model); !strings.Contains(info, "vocabulary  "+c.info+"\n") {
			t.Errorf("%s: info prints %s, want %q", c.name, info, c.info)
		}
		for _, args := range [][]string{{"--temperature", "1"}, {"--temperature", "3", "--unknown"}, {"--plain"}, {"--json"}} {
			text := ok(t, append([]string{"generate", "-m", model, "speak" + c.prompt, "--seed", "2"}, args...)...)
			if !strings.HasPrefix(c.prompt, "\xc3") && !utf8.ValidString(text) {
				t.Errorf("%s: generate prints %q", c.name, text)
			}
		}
		ok(t, "probs", "-m", model, "speak", "--steps", "3")
		known := strings.Contains(c.flags, "--unknown=") || strings.Contains(c.flags, "byte")
		if score := ok(t, "score", "-m", model, data); strings.Contains(score, "%)") == known {
			t.Errorf("%s: score prints %s", c.name, score)
		}

		var info struct {
			Words, Length    int
			Unit, Stem       string
			KeepCase         bool `json:"keep_case"`
			StripPunctuation bool `json:"strip_punctuation"`
			KeepPunctuation  bool `json:"keep_punctuation"`
			LineEnds         bool `json:"line_ends"`
			Stop, Unknown    *int
			Vocabulary       []string
		}
		if err := json.Unmarshal([]byte(ok(t, "info", model, "--json", "--vocabulary")), &info); err != nil {
			t.Fatal(err)
		}
		has := func(flag string) bool { return strings.Contains(c.flags, flag) }
		if info.Words != len(info.Vocabulary) || (info.Stop == nil) != has("--stop=false") || (info.Unknown == nil) != (has("--unknown=") || has("byte")) ||
			info.KeepPunctuation != has("--punctuation keep") || info.LineEnds != has("--line-ends") || (info.Stem != "") != has("--stem") ||
			info.StripPunctuation != has("--punctuation strip") || !has("--unit "+info.Unit) && info.Unit != "word" {
			t.Errorf("%s: info --json says %+v", c.name, info)
		}
		if lines := strings.Count(ok(t, "info", model, "--vocabulary"), "\n"); lines != info.Words {
			t.Errorf("%s: info --vocabulary prints %d lines for %d tokens", c.name, lines, info.Words)
		}
		if !has("--stream") {
			ok(t, "train", "text", "--data", data, "-o", model, "--resume", model+".checkpoint", "--epochs", "3", "--keep-checkpoint")
		}
	}
}

func TestVocabularyFlagsRefused(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "data", "a b é\n a b c\n"), filepath.Join(dir, "model")
	for _, c := range []struct {
		code        int
		want, flags string
	}{
		{exitUsage, "--unit", "--unit rune"},
		{exitUsage, "--case", "--case upper"},
		{exitUsage, "--punctuation", "--punctuation drop"},
		{exitUsage, "--stem", "--stem latin"},
		{exitUsage, "--min-count", "--min-count -1"},
		{exitUsage, "keep-case", "--keep-case"},
		{exitError, `--punctuation is for words: leave it out where --unit is "byte"`, "--unit byte --punctuation strip"},
		{exitError, `--line-ends is for words`, "--unit character --line-ends"},
		{exitError, `--stem folds case: leave it out where --case is "keep"`, "--stem english --case keep"},
		{exitError, `--unicode-punctuation has no meaning where --punctuation is "keep"`, "--unicode-punctuation --punctuation keep"},
		{exitError, `--unknown is "?", but there is no unknown token`, "--unit byte --unknown ?"},
		{exitError, "--vocabulary is 100: want at least 257, for 1 of them are reserved and there are 256 bytes", "--unit byte --vocabulary 100"},
		{exitError, "--min-count is 9, but no word occurs more than 2 times", "--min-count 9"},
		{exitError, `document 1 holds the character "é", which the vocabulary lacks`, "--unit character --unknown= --min-count 2"},
		{exitError, `document 2 holds the word "c", which the vocabulary lacks, and there is no token for what it lacks: leave out --unknown "", or let the vocabulary have all (--vocabulary, --min-count)`, "--unknown= --vocabulary 4"},
		{exitError, `--ignore-padding=false needs the stop token, which is what padding is: leave out one of it and --stop=false`, "--ignore-padding=false --stop=false"},
		{exitError, `--min-count is 2, but bytes are not counted: leave it out where --unit is "byte"`, "--unit byte --min-count 2"},
		{exitError, `--windows=false is set with --stream`, "--windows=false --stream"},
		{exitUsage, `--sample "x" holds the character "x", which the vocabulary lacks`, "--unit character --unknown= --sample x"},
		{exitUsage, `--sample "\t" holds no word`, "--sample \t"},
	} {
		fails(t, c.code, c.want, trainArgs(data, model, strings.Split(c.flags, " ")...)...)
	}

	ok(t, trainArgs(data, model, "--unit", "character", "--unknown=", "--overwrite")...)
	fails(t, exitError, `the prompt has "x", which the vocabulary lacks, and there is no unknown token`, "generate", "-m", model, "ax", "--seed", "1")
	fails(t, exitError, `holds the character "x", which the model does not know`, "score", "-m", model, write(t, dir, "other", "ax\n"))
	for want, flag := range map[string][]string{
		"--unit is word now and was character when":      {"--unit", "word"},
		"--vocabulary is 50 now and was 10000 when":      {"--vocabulary", "50"},
		"--min-count is 2 now and was 0 when":            {"--min-count", "2"},
		"--case is fold now and was keep when":           {"--case", "fold"},
		"--punctuation is keep now and was split when":   {"--punctuation", "keep"},
		"--line-ends is true now and was false when":     {"--line-ends"},
		`--unknown is "[UNK]" now and was "" when`:       {"--unknown", "[UNK]"},
		"--stop is false now and was true when":          {"--stop=false"},
		`--stem is english now and was "" when`:          {"--stem", "english"},
		"--unicode-punctuation is true now and was fals": {"--unicode-punctuation"},
	} {
		fails(t, exitError, want, append([]string{"train", "text", "--data", data, "-o", model, "--resume", model + ".checkpoint"}, flag...)...)
	}

	labelled := write(t, dir, "labelled", "x\ta b\ny\tb c\n")
	classify := []string{"train", "classify", "--data", labelled, "-o", filepath.Join(dir, "classes"), "--embedding", "2", "--layers", "gru:2", "--epochs", "1"}
	fails(t, exitUsage, "unknown flag: --stop", append(classify, "--stop=false")...)
	fails(t, exitError, `--unknown "" is not for classes`, append(classify, "--unknown=")...)
	out := ok(t, append(classify, "--unit", "byte")...)
	if !strings.Contains(out, "2 documents, 6 bytes") || !strings.Contains(out, "257 bytes, padding included") {
		t.Errorf("train classify prints %s", out)
	}
	ok(t, "classify", "-m", filepath.Join(dir, "classes"), write(t, dir, "texts", "a\xff\n\n"))
}
