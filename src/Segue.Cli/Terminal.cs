#pragma warning disable RS0030 // The command line is the one place that talks to the console.

using System.Diagnostics;
using System.Globalization;
using Segue.Pipeline;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Segue.Cli;

/// <summary>Where a command prints: results to one stream, progress and complaints to the other.</summary>
internal sealed class Terminal
{
    private const int PlainWidth = 200;

    private Terminal(IAnsiConsole result, IAnsiConsole talk, bool isInteractive)
    {
        Result = result;
        Talk = talk;
        IsInteractive = isInteractive;
    }

    /// <summary>Results: tables, or one JSON object.</summary>
    public IAnsiConsole Result { get; }

    /// <summary>Progress, warnings and errors.</summary>
    public IAnsiConsole Talk { get; }

    /// <summary>True where a person watches: progress is drawn, not printed line by line.</summary>
    public bool IsInteractive { get; }

    /// <summary>The terminal this process was started from.</summary>
    public static Terminal OfProcess()
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        bool interactive = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new Terminal(Create(Console.Out, Console.IsOutputRedirected), Create(Console.Error, Console.IsErrorRedirected), interactive);
    }

    /// <summary>A terminal that collects text, for tests.</summary>
    public static Terminal Of(TextWriter result, TextWriter talk) => new(Create(result, true), Create(talk, true), false);

    /// <summary>Prints text as it is, without wrapping.</summary>
    public void Write(string text)
    {
        Result.Profile.Out.Writer.Write(text);
        Result.Profile.Out.Writer.Flush();
    }

    /// <summary>Prints a remark beside the results.</summary>
    public void Say(string text)
    {
        Talk.Profile.Out.Writer.WriteLine(text);
        Talk.Profile.Out.Writer.Flush();
    }

    /// <summary>Says that a command was stopped, and shows the cursor that progress bars hide.</summary>
    public void SayStopped()
    {
        if (IsInteractive)
        {
            Talk.Cursor.Show();
        }

        Say("segue: stopped; nothing was left half-written");
    }

    /// <summary>Runs long work under progress bars, or plain lines where nobody watches.</summary>
    public T WithProgress<T>(Func<ReportProgress, T> work)
    {
        if (!IsInteractive)
        {
            return work(new PlainProgress(Say, TimeProvider.System).Report);
        }

        T result = default!;
        Talk.Progress().AutoClear(false).HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 32 }, new PercentageColumn(), new RateColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var tasks = new Dictionary<string, ProgressTask>();
                result = work((label, stage, done, total, note) =>
                {
                    if (!tasks.TryGetValue(label, out ProgressTask? task))
                    {
                        foreach (ProgressTask earlier in tasks.Values.Where(t => !t.IsFinished))
                        {
                            earlier.Value = earlier.MaxValue;
                        }

                        task = context.AddTask(Markup.Escape(label), maxValue: Math.Max(total, 1));
                        tasks[label] = task;
                    }

                    task.MaxValue = Math.Max(total, 1);
                    task.Value = done;
                    task.Description = Markup.Escape($"{label}: {WithNote(stage, note)}");
                });
                foreach (ProgressTask task in tasks.Values)
                {
                    task.Value = task.MaxValue;
                }
            });
        return result;
    }

    private static IAnsiConsole Create(TextWriter writer, bool isRedirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = isRedirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (isRedirected)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }

    private sealed class RateColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.Speed is { } speed && !task.IsFinished ? Rate(speed) : string.Empty, new Style(Color.Grey));
    }

    /// <summary>A stage with what is worth saying of it in brackets.</summary>
    internal static string WithNote(string stage, string? note) => note is null ? stage : $"{stage} ({note})";

    /// <summary>A rate, short.</summary>
    internal static string Rate(double perSecond) => perSecond switch
    {
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e6:F1} M/s"),
        >= 1e3 => string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e3:F1} k/s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{perSecond:F1}/s"),
    };
}

/// <summary>Takes how far long work is.</summary>
/// <param name="label">What is worked on: one bar each.</param>
/// <param name="stage">Part of it; the time left is reckoned within a stage.</param>
/// <param name="done">Units done.</param>
/// <param name="total">Units in all.</param>
/// <param name="note">What is worth saying beside it and changes within a stage, for example a loss.</param>
internal delegate void ReportProgress(string label, string stage, long done, long total, string? note = null);

/// <summary>One line when a step begins, then at most one every two seconds, with the rate and the time left.</summary>
internal sealed class PlainProgress(Action<string> say, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private string? _label;
    private string _stage = string.Empty;
    private long _stageStart, _printed, _first, _last;

    public void Report(string label, string stage, long done, long total, string? note = null)
    {
        // A stage that counts from the start again is another one.
        bool isNew = label != _label;
        if (isNew || stage != _stage || done < _last)
        {
            (_label, _stage, _stageStart, _first) = (label, stage, clock.GetTimestamp(), done);
        }

        _last = done;
        if (!isNew && clock.GetElapsedTime(_printed) < Pause)
        {
            return;
        }

        _printed = clock.GetTimestamp();
        double seconds = clock.GetElapsedTime(_stageStart).TotalSeconds;
        string rest = done > _first && total > done && seconds > 0.1
            ? string.Create(CultureInfo.InvariantCulture, $", {Terminal.Rate((done - _first) / seconds)}, {seconds * (total - done) / (done - _first):F0} s left") : string.Empty;
        string what = $"{label}: {Terminal.WithNote(stage, note)}";
        say(total > 1 ? string.Create(CultureInfo.InvariantCulture, $"{what} {done:N0} of {total:N0}{rest}") : what);
    }
}

/// <summary>Adapts the pipeline's progress to a terminal.</summary>
internal sealed class ExperimentBars(ReportProgress report) : IProgress<ExperimentProgress>
{
    public void Report(ExperimentProgress value) =>
        report($"[{value.Row}/{value.Rows}] {value.Label}", value.Fit.Stage, value.Fit.Done, value.Fit.Total, value.Fit.Note);
}
