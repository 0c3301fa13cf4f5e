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
