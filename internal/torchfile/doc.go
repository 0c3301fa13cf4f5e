// Package torchfile reads the tensors of files that torch.save wrote: state dicts and
// checkpoints (.pt, .pth, .ckpt, .bin). It runs nothing that a file holds, and no file is
// trusted.
//
// # Formats
//
// The zip archive (PyTorch 1.6 and later) has members, stored without compression, under
// one name:
//
//	NAME/data.pkl    a pickle: dicts, names, and for each tensor a storage's key, an offset, sizes and strides
//	NAME/data/KEY    one storage, its numbers without gaps
//	NAME/byteorder   "little" or "big"; little where it is missing
//
// The form before it is one file: pickles of a magic number, the protocol, the system, the
// object and the list of storage keys, then the storages, each behind its count of numbers in
// 8 bytes. The first form (before PyTorch 0.1.10) is a tar archive of pickle, tensors and
// storages.
//
// # Pickles
//
// A pickle is a program for a stack machine whose instructions can import and call anything.
// This one builds None, booleans, numbers, strings, lists, tuples, sets and dicts, and knows
// these globals and no others:
//
//	collections.OrderedDict, builtins set and frozenset
//	torch._utils._rebuild_tensor, _rebuild_tensor_v2, _rebuild_tensor_v3, _rebuild_parameter
//	torch.FloatStorage and its siblings, torch.storage.UntypedStorage
//	torch.Size, torch.device, torch.float32 and its siblings, torch.serialization._get_layout
//
// Any other class or function becomes an [Object], which is its name and what the file says
// of its fields: nothing is imported or called. So the optimisers and callbacks in a training
// checkpoint do not prevent reading its weights. An Object where a tensor is wanted is an
// error that names it, and so is a file that would call the operating system or compile
// Python, wherever it does.
//
// # Limits
//
// Errors about the content of a file wrap [ErrFormat] and name the member and the byte, or
// the tensor. Every length, offset and product is compared with what the file holds before
// memory is allocated for it; all memory, that of the float32 of all tensors included, is at
// most 4 times the file plus 1 MB. (Views of one storage under many names can exceed that and
// are refused.)
//
// Sources: torch/serialization.py and torch/_utils.py of PyTorch 1.13 and 2.x; Python's
// pickletools; PKWARE's APPNOTE.TXT for zip.
package torchfile
