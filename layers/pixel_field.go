package layers

// A FieldRow is the columns, from First to Last, of the pixels of a row.
type FieldRow struct{ First, Last int }

// PixelField returns which pixels the outputs of pixel (row, col) depend on, in an image
// that has all of them: by how many rows they lie above it, with columns relative to its
// own. A row without any has Last below First. The channels of the pixel itself do not
// count.
func PixelField(spec PixelSpec, row, col int) (rows []FieldRow) {
	g := pixelGraph{shape: true}
	g.complete(spec.build(&g))
	fields := make([]map[int]FieldRow, len(g.nodes)) // of each node: rows, with columns
	fields[g.output.id] = map[int]FieldRow{row: {col, col}}
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := g.nodes[i]
		for r, f := range fields[i] {
			for _, from := range n.from {
				addField(fields, from, r, f)
			}
			for k := range n.terms {
				n.terms[k].addFields(fields, n, r, f)
			}
		}
	}
	for r, f := range fields[0] {
		up := row - r
		for len(rows) <= up {
			rows = append(rows, FieldRow{0, -1})
		}
		rows[up] = FieldRow{f.First - col, f.Last - col}
	}
	return rows
}

// addField adds columns of a row to those that are read of a node.
func addField(fields []map[int]FieldRow, n *pixelNode, row int, f FieldRow) {
	rows := fields[n.id]
	if rows == nil {
		rows = make(map[int]FieldRow)
		fields[n.id] = rows
	}
	if was, ok := rows[row]; ok {
		f = FieldRow{min(f.First, was.First), max(f.Last, was.Last)}
	}
	rows[row] = f
}

// addFields adds what node n reads by the term for columns of its row.
func (t *convTerm) addFields(fields []map[int]FieldRow, n *pixelNode, row int, f FieldRow) {
	made, scale := n.due-n.level, 1<<(n.due-t.from.level)
	for i := range t.conv.pieces {
		p := &t.conv.pieces[i]
		if p.row != row&(1<<made-1) || p.rows == 0 {
			continue
		}
		taps := p.rows / t.conv.spec.In
		for at := 0; at < taps; at += p.wide {
			wide := min(p.wide, taps-at)
			addField(fields, t.from, row>>made*scale-p.up+at/p.wide,
				FieldRow{f.First>>made*scale - p.left, f.Last>>made*scale - p.left + wide - 1})
		}
	}
}
