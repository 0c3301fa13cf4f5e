package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/model"
)

// allClasses is the value of --class for every class of a model.
const allClasses = "each"

// classesFlag defines a flag for classes of images: a list between commas, or allClasses.
func classesFlag(fs *pflag.FlagSet, p *classesValue, name, usage string) { fs.Var(p, name, usage) }

// A classesValue is the value of such a flag; the zero value is none.
type classesValue struct {
	list []int
	all  bool
}

func (v *classesValue) given() bool { return v.all || len(v.list) > 0 }

func (v *classesValue) String() string {
	if v.all {
		return allClasses
	}
	var parts []string
	for _, class := range v.list {
		parts = append(parts, strconv.Itoa(class))
	}
	return strings.Join(parts, ",")
}

func (v *classesValue) Type() string { return "N,…" }

func (v *classesValue) Set(s string) error {
	if s == allClasses {
		*v = classesValue{all: true}
		return nil
	}
	var list []int
	for part := range strings.SplitSeq(s, ",") {
		class, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || class < 0 || class >= model.MaxCondition {
			return fmt.Errorf("want the number of a class, from 0, several between commas, or %s", allClasses)
		}
		list = append(list, class)
	}
	if len(list) > model.MaxCondition {
		return errors.New("too many classes")
	}
	*v = classesValue{list: list}
	return nil
}

// everyClass returns the classes 0 to n-1.
func everyClass(n int) (list []int) {
	for class := range n {
		list = append(list, class)
	}
	return list
}

// rowsOf returns the classes of count images of each class of a list, one after the other.
func rowsOf(list []int, count int) (classes []int) {
	for _, class := range list {
		classes = append(classes, slices.Repeat([]int{class}, count)...)
	}
	return classes
}

// takeClasses makes the images those of the classes in --class: so many of each.
func (j *paintJob) takeClasses() error {
	n, o := j.pixels.Classes(), &j.options
	switch {
	case n == 0 && j.class.given():
		return usagef("--class is not for %s, which is not conditioned on classes: leave it out", describeModel(j.model))
	case n == 0:
		return nil
	case !j.class.given():
		return usagef("%s draws images of %d classes: give --class with numbers from 0 to %d, or --class %s", describeModel(j.model), n, n-1, allClasses)
	}
	list := j.class.list
	if j.class.all {
		list = everyClass(n)
	}
	for _, class := range list {
		if class >= n {
			return usagef("--class %d: %s has the classes 0 to %d", class, describeModel(j.model), n-1)
		}
	}
	if o.Count > math.MaxInt32/len(list) || float64(o.Count)*float64(len(list))*float64(o.Height)*float64(o.Width) > maxSheet {
		return usagef("%d images of each of %d classes are more than a sheet can have: lower --count", o.Count, len(list))
	}
	if len(list) > 1 && j.columns == 0 {
		j.columns = o.Count
	}
	o.Classes = rowsOf(list, o.Count)
	o.Count *= len(list)
	return nil
}
