// Package netkit holds what the tests of several packages share about networks: example
// specs of every kind of layer, all of these layers written down plainly in float64, and so
// the mixture network over pixels.
package netkit

import (
	"slices"

	"github.com/autoreg/autoreg/layers"
)

// Specs returns example specs of every kind of layer, of so many units: with each
// combination of a kind's words, and around each other kind where one lies inside. Of the
// functions of gates and of units not every pair is there, but each function is: pairs are
// many, and no code is for a pair.
func Specs(units int) (list []layers.Spec) {
	for _, kind := range layers.Kinds() {
		list = append(list, specsOf(kind, units)...)
	}
	return list
}

// Sequential returns those of Specs that can go step by step.
func Sequential(units int) (list []layers.Spec) {
	for _, s := range Specs(units) {
		if layers.Sequential(s) {
			list = append(list, s)
		}
	}
	return list
}

// specsOf returns the examples of one kind.
func specsOf(kind string, units int) []layers.Spec {
	list := []func() layers.Spec{func() layers.Spec { return layers.NewSpec(kind) }}
	for i, m := range layers.NewSpec(kind).Members() {
		var longer []func() layers.Spec
		vary := func(set func(m layers.Member)) {
			for _, begin := range list {
				longer = append(longer, func() layers.Spec {
					s := begin()
					set(s.Members()[i])
					return s
				})
			}
		}
		switch {
		case m.Int != nil:
			vary(func(m layers.Member) { *m.Int = units })
		case m.Text != nil:
			for _, choice := range m.Choices {
				vary(func(m layers.Member) { *m.Text = choice })
			}
		default:
			for _, inside := range layers.Kinds() {
				if s := plain(inside, units); s != nil && layers.Recurrent(s) {
					vary(func(m layers.Member) { *m.Layer = plain(inside, units) })
				}
			}
		}
		list = longer
	}
	var specs []layers.Spec
	for _, make := range list {
		if s := make(); paired(s) {
			specs = append(specs, s)
		}
	}
	return specs
}

// paired reports whether the function of a spec's units is the first, or goes with that of
// its gates here.
func paired(s layers.Spec) bool {
	unit, gate := 0, 0
	for _, m := range s.Members() {
		switch m.Name {
		case "activation":
			unit = slices.Index(m.Choices, *m.Text)
		case "recurrent_activation":
			gate = slices.Index(m.Choices, *m.Text)
		default:
			continue
		}
	}
	return unit == 0 || gate == 0 || unit == gate
}

// plain returns a spec without words, or nil if there is a layer inside.
func plain(kind string, units int) layers.Spec {
	s := layers.NewSpec(kind)
	for _, m := range s.Members() {
		switch {
		case m.Int != nil:
			*m.Int = units
		case m.Layer != nil:
			return nil
		}
	}
	return s
}

// Trained returns the parameters of a network that are trained.
func Trained(net layers.Network) (list []layers.Parameter) {
	for _, p := range layers.ParametersOf(net) {
		if !p.StoredOnly {
			list = append(list, p)
		}
	}
	return list
}
