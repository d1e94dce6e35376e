using Segue.Cli;

// First of all: a Ctrl-C from here on ends in a message and an exit code.
using var signals = new StopSignals();
var terminal = Terminal.OfProcess();
signals.Attach(terminal);
return await CommandLine.Run(args, terminal, signals.Token).ConfigureAwait(false);
