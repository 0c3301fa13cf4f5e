// Package convert makes models of other tools into models of package autoreg, and back:
//
//	f, err := os.Open("model.keras")
//	…
//	m, err := convert.Import(f, size, nil)
//	if err != nil {
//		log.Fatal(err) // names the layer or tensor that has no counterpart, and why
//	}
//	m.WriteTo(out) // a file that autoreg.Open reads
//
// It reads Keras (.keras, .h5, .weights.h5 with a configuration), PyTorch (state dicts in
// .pt, .pth, .ckpt and safetensors), ONNX, RTNeural's JSON and LSTMs of Neural Amp Modeler.
// Nothing is dropped in silence: what has no place in the model is an error that names it,
// and what was left out because it has no effect in use, dropout for example, is in
// Imported.Notes.
//
// Files are not trusted: Import and List keep to memory of 4 times a file's size and
// 1 MiB, a network whose layers need more is refused, and nothing that a file says is run.
//
// Programs that only use models need not link this package.
package convert
