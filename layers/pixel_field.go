package layers

// A FieldRow is the columns, from First to Last, of the pixels of a row.
type FieldRow struct{ First, Last int }

// maxFieldRows bounds the rows of a receptive field that are looked at: more than images have.
const maxFieldRows = 1 << 12

// PixelField returns which pixels the outputs of pixel (row, col) depend on, in an image
// that has all of them: by how many rows they lie above it, with columns relative to its
// own. A row without any has Last below First. The channels of the pixel itself do not
// count, nor do pixels 4096 rows above it or more.
func PixelField(spec PixelSpec, row, col int) []FieldRow {
	f := pixelField{row: row}
	g := pixelGraph{shape: true}
	g.complete(spec.build(&g))
	f.rows = make([][]FieldRow, len(g.nodes))
	f.add(g.output, row, FieldRow{col, col})
	for i := len(g.nodes) - 1; i > 0; i-- {
		n := g.nodes[i]
		for up, columns := range f.rows[i] {
			if columns.Last < columns.First {
				continue
			}
			r := row>>n.resolution - up
			for _, from := range n.from {
				f.add(from, r, columns)
			}
			for k := range n.terms {
				f.addTerm(&n.terms[k], n, r, columns)
			}
		}
		f.rows[i] = nil // or deep networks take gigabytes
	}
	rows := f.rows[0]
	for i := range rows {
		if rows[i].Last >= rows[i].First {
			rows[i] = FieldRow{rows[i].First - col, rows[i].Last - col}
		}
	}
	return rows
}

// A pixelField is what is read of each node: columns of rows, counted upwards from that of
// the pixel.
type pixelField struct {
	row  int
	rows [][]FieldRow
}

// add adds columns of a row to those that are read of a node.
func (f *pixelField) add(n *pixelNode, row int, columns FieldRow) {
	up := f.row>>n.resolution - row
	if up >= maxFieldRows>>n.resolution {
		return
	}
	rows := f.rows[n.id]
	for len(rows) <= up {
		rows = append(rows, FieldRow{0, -1})
	}
	if was := rows[up]; was.Last >= was.First {
		columns = FieldRow{min(columns.First, was.First), max(columns.Last, was.Last)}
	}
	rows[up] = columns
	f.rows[n.id] = rows
}

// addTerm adds what node n reads by a term for columns of its row.
func (f *pixelField) addTerm(t *convTerm, n *pixelNode, row int, columns FieldRow) {
	made, scale := n.due-n.resolution, 1<<(n.due-t.from.resolution)
	for i := range t.conv.pieces {
		p := &t.conv.pieces[i]
		if p.row != row&(1<<made-1) || p.rows == 0 {
			continue
		}
		taps := p.rows / t.conv.spec.In
		for at := 0; at < taps; at += p.wide {
			wide := min(p.wide, taps-at)
			f.add(t.from, row>>made*scale-p.up+at/p.wide,
				FieldRow{columns.First>>made*scale - p.left, columns.Last>>made*scale - p.left + wide - 1})
		}
	}
}
