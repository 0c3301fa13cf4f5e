// Command autoreg trains small models of text and of images, and writes and draws with
// them; and classifiers, which tell classes of texts apart. It runs networks over sequences of
// numbers.
//
//	autoreg generate "recipe for roasted"
//	autoreg paint -o clothes.png
//	autoreg probs "recipe for roasted vegetables | chop 1 /" --raw-prompt
//	autoreg score novel.txt
//	autoreg info
//	autoreg train text --data recipes.json.gz -o recipes.safetensors
//	autoreg train image --data train-images-idx3-ubyte.gz -o clothes.safetensors
//	autoreg train classify --data reviews.tsv -o reviews.safetensors
//	autoreg classify --model reviews.safetensors texts.txt
//	autoreg run --model filter.safetensors < in.csv > out.csv
//	autoreg import model.keras -o model.safetensors
//	autoreg export --model recipes.safetensors --to torch recipes-torch
//
// Every subcommand but train, classify, run, import and export works without any file: two models are compiled in.
// Results go to standard output, everything else to standard error. The exit
// status is 0 for success, 1 for an error, 2 for a command line that cannot be
// carried out and 130 for an interruption: the first signal to stop ends the command,
// whatever it is doing; a run of train saves its checkpoint before.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/autoreg/autoreg/internal/apierror"
)

// Exit statuses.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

func main() {
	os.Exit(run(untilSignal(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// untilSignal returns a context that ends with the first signal to stop, so that the
// command can save its work; a second signal ends the process.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals()...)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx
}

// An app is one run of the command, with the state that the subcommands share.
type app struct {
	in       io.Reader
	out, err io.Writer
	terminal bool          // err is one
	screen   *screen       // that shows images; nil if there is none
	every    time.Duration // between lines on progress where it is none
	started  bool          // the command line has been understood
	profile  string

	outTerminal bool // out is a terminal
	stdinTaken  bool // standard input is being read, which can be done only once
}

// run carries out a command line and returns the exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: newOutput(ctx, out), err: newOutput(ctx, errOut), every: time.Minute}
	outFile, _ := out.(*os.File)
	errFile, _ := errOut.(*os.File)
	isTerminal := func(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }
	a.terminal, a.outTerminal = isTerminal(errFile), isTerminal(outFile)
	if a.screen = newScreen(outFile, errFile); a.screen != nil {
		a.screen.w = newOutput(ctx, a.screen.w)
	}
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.rootCommand()
	if err := checkDashes(root, args); err != nil {
		a.note("%s", message(err))
		return exitUsage
	}
	root.SetArgs(args)
	stopProfile := func() error { return nil }
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		stop, err := await(ctx, func() (func() error, error) { return startProfile(a.profile) })
		if err == nil {
			stopProfile = stop
		}
		a.started = err != nil // no mistake of the command line's
		return err
	}
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !a.started {
		err = cmp.Or(checkCommand(root, args), err)
	}
	err = apierror.Join(err, stopProfile())
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		var in *interruption
		if errors.As(err, &in) {
			a.note("%s", in.advice)
		} else {
			a.note("interrupted")
		}
		return exitInterrupted
	case !a.started || errors.As(err, &usage):
		a.note("%s (%s --help says more)", message(err), cmd.CommandPath())
		return exitUsage
	}
	a.note("%s", message(err))
	return exitError
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "autoreg",
		Short: "Train small models of text and images, write and draw with them",
		Long: `autoreg trains small models of text, which write one word at a time, and small models
of images, which draw one pixel at a time; and classifiers, which tell classes of texts
apart. The same model, seed and options give the same bytes on every machine and
instruction set, with any number of threads.

Every command but train, classify and run works without a file of yours: a model of text
(cookbooks) and one of images (clothes) are compiled in. Results go to standard output,
everything else to standard error. The exit status is 0 for success, 1 for an error, 2 for a command
line that cannot be carried out, and 130 after an interruption (Ctrl-C, SIGTERM).`,
		Example: `  autoreg generate "recipe for roasted"
  autoreg paint -o clothes.png
  autoreg probs "recipe for chocolate ice cream |" --temperatures 1,0.2
  autoreg train text --data recipes.json.gz -o recipes.safetensors --epochs 4
  autoreg generate --model recipes.safetensors "recipe for" --count 3 --seed 7
  autoreg train image --data train-images-idx3-ubyte.gz -o clothes.safetensors
  autoreg train classify --data reviews.tsv --validation 0.1 -o reviews.safetensors
  autoreg classify --model reviews.safetensors texts.txt
  autoreg run --model filter.safetensors < in.csv > out.csv
  autoreg import model.keras -o model.safetensors
  autoreg export --model recipes.safetensors --to torch recipes-torch`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,

		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("{{.Version}}")
	root.InitDefaultVersionFlag()
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.PersistentFlags().StringVar(&a.profile, "cpuprofile", "", "write a CPU profile to `FILE`")
	_ = root.PersistentFlags().MarkHidden("cpuprofile") // it exists: no error
	trainGroup := &cobra.Command{
		Use:   "train",
		Short: "Train a model",
		Args:  oneOf,
		RunE: func(*cobra.Command, []string) error {
			return usagef("say what: autoreg train text, autoreg train image or autoreg train classify")
		},
		SuggestionsMinimumDistance: 2,
	}
	trainGroup.AddCommand(a.trainTextCommand(), a.trainImageCommand(), a.trainClassifyCommand())
	root.AddCommand(a.generateCommand(), a.paintCommand(), a.probsCommand(), a.classifyCommand(), a.runCommand(), a.scoreCommand(), a.infoCommand(), a.importCommand(), a.exportCommand(), trainGroup)
	a.noteStart(root)
	return root
}

// noteStart makes every command set started: cobra has then checked the command line,
// and later errors are not about it.
func (a *app) noteStart(c *cobra.Command) {
	if work := c.RunE; work != nil {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			a.started = true
			return work(cmd, args)
		}
	}
	for _, sub := range c.Commands() {
		a.noteStart(sub)
	}
}

// note writes a line to standard error, which does not mix with the output.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.err, "autoreg: %s\n", lineText(fmt.Sprintf(format, args...)))
}

// A usageError is a mistake on the command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// An interruption is the error after Ctrl-C, with advice on how to continue.
type interruption struct {
	advice string
	err    error
}

func (e *interruption) Error() string { return e.advice }
func (e *interruption) Unwrap() error { return e.err }

func startProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
