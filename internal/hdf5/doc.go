// Package hdf5 reads the part of HDF5 that Keras and h5py write for weights: superblocks
// 0 to 3, object headers 1 and 2, groups as symbol tables and as link messages, compact,
// contiguous and chunked data with gzip, shuffle and fletcher32, numbers and strings.
// Names and layouts are those of the HDF5 File Format Specification, version 3.0.
//
// Objects are read when they are asked for: a group knows the names of its links, and
// nothing is read or allocated for an object behind a link until [Group.Group] or
// [Group.Dataset] opens it, and for its data until [Dataset.Float32s] or its like reads
// them. So what this package does not read (soft and external links, external and virtual
// data, committed datatypes, other filters) is an error for the object that has it, and
// for no other.
//
// A file is not trusted. Lengths, counts and products are compared with the bytes that
// remain before anything is allocated. The memory that the structures and the data of a
// file take, each data set being read once, is at most 4 times its size plus 1 MB. No
// structure is visited twice in one tree, so cycles end. Checksums of the format are
// compared where it has them.
package hdf5
