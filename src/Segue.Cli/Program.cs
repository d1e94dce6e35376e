using Segue.Cli;

return await CommandLine.Run(args, Terminal.OfProcess()).ConfigureAwait(false);
