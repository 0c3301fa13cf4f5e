// Package onnx reads and writes ONNX model files, and finds in a graph the list of
// layers that it computes.
//
// # Format
//
// A file is one message ModelProto in the wire format of protocol buffers: fields, each
// a varint of its number and wire type, then its value. [Read] decodes the messages that
// describe a model: ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto,
// ValueInfoProto. Subgraphs (of If, Loop, Scan) are counted and kept as bytes, not
// decoded. Fields that say nothing about values (quantisation annotations, metadata of
// nodes, local functions, whose nodes have a domain of their own) are skipped, as the
// wire format asks of a reader for fields that it does not know.
//
// # Reading
//
// A file is never trusted. Read refuses, with an error that wraps [ErrFormat] and names
// the tensor or the byte: a length beyond the enclosing message, a varint beyond 64
// bits, a field of the wrong wire type, a message that must be single given twice;
// tensors of more than [MaxRank] dimensions, of a negative dimension, whose size
// overflows, whose data differ from type and shape, are in segments, sparse, or in
// another file (external data).
//
// All memory that Read and [Model.Network] allocate, what they give back included, is
// below 4 times the size of the file plus 1 MB: a file that describes more than that (a
// hundred thousand empty nodes, a matrix that a thousand nodes use) is refused.
//
// # Writing
//
// [Model.Append] has one output for one Model: fields in order of their numbers, the
// values of tensors as raw_data. It is the form in which the protobuf library writes.
//
// # Concurrency
//
// A Model is plain data: any number of goroutines may use it while none modifies it.
//
// Source: onnx.proto and Operators.md of https://github.com/onnx/onnx.
package onnx
