package train

// copiedGram is the length of the runs of ids that Copied looks for.
const copiedGram = 8

// Copied tells a copied text from a learned one. It returns which share of the runs of
// eight ids in ids, a generated text encoded with the same tokenizer, stand in the
// documents of the data set too, or in its stream: 1 for a text that is copied from them.
// Runs that occur repeatedly in ids count repeatedly. ok is false if ids are fewer than
// eight. Eight words in a row are seldom the same by chance; eight characters often are.
//
// It goes through the data set once, with the rolling hash of Karp and Rabin (Efficient
// randomized pattern-matching algorithms, 1987), and compares the ids of runs with equal
// hashes. It takes memory in proportion to ids.
func (d *Dataset) Copied(ids []int) (share float64, ok bool) {
	n := len(ids) - copiedGram + 1
	if n <= 0 {
		return 0, false
	}
	var (
		left   = make(map[uint64][]int, n) // where the runs not yet found begin, by their hash
		filter [1 << 10]uint64             // a bit for each hash in left, by its upper 16 bits
		h      gramHash
	)
	for i, id := range ids {
		h.add(int64(id))
		if i < copiedGram-1 {
			continue
		}
		left[h.sum] = append(left[h.sum], i-copiedGram+1)
		filter[h.sum>>54] |= 1 << (h.sum >> 48 & 63)
	}
	found := 0
	h = gramHash{}
	starts := d.starts()
	from := 0 // where the document under way begins
	for k, id := range d.ids {
		for len(starts) > 0 && int(starts[0]) <= k { // empty documents begin there too
			from, starts = k, starts[1:]
		}
		h.add(int64(id))
		if k-from < copiedGram-1 || filter[h.sum>>54]>>(h.sum>>48&63)&1 == 0 {
			continue
		}
		begin, hit := left[h.sum]
		if !hit {
			continue
		}
		run := d.ids[k-copiedGram+1 : k+1]
		rest := begin[:0]
		for _, start := range begin {
			if equalIDs(ids[start:start+copiedGram], run) {
				found++
			} else {
				rest = append(rest, start)
			}
		}
		if left[h.sum] = rest; len(rest) == 0 {
			if delete(left, h.sum); len(left) == 0 {
				break
			}
		}
	}
	return float64(found) / float64(n), true
}

// starts returns where documents begin in d.ids, in order; a stream is one document.
func (d *Dataset) starts() (list []int32) {
	if d.Tracks > 0 {
		return nil
	}
	end := int32(0)
	for _, r := range d.rows {
		if r.from >= end { // otherwise it is a further window, which shares an id with the one before
			list = append(list, r.from)
		}
		end = r.to
	}
	return list
}

// A gramHash is the hash of the last copiedGram ids added: the sum of (id+1)·gramBase^age
// mod 2⁶⁴, where the age of the latest id is 1.
type gramHash struct {
	sum  uint64
	last [copiedGram]uint64 // a ring
	at   int
}

const gramBase = 0x9e3779b97f4a7c15 // odd, so that no id is lost; 2⁶⁴ divided by the golden ratio

// oldestFactor is gramBase^copiedGram, with which the oldest id leaves the sum.
var oldestFactor = func() uint64 {
	f := uint64(1)
	for range copiedGram {
		f *= gramBase
	}
	return f
}()

func (h *gramHash) add(id int64) {
	x := uint64(id) + 1 // 0 would not tell runs of the first id apart from none
	h.sum = (h.sum - h.last[h.at]*oldestFactor + x) * gramBase
	h.last[h.at] = x
	h.at = (h.at + 1) % copiedGram
}

func equalIDs(a []int, b []int32) bool {
	for i, id := range b {
		if a[i] != int(id) {
			return false
		}
	}
	return true
}
