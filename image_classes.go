package autoreg

import "github.com/autoreg/autoreg/internal/apierror"

// Classes returns how many classes of images the model is conditioned on: each image that
// is drawn or scored is of one of them, 0 to Classes()-1. It is 0 for a model that is not.
func (m *ImageModel) Classes() int { return m.pixel.Config.ConditionLen() }

// checkClass returns an error unless the model has such a class.
func (m *ImageModel) checkClass(class int) error {
	switch n := m.Classes(); {
	case n == 0:
		return apierror.Errorf("the class %d is given, but the model is not conditioned on classes", class)
	case class < 0 || class >= n:
		return apierror.Errorf("the class is %d: want 0 to %d", class, n-1)
	}
	return nil
}

// checkClasses checks the option Classes, for count images or, if that is below 0, for a
// number of images that is not known yet.
func (m *ImageModel) checkClasses(classes []int, count int) error {
	switch n := m.Classes(); {
	case n == 0 && len(classes) > 0:
		return optionErr("%s is set, but the model is not conditioned on classes: leave it out", option("Classes"))
	case n > 0 && len(classes) == 0:
		return optionErr("%s is missing: the model is conditioned on %d classes, give one for all images or one for each", option("Classes"), n)
	case count >= 0 && len(classes) > 1 && len(classes) != count:
		return errClassCount(classes, count)
	}
	for _, class := range classes {
		if err := m.checkClass(class); err != nil {
			return optionErr("%s: %w", option("Classes"), err)
		}
	}
	return nil
}

func errClassCount(classes []int, images int) error {
	return optionErr("%s has %d classes for %d images: want one for all or one for each", option("Classes"), len(classes), images)
}

// classOf returns the class of image i, 0 if there are no classes.
func classOf(classes []int, i int) int {
	switch len(classes) {
	case 0:
		return 0
	case 1:
		return classes[0]
	}
	return classes[i]
}

// A condition is room for what the network reads of a class; nil for a model without.
type condition []float32

func (m *ImageModel) newCondition() condition {
	if n := m.Classes(); n > 0 {
		return make(condition, n)
	}
	return nil
}

// of returns c with a 1 in the place of the class, and zeros.
func (c condition) of(class int) []float32 {
	clear(c)
	c[class] = 1
	return c
}
