package train_test

import (
	"context"
	"fmt"
	"log"

	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// Stripes and chessboards: the first pixels must be guessed, the others follow. The
// numbers are the same on every machine.
func ExampleImages() {
	set := &images.Set{Height: 6, Width: 6, Channels: 1, Levels: 2}
	for i := range 8 {
		for p := range 6 * 6 {
			row, column := p/6, p%6
			set.Data = append(set.Data, uint8((row+i%2*column+i/2)%2))
		}
	}
	task := &train.Images{Set: set, Filters: 16, Blocks: 1, Kernel: 3}
	trainer, err := train.New(task, &train.Options{LearningRate: 0.01, Epochs: 100, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	err = trainer.Run(context.Background(), &train.RunOptions{
		OnEpoch: func(s train.EpochStats) {
			if s.Epoch%50 == 0 || s.Epoch == 1 {
				fmt.Printf("epoch %d: loss %.4f nats, %.4f bits per dimension\n", s.Epoch, s.Loss, s.Bits)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// epoch 1: loss 0.7034 nats, 1.0147 bits per dimension
	// epoch 50: loss 0.0570 nats, 0.0822 bits per dimension
	// epoch 100: loss 0.0568 nats, 0.0820 bits per dimension
}
