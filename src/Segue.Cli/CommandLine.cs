using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.ExceptionServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Segue.Cli.Commands;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Numerics;

namespace Segue.Cli;

/// <summary>The command line: every command, and how failures become messages and exit codes.</summary>
internal static class CommandLine
{
    /// <summary>Exit code of a run that did what was asked.</summary>
    public const int Succeeded = 0;

    /// <summary>Exit code of a run that failed.</summary>
    public const int Failed = 1;

    /// <summary>Exit code of a wrong command, option or value; nothing was started.</summary>
    public const int WrongUsage = 2;

    /// <summary>Exit code of a recipe that ran and does not reach all it promises.</summary>
    public const int PromiseMissed = 3;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// How long a cancelled command may take to stop by itself. Then the process ends under it: nothing is half-written, because files and
    /// folders are written aside and renamed.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    /// <summary>Parses and runs a command.</summary>
    /// <param name="args">What was typed.</param>
    /// <param name="terminal">Where it prints.</param>
    /// <param name="cancellation">Stops it; the exit code is then <see cref="Failed"/>.</param>
    public static async Task<int> Run(string[] args, Terminal terminal, CancellationToken cancellation = default)
    {
        try
        {
            return await ParseAndRun(args, terminal, cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            return Fault(terminal, e);
        }
    }

    private static async Task<int> ParseAndRun(string[] args, Terminal terminal, CancellationToken cancellation)
    {
        // Ids may begin with @: no argument names a file with more arguments.
        RootCommand root = Root(terminal);
        var wide = new Option<bool>("--wide") { Description = "show all columns of a table, however narrow the terminal is", Recursive = true };
        root.Options.Add(wide);
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            // Of a word that is no command it is not worth saying that a command is missing.
            string? unknown = parsed.UnmatchedTokens.FirstOrDefault();
            ParseError[] ofUnknown = [.. parsed.Errors.Where(e => unknown is not null && e.Message.Contains($"'{unknown}'", StringComparison.Ordinal))];
            foreach (ParseError error in ofUnknown.Length > 0 ? ofUnknown : parsed.Errors)
            {
                terminal.Say($"segue: {error.Message}");
            }

            Command command = parsed.CommandResult.Command;
            IEnumerable<string> known = unknown?.StartsWith('-') == true
                ? command.Options.Select(o => o.Name) : command.Subcommands.Select(c => c.Name);
            IReadOnlyList<string> near = unknown is null ? [] : NearMatches.Find(unknown, known);
            if (near.Count > 0)
            {
                terminal.Say($"Did you mean {string.Join(" or ", near)}?");
            }

            terminal.Say(command is RootCommand ? "See: segue --help" : $"See: segue {command.Name} --help");
            return WrongUsage;
        }

        if (parsed.GetValue(wide))
        {
            terminal.Result.ShowAllColumns();
        }

        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            Output = terminal.Result.Writer,
            Error = terminal.Talk.Writer,

            // Signals are the caller's: see StopSignals.
            ProcessTerminationTimeout = null,
        };
        return await parsed.InvokeAsync(configuration, cancellation).ConfigureAwait(false);
    }

    /// <summary>Sets what a command does; failures become one line on the error stream and an exit code.</summary>
    public static void OnRun(this Command command, Terminal terminal, Func<ParseResult, CancellationToken, int> action) =>
        command.SetAction((parsed, cancellation) => Task.FromResult(
            RunStoppable(terminal, () => Guard(terminal, () => action(parsed, cancellation), cancellation), cancellation, Patience)));

    /// <summary>Runs a command on a thread of its own, and does not wait for one that is cancelled and does not stop.</summary>
    internal static int RunStoppable(Terminal terminal, Func<int> command, CancellationToken cancellation, TimeSpan patience)
    {
        int code = Failed;
        ExceptionDispatchInfo? failure = null;

        // Not disposed: a command left behind still signals it. Not the thread pool: a cancelled command may keep all of its threads busy.
        var done = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            try
            {
                code = command();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }

            done.Set();
        })
        { IsBackground = true, Name = "segue command" };
        thread.Start();
        WaitHandle.WaitAny([done.WaitHandle, cancellation.WaitHandle]);
        if (!done.Wait(cancellation.IsCancellationRequested ? patience : Timeout.InfiniteTimeSpan, CancellationToken.None))
        {
            terminal.SayStopped();
            return Failed;
        }

        failure?.Throw();
        return code;
    }

    /// <summary>Prints a value as one indented JSON object.</summary>
    public static void WriteJson<T>(this Terminal terminal, T value) => terminal.Write(JsonSerializer.Serialize(value, Json) + "\n");

    private static int Guard(Terminal terminal, Func<int> action, CancellationToken cancellation)
    {
        try
        {
            using CancellationScope scope = CancellationScope.Enter(cancellation);
            int code = action();
            if (code != Succeeded || !cancellation.IsCancellationRequested)
            {
                return code;
            }

            terminal.SayStopped();
        }
        catch (OptionException e)
        {
            terminal.Say($"segue: {e.Message}");
            return WrongUsage;
        }
        catch (SegueException e)
        {
            terminal.Say($"segue: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            terminal.SayStopped();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            terminal.Say($"segue: {e.Message}");
        }
        catch (AggregateException e) when (
            cancellation.IsCancellationRequested && e.Flatten().InnerExceptions.Any(i => i is OperationCanceledException))
        {
            terminal.SayStopped();
        }
        catch (AggregateException e) when (e.InnerException is SegueException)
        {
            terminal.Say($"segue: {e.InnerException.Message}");
        }
        catch (OutOfMemoryException)
        {
            terminal.Say("segue: out of memory; use a k-core (--k-core), fewer models or a smaller embedding");
        }
        catch (Exception e)
        {
            return Fault(terminal, e);
        }

        return Failed;
    }

    // The last net: what comes here is a mistake of ours, and no user can read a stack trace.
    private static int Fault(Terminal terminal, Exception e)
    {
        Exception cause = e is AggregateException { InnerException: { } inner } ? inner : e;
        terminal.Say(
            $"segue: this is a fault of Segue, not of what you did: {cause.GetType().Name}: {cause.Message} "
            + "Please report it with the command; SEGUE_DEBUG=1 prints where it happened.");
        if (Environment.GetEnvironmentVariable("SEGUE_DEBUG") == "1")
        {
            foreach (string line in e.ToString().Split('\n'))
            {
                terminal.Say(line.TrimEnd('\r'));
            }
        }

        return Failed;
    }

    private static RootCommand Root(Terminal terminal)
    {
        var root = new RootCommand("Segue: music recommendations from your own listening history, on your own machine, honestly measured.");
        root.Subcommands.Add(DemoCommand.Create(terminal));
        root.Subcommands.Add(ImportCommand.Create(terminal));
        root.Subcommands.Add(DescribeCommand.Create(terminal));
        root.Subcommands.Add(EvaluateCommand.Create(terminal));
        root.Subcommands.Add(RunCommand.Create(terminal));
        root.Subcommands.Add(TrainCommand.Create(terminal));
        root.Subcommands.Add(RecommendCommand.Create(terminal));
        root.Subcommands.Add(PlaylistCommand.Create(terminal));
        root.Subcommands.Add(SimilarCommand.Create(terminal));
        root.Subcommands.Add(MapCommand.Create(terminal));
        root.Subcommands.Add(ExportCommand.Create(terminal));
        root.Subcommands.Add(ListCommands.Models(terminal));
        root.Subcommands.Add(ListCommands.Formats(terminal));
        root.Subcommands.Add(ListCommands.Splits(terminal));
        root.Subcommands.Add(ListCommands.Metrics(terminal));
        return root;
    }
}
