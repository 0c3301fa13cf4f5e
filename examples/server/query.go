package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

// Limits on what one request may ask for.
const (
	maxPromptBytes = 4 << 10
	maxTokens      = 1000
	maxStops       = 4
	maxStopBytes   = 100
)

const help = `GET /generate?prompt=recipe+for+roasted
  seed=N         the same seed gives the same text; drawn if left out, see the header Autoreg-Seed
  tokens=N       1 to %d words, prompt included; 200 if left out
  stop=TEXT      end before this text; up to 4 of them
  plain=1        single blanks between words
  rate=X         X words a second at most, 0.1 or more; as fast as they come if left out
A text that takes longer than %v is broken off, and a rate at which tokens=N would is refused.
How a word is drawn, in this order; what is left out changes nothing, but for the temperature:
  repetition=X   above 0, 1 changes nothing
  presence=X, frequency=X   with repetition, penalties for words of the last window=N
  top_k=N        draw among the N likeliest words
  typical_p=X, top_p=X   above 0, 1 at most: the words that have this much probability together
  min_p=X        0 to 1: words at least X times as likely as the likeliest
  temperature=X  0 or more, 0.7 if left out
The trailer Autoreg-End says why the text ended: stop, by the model, stop string, or length.
`

// A query is what a request asks for.
type query struct {
	prompt  string
	options autoreg.GenerateOptions
	pause   time.Duration // between two words
}

// parse reads a query strictly: a parameter that is misspelt must not be ignored.
// A rate at which the text could take more than longest is refused.
func parse(text string, longest time.Duration) (*query, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, err
	}
	temperature := autoreg.DefaultTemperature
	q := &query{options: autoreg.GenerateOptions{
		MaxTokens: autoreg.DefaultMaxTokens,
		Sampling:  sampler.Options{Temperature: &temperature},
		Seed:      uint64(rand.Uint32()),
	}}
	for name, list := range values {
		switch {
		case name == "stop":
			if q.options.StopStrings, err = list, checkStops(list); err != nil {
				return nil, err
			}
			continue
		case len(list) > 1:
			return nil, fmt.Errorf("%s: given %d times", name, len(list))
		}
		switch err := q.set(name, list[0]); {
		case errors.Is(err, errNoParameter):
			return nil, fmt.Errorf("%.40q: no such parameter", name)
		case err != nil:
			return nil, fmt.Errorf("%s: %.40q is not a value that it can have", name, list[0])
		}
	}
	switch {
	case q.prompt == "":
		return nil, errNoPrompt
	case len(q.prompt) > maxPromptBytes:
		return nil, fmt.Errorf("prompt: longer than %d bytes", maxPromptBytes)
	case !utf8.ValidString(q.prompt): // the answer repeats it
		return nil, errors.New("prompt: not UTF-8")
	case q.pause > longest/time.Duration(q.options.MaxTokens):
		return nil, fmt.Errorf("rate: %d tokens would take longer than %v: want fewer tokens or a higher rate", q.options.MaxTokens, longest)
	}
	return q, nil
}

var (
	errNoParameter = errors.New("no such parameter")
	errNoPrompt    = errors.New("prompt: want at least one word")
)

// set sets one parameter. An error means that it cannot have the value, unless it is
// errNoParameter.
func (q *query) set(name, value string) (err error) {
	o, s := &q.options, &q.options.Sampling
	switch name {
	case "prompt":
		q.prompt = value
	case "seed":
		o.Seed, err = strconv.ParseUint(value, 10, 64)
	case "tokens":
		o.MaxTokens, err = number(value, 1, maxTokens)
	case "plain":
		o.Plain, err = strconv.ParseBool(value)
	case "rate":
		var rate float64
		if rate, err = strconv.ParseFloat(value, 64); err == nil && !(rate >= 0.1 && rate <= 1e6) {
			err = strconv.ErrRange
		}
		q.pause = time.Duration(float64(time.Second) / rate)
	case "repetition":
		s.Penalties.Repetition, err = float(value)
		if s.Penalties.Repetition == 0 {
			err = strconv.ErrRange // to the sampler, 0 means that it is not given
		}
	case "presence":
		s.Penalties.Presence, err = float(value)
	case "frequency":
		s.Penalties.Frequency, err = float(value)
	case "window":
		s.Penalties.Window, err = number(value, 1, maxTokens)
	case "top_k":
		s.TopK, err = number(value, 0, 1<<30)
	case "typical_p":
		s.TypicalP, err = share(value)
	case "top_p":
		s.TopP, err = share(value)
	case "min_p":
		s.MinP, err = strconv.ParseFloat(value, 64)
	case "temperature":
		*s.Temperature, err = strconv.ParseFloat(value, 64)
	default:
		return errNoParameter
	}
	if err != nil {
		return err
	}
	return s.Check()
}

func number(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && (n < low || n > high) {
		err = strconv.ErrRange
	}
	return n, err
}

func float(s string) (float32, error) {
	v, err := strconv.ParseFloat(s, 32)
	return float32(v), err
}

// share reads a probability above 0, which to the sampler means that it is not given.
func share(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if v == 0 {
		err = strconv.ErrRange
	}
	return v, err
}

// checkStops checks the texts at which a text ends.
func checkStops(list []string) error {
	if len(list) > maxStops {
		return fmt.Errorf("stop: given %d times, want %d at most", len(list), maxStops)
	}
	for _, s := range list {
		switch {
		case s == "":
			return errors.New("stop: empty")
		case len(s) > maxStopBytes:
			return fmt.Errorf("stop: longer than %d bytes", maxStopBytes)
		case !utf8.ValidString(s):
			return errors.New("stop: not UTF-8")
		}
	}
	return nil
}
