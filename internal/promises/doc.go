// Package promises tests what no single package can: that models, losses, texts and
// images have the same bytes everywhere, and that imports point one way. It holds no
// code beside its tests.
package promises
