package train_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
)

// Two short texts, learned by heart. The numbers are the same on every machine.
func Example() {
	task := &train.Text{
		Documents: []string{"boil the water, add the tea.", "boil the milk, add the honey."},
		Embedding: 8, Layers: []layers.Spec{&layers.LSTMSpec{Units: 16}}, Length: 10,
	}
	trainer, err := train.New(task, &train.Options{LearningRate: 0.05, Epochs: 60, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	err = trainer.Run(context.Background(), &train.RunOptions{
		OnEpoch: func(s train.EpochStats) {
			if s.Epoch%20 == 0 {
				fmt.Printf("epoch %d: loss %.4f, perplexity %.3f\n", s.Epoch, s.Loss, s.Perplexity)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := trainer.Model().WriteTo(&file); err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.Len(), "bytes of model")
	// Output:
	// epoch 20: loss 0.3194, perplexity 1.376
	// epoch 40: loss 0.1036, perplexity 1.109
	// epoch 60: loss 0.0892, perplexity 1.093
	// 11796 bytes of model
}
