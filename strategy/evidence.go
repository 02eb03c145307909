package strategy

// explain is the evidence of a side as it counts, nil where the rule has none.
func (f *frame) explain(e *expr, i int, h holding) *Evidence {
	if e == nil {
		return nil
	}
	ev := f.evidence(e, i, h)
	if truth, ready := f.side(e, i, h); ready {
		ev.Truth = &truth
	}
	return ev
}

// evidence is a condition as it stood on bar i: its truth, and below it the values of what it compares. A cross also
// shows the values of the bar before.
func (f *frame) evidence(e *expr, i int, h holding) *Evidence {
	ev := &Evidence{Text: e.text}
	if i < 0 {
		ev.Missing = e.warm - 1 - i
		return ev
	}
	if truth, ready := f.truth(e, i, h); ready {
		ev.Truth = &truth
	} else {
		ev.Missing = max(0, e.warm-1-i)
	}
	switch {
	case e.let != nil:
		ev.Children = []*Evidence{f.evidence(e.let, i, h)}
	case e.op == opBack:
		ev.Children = []*Evidence{f.evidence(e.args[0], i-e.bars, h)}
	case e.op == opAnd, e.op == opOr, e.op == opNot:
		for _, x := range e.args {
			ev.Children = append(ev.Children, f.evidence(x, i, h))
		}
	default:
		for _, x := range e.args {
			ev.Children = append(ev.Children, f.value(x, i, h))
		}
	}
	if e.let == nil && (e.op == opCrossAbove || e.op == opCrossBelow) {
		for _, x := range e.args {
			before := f.value(x, i-1, h)
			before.Text, before.Children = (&expr{op: opBack, args: []*expr{x}, bars: 1}).spell(true), nil
			ev.Children = append(ev.Children, before)
		}
	}
	return ev
}

// value is an operand as it stood on bar i. What stands under a name, and the operands of arithmetic, are shown below it.
func (f *frame) value(e *expr, i int, h holding) *Evidence {
	ev := &Evidence{Text: e.text}
	value, ready := f.number(e, max(i, 0), h)
	if i >= 0 && ready {
		ev.Value = plainText(value)
	} else if e.position == nil {
		ev.Missing = max(0, e.warm-1-i)
	}
	switch {
	case e.let != nil && e.op != opNumber:
		ev.Children = []*Evidence{f.value(e.let, i, h)}
	case e.let == nil && (e.op.rank() == opAdd.rank() || e.op.rank() == opMul.rank() || e.op == opNeg):
		for _, x := range e.args {
			if x.op != opNumber {
				ev.Children = append(ev.Children, f.value(x, i, h))
			}
		}
	}
	return ev
}

// unready finds a part that should have a value on bar i and has none (a division by zero, a condition that was never
// true), innermost first; empty when bars are missing.
func (f *frame) unready(e *expr, i int) string {
	if e == nil {
		return ""
	}
	for _, x := range e.args {
		if text := f.unready(x, i); text != "" {
			return text
		}
	}
	if e.warm <= i+1 && !f.ready(e, i) {
		return e.text
	}
	return ""
}
