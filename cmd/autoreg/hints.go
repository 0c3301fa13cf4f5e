package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Errors of mistyped command lines that say what to do, in place of cobra's.

// checkCommand refuses the name of no command, which would be an argument of root.
func checkCommand(root *cobra.Command, args []string) error {
	if _, _, err := root.Find(args); err == nil {
		return nil
	}
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if arg[:min(len(arg), 1)] != "-" && (i == 0 || !takesValue(root.PersistentFlags(), args[i-1])) {
			return oneOf(root, args[i:])
		}
	}
	return nil // cobra returns the error
}

// oneOf refuses arguments of a command that only has subcommands.
func oneOf(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	if list := cmd.SuggestionsFor(args[0]); len(list) > 0 {
		text += ": did you mean " + strings.Join(list, " or ") + "?"
	}
	return usagef("%s", text)
}

// checkDashes refuses a long flag behind a single dash, which would be taken for a
// short flag and its value: -output=x for -o utput=x.
func checkDashes(root *cobra.Command, args []string) error {
	cmd, args, err := root.Find(args)
	if err != nil {
		return nil // cobra returns the error
	}
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if len(arg) < 3 || arg[0] != '-' || arg[1] == '-' || i > 0 && takesValue(cmd.Flags(), args[i-1]) {
			continue
		}
		name, _, _ := strings.Cut(arg[1:], "=")
		if name == "help" || cmd.Flags().Lookup(name) != nil {
			return usagef("%s: a flag of more than one letter has two dashes: --%s", arg, arg[1:])
		}
	}
	return nil
}

// takesValue reports whether arg is a flag whose value is the next argument.
func takesValue(fs *pflag.FlagSet, arg string) bool {
	var f *pflag.Flag
	switch {
	case strings.HasPrefix(arg, "--"):
		f = fs.Lookup(arg[2:])
	case len(arg) == 2 && arg[0] == '-':
		f = fs.ShorthandLookup(arg[1:])
	}
	return f != nil && f.NoOptDefVal == ""
}
