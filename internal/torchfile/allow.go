package torchfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/dtype"
)

// storageTypes are the classes of storages, of modules torch, torch.cuda and torch.storage.
// Those of complex and quantised numbers are missing: their tensors become objects.
var storageTypes = map[string]dtype.Type{
	"DoubleStorage": dtype.F64, "FloatStorage": dtype.F32, "HalfStorage": dtype.F16, "BFloat16Storage": dtype.BF16,
	"LongStorage": dtype.I64, "IntStorage": dtype.I32, "ShortStorage": dtype.I16, "CharStorage": dtype.I8,
	"ByteStorage": dtype.U8, "BoolStorage": dtype.Bool, untypedStorage: dtype.U8,
}

// untypedStorage is the class of a storage whose tensors have a dtype each.
const untypedStorage = "UntypedStorage"

// dtypes are the names of dtypes in module torch.
var dtypes = map[string]dtype.Type{
	"float64": dtype.F64, "float32": dtype.F32, "float16": dtype.F16, "bfloat16": dtype.BF16,
	"int64": dtype.I64, "int32": dtype.I32, "int16": dtype.I16, "int8": dtype.I8,
	"uint64": dtype.U64, "uint32": dtype.U32, "uint16": dtype.U16, "uint8": dtype.U8, "bool": dtype.Bool,
}

// storageType returns the type of the storages of class g, and whether it is known.
func storageType(g *global) (dtype.Type, bool) {
	t, ok := storageTypes[g.name]
	return t, ok && (g.module == "torch" || g.module == "torch.cuda" || g.module == "torch.storage")
}

// hostileModules are modules that no class in a checkpoint is of, but functions that an attacker
// calls. The list makes no file safe, for nothing is called that is not in it either: it
// makes a warning of what would pass for an unknown class.
var hostileModules = []string{"os", "posix", "nt", "subprocess", "pty", "sys", "shutil", "socket", "runpy", "webbrowser", "importlib", "ctypes", "commands", "timeit", "pdb", "bdb"}

// hostileBuiltins are such functions of the module builtins.
var hostileBuiltins = []string{"eval", "exec", "execfile", "compile", "open", "input", "__import__", "breakpoint"}

// hostile reports whether a call of g is that of an attacker. Since protocol 4 a name can
// lead from any module through others.
func (g *global) hostile() bool {
	module, _, _ := strings.Cut(g.module, ".")
	names := strings.Split(g.name, ".")
	if module == "builtins" || module == "__builtin__" {
		return slices.Contains(hostileBuiltins, names[0])
	}
	return slices.Contains(hostileModules, module) || slices.ContainsFunc(names, func(n string) bool { return slices.Contains(hostileModules, n) })
}

// global pushes a global.
func (m *machine) global(module, name string) {
	if m.take(32) {
		m.push(&global{module, name})
	}
}

// reduce returns what f(args...) stands for.
func (m *machine) reduce(f, args any) any {
	tuple, ok := args.(*sequence)
	if !ok {
		m.fail("a call whose arguments are no tuple")
		return nil
	}
	switch f := f.(type) {
	case *object: // a method or an instance of a class outside the allow-list
		return m.object(f.class, f, args)
	case *global:
		return m.call(f, tuple.items)
	}
	m.fail("a call of what is no class")
	return nil
}

// call returns what a call of g stands for.
func (m *machine) call(g *global, args []any) any {
	if g.hostile() {
		m.fail("the pickle calls %s when Python loads it: the file is hostile (nothing of it was run here)", quote(g.String()))
		return nil
	}
	switch name := g.String(); name {
	case "collections.OrderedDict":
		return m.orderedDict(args)
	case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset":
		if len(args) == 1 {
			if s, ok := args[0].(*sequence); ok {
				return m.sequence(s.items)
			}
		}
	case "torch.Size":
		if len(args) == 1 {
			if s, ok := args[0].(*sequence); ok {
				return s
			}
		}
	case "torch.serialization._get_layout":
		if len(args) == 1 {
			return args[0]
		}
	case "torch.device":
		return m.device(args)
	case "torch._utils._rebuild_parameter": // data, requires_grad, backward_hooks
		if len(args) == 3 {
			return args[0] // a tensor, or an object that says what is in its place
		}
	case "torch._utils._rebuild_tensor": // storage, storage_offset, size, stride
		if len(args) == 4 {
			return m.tensor(args, nil)
		}
	case "torch._utils._rebuild_tensor_v2": // and requires_grad, backward_hooks[, metadata]
		if len(args) == 6 || len(args) == 7 {
			return m.tensor(args, nil)
		}
	case "torch._utils._rebuild_tensor_v3": // and requires_grad, backward_hooks, dtype[, metadata]
		if len(args) == 7 || len(args) == 8 {
			if t, ok := args[6].(*global); ok {
				return m.tensor(args, t)
			}
		}
	default:
		return m.object(name, args...)
	}
	m.fail("%s with other arguments than it has", g)
	return nil
}

// orderedDict returns OrderedDict(args...): of nothing, or of a list of pairs, as Python 2
// has it.
func (m *machine) orderedDict(args []any) any {
	if !m.take(24) {
		return nil
	}
	d := new(dict)
	if len(args) == 0 {
		return d
	}
	if s, ok := args[0].(*sequence); ok && len(args) == 1 {
		for _, v := range s.items {
			p, ok := v.(*sequence)
			if !ok || len(p.items) != 2 {
				m.fail("an OrderedDict of what are no pairs")
				return nil
			}
			m.setItems(d, p.items)
		}
		return d
	}
	m.fail("an OrderedDict of what is no list of pairs")
	return nil
}

// device returns torch.device(args...) as a text.
func (m *machine) device(args []any) any {
	if len(args) == 1 || len(args) == 2 {
		if kind, ok := args[0].(string); ok {
			if len(args) == 1 {
				return kind
			}
			if i, ok := args[1].(int64); ok && m.take(int64(len(kind))+24) {
				return kind + ":" + strconv.FormatInt(i, 10)
			}
		}
	}
	m.fail("a torch.device with other arguments than it has")
	return nil
}

// newObject returns the object of a class that NEWOBJ makes of args.
func (m *machine) newObject(class any, args ...any) any {
	switch class := class.(type) {
	case *global:
		if class.hostile() {
			return m.call(class, nil)
		}
		return m.object(class.String(), args...)
	case *object:
		return m.object(class.class, append(args, class)...)
	}
	m.fail("an object of what is no class")
	return nil
}

// build gives an object its state. A dict's is left out: an OrderedDict from a module has
// the versions of its modules there.
func (m *machine) build(in, state any) {
	switch v := in.(type) {
	case *object:
		if d, ok := state.(*dict); ok {
			for _, p := range d.pairs {
				v.fields.pairs = add(m, v.fields.pairs, p)
			}
			return
		}
		v.parts = add(m, v.parts, state)
	case *dict:
	default:
		m.fail("a state for what is no object")
	}
}
