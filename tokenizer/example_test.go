package tokenizer_test

import (
	"fmt"
	"slices"

	"github.com/autoreg/autoreg/tokenizer"
)

func Example() {
	texts := []string{
		"Recipe for Toast | Don't burn the bread. Butter the bread.",
		"Recipe for Salt | Buy salt.",
	}
	tok, err := tokenizer.Learn(slices.Values(texts), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := tok.Append(nil, "Recipe for salt bread | Don't fry the bread.")
	fmt.Println(ids)
	fmt.Printf("%s\n", tok.AppendText(nil, ids...))
	fmt.Printf("%s\n", tok.AppendPretty(nil, ids...))
	// Output:
	// [6 7 5 8 3 11 15 10 1 4 8 2]
	// recipe for salt bread | don ' t [UNK] the bread .
	// Recipe for salt bread | Don't [UNK] the bread.
}

// A server prints words as they come.
func ExampleDetokenizer() {
	tok, err := tokenizer.New([]string{"", "[UNK]", "1", "/", "4", "cup", "."}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	d := tok.Detokenizer()
	for _, id := range []int{2, 3, 4, 5, 6, 0} {
		fmt.Printf("%q ", d.Append(nil, id))
	}
	// Output: "1" "/" "4" " cup" "." ""
}

// Characters as character models have them: those of the texts, and no others.
func ExampleOptions() {
	tok, err := tokenizer.Learn(slices.Values([]string{"To be, or not to be"}), &tokenizer.Options{
		Unit: tokenizer.Characters, NoStop: true, NoUnknown: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := tok.Append(nil, "not to be")
	fmt.Println(tok.Len(), ids)
	fmt.Printf("%q\n", tok.AppendText(nil, ids...))
	for missing := range tok.Missing("a note") {
		fmt.Printf("%q is not in the vocabulary\n", missing)
	}
	// Output:
	// 9 [6 1 2 0 2 1 0 4 3]
	// "not to be"
	// "a" is not in the vocabulary
}

// A character of several bytes is written when its last byte is there.
func ExampleDetokenizer_Flush() {
	tok, err := tokenizer.New(nil, &tokenizer.Options{Unit: tokenizer.Bytes})
	if err != nil {
		fmt.Println(err)
		return
	}
	d := tok.Detokenizer()
	for _, id := range tok.Append(nil, "5 €\xe2\x82") {
		fmt.Printf("%q ", d.Append(nil, id))
	}
	fmt.Printf("%+q\n", d.Flush(nil))
	// Output: "5" " " "" "" "€" "" "" "\ufffd\ufffd"
}
