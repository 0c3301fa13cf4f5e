package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Flags that check their values at once and name themselves in errors; and checks that
// cobra makes too, with messages that say what to do.

// noArguments refuses arguments; instead says what to do.
func noArguments(instead string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s takes no argument, such as %q: %s", cmd.CommandPath(), args[0], instead)
		}
		return nil
	}
}

// someArguments refuses a command line without arguments; give says what is missing.
func someArguments(give string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s", give)
		}
		return nil
	}
}

// exclusive refuses two flags at once.
func exclusive(fs *pflag.FlagSet, one, other string) error {
	if fs.Changed(one) && fs.Changed(other) {
		return usagef("--%s and --%s exclude each other: give one of them", one, other)
	}
	return nil
}

// intFlag defines a flag for an integer from min to max.
func intFlag(fs *pflag.FlagSet, p *int, name, short string, value, min, max int, usage string) {
	*p = value
	fs.VarP(&intValue{p, min, max}, name, short, usage)
}

type intValue struct {
	p        *int
	min, max int
}

func (v *intValue) String() string {
	if v.p == nil {
		return ""
	}
	return strconv.Itoa(*v.p)
}

func (v *intValue) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < v.min || n > v.max {
		if v.max == math.MaxInt32 && (err != nil && !errors.Is(err, strconv.ErrRange) || n < v.min) {
			return fmt.Errorf("want a whole number, %d or more", v.min)
		}
		return fmt.Errorf("want a whole number from %d to %d", v.min, v.max)
	}
	*v.p = n
	return nil
}

func (v *intValue) Type() string { return "N" }

// seedFlag defines a flag for a seed.
func seedFlag(fs *pflag.FlagSet, p *uint64, usage string) {
	fs.VarP((*seedValue)(p), "seed", "s", usage)
}

type seedValue uint64

func (v *seedValue) String() string { return strconv.FormatUint(uint64(*v), 10) }
func (v *seedValue) Type() string   { return "N" }

func (v *seedValue) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fmt.Errorf("want a whole number from 0 to %d", uint64(math.MaxUint64))
	}
	*v = seedValue(n)
	return nil
}

// floatFlag defines a flag for a number that ok accepts; want says which those are.
func floatFlag(fs *pflag.FlagSet, p *float64, name, short string, value float64, usage, want string, ok func(float64) bool) {
	*p = value
	fs.VarP(&floatValue{p, want, ok}, name, short, usage)
}

type floatValue struct {
	p    *float64
	want string
	ok   func(float64) bool
}

func (v *floatValue) String() string {
	if v.p == nil {
		return ""
	}
	return strconv.FormatFloat(*v.p, 'g', -1, 64)
}

func (v *floatValue) Set(s string) error {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !v.ok(f) {
		return errors.New("want " + v.want + pointHint(s))
	}
	*v.p = f
	return nil
}

func (v *floatValue) Type() string { return "X" }

// parseTemperature reads a temperature as the float32 that the sampler takes. One
// that float32 would round to 0 or to infinity is refused, because the meaning would
// change.
func parseTemperature(s string) (float64, error) {
	t, err := strconv.ParseFloat(s, 32)
	if err != nil || !(t >= 0 && t <= math.MaxFloat32) || t == 0 && strings.Trim(s, "+-0.") != "" {
		return 0, errors.New("want 0 (always the likeliest) or a number from 1.4e-45 to 3.4e+38" + pointHint(s))
	}
	return t, nil
}

// pointHint returns what to add to an error for a number with a decimal comma.
func pointHint(s string) string {
	if point := strings.Replace(s, ",", ".", 1); point != s {
		if _, err := strconv.ParseFloat(point, 64); err == nil {
			return "; a decimal has a point: " + point
		}
	}
	return ""
}

// temperatureFlag defines a flag for one temperature.
func temperatureFlag(fs *pflag.FlagSet, p *float64, name, short string, value float64, usage string) {
	*p = value
	fs.VarP((*temperatureValue)(p), name, short, usage)
}

type temperatureValue float64

func (v *temperatureValue) String() string { return formatTemperature(float64(*v)) }
func (v *temperatureValue) Type() string   { return "X" }

func (v *temperatureValue) Set(s string) error {
	t, err := parseTemperature(s)
	if err == nil {
		*v = temperatureValue(t)
	}
	return err
}

func formatTemperature(t float64) string { return strconv.FormatFloat(t, 'g', -1, 32) }

// temperaturesFlag defines a flag for a list of temperatures between commas.
func temperaturesFlag(fs *pflag.FlagSet, p *[]float64, name, short string, value []float64, usage string) {
	*p = value
	fs.VarP((*temperaturesValue)(p), name, short, usage)
}

type temperaturesValue []float64

func (v *temperaturesValue) String() string {
	parts := make([]string, len(*v))
	for i, t := range *v {
		parts[i] = formatTemperature(t)
	}
	return strings.Join(parts, ",")
}

func (v *temperaturesValue) Type() string { return "X,…" }

func (v *temperaturesValue) Set(s string) error {
	var list []float64
	for part := range strings.SplitSeq(s, ",") {
		t, err := parseTemperature(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("between the commas %w", err)
		}
		list = append(list, t)
	}
	*v = list
	return nil
}

// choiceFlag defines a flag for one word of a few.
func choiceFlag(fs *pflag.FlagSet, p *string, name, value string, choices []string, usage string) {
	*p = value
	fs.Var(&choiceValue{p, choices}, name, usage+": "+strings.Join(choices, ", "))
}

type choiceValue struct {
	p       *string
	choices []string
}

func (v *choiceValue) String() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

func (v *choiceValue) Set(s string) error {
	if !slices.Contains(v.choices, s) {
		return errors.New("want one of " + strings.Join(v.choices, ", "))
	}
	*v.p = s
	return nil
}

func (v *choiceValue) Type() string { return "NAME" }

// filesFlag defines a flag for a file, or for many when it may be given repeatedly.
func filesFlag(fs *pflag.FlagSet, p *[]string, name, short string, many bool, usage string) {
	fs.VarP(&filesValue{p, many}, name, short, usage)
}

type filesValue struct {
	p    *[]string
	many bool
}

func (v *filesValue) String() string {
	if v.p == nil {
		return ""
	}
	return strings.Join(*v.p, " ")
}

func (v *filesValue) Set(s string) error {
	if !v.many {
		*v.p = nil
	}
	*v.p = append(*v.p, s)
	return nil
}

func (v *filesValue) Type() string { return "FILE" }
