#pragma warning disable RS0030 // The command line is the one place that talks to the console.

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Segue.Core.Contracts;
using Segue.Pipeline;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Segue.Cli;

/// <summary>Where a command prints: results to one stream, progress and complaints to the other. Nothing else in Segue prints.</summary>
/// <remarks>Names, paths and messages may hold anything: all text is made visible (<see cref="VisibleText"/>) before it is laid out, on both streams, wherever they lead.</remarks>
internal sealed class Terminal
{
    private const int PlainWidth = 200;
    private const int LongestLabel = 32;

    private readonly Func<Stream> _input;

    private Terminal(IAnsiConsole result, IAnsiConsole talk, bool isInteractive, bool wrapsResult, bool wrapsTalk, Func<Stream> input)
    {
        _input = input;
        Result = new Output(result, wrapsResult);
        Talk = new Output(talk, wrapsTalk);
        IsInteractive = isInteractive;
    }

    /// <summary>Results: tables, or one JSON object.</summary>
    public Output Result { get; }

    /// <summary>Progress, warnings and errors.</summary>
    public Output Talk { get; }

    /// <summary>True where a person watches: progress is drawn, not printed line by line.</summary>
    public bool IsInteractive { get; }

    /// <summary>The terminal this process was started from.</summary>
    public static Terminal OfProcess()
    {
        Console.OutputEncoding = Encoding.UTF8;
        bool interactive = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new Terminal(
            Create(Console.Out, Console.IsOutputRedirected), Create(Console.Error, Console.IsErrorRedirected), interactive,
            !Console.IsOutputRedirected, !Console.IsErrorRedirected, Console.OpenStandardInput);
    }

    /// <summary>A terminal that collects text, for tests.</summary>
    public static Terminal Of(TextWriter result, TextWriter talk, int width = PlainWidth, Stream? input = null) =>
        new(Create(result, true, width), Create(talk, true, width), false, width < PlainWidth, width < PlainWidth, () => input ?? Stream.Null);

    /// <summary>Standard input, to be read once.</summary>
    public Stream OpenInput() => _input();

    /// <summary>Prints JSON as it is; hidden characters in its strings become escapes, which read back as the same value.</summary>
    public void Write(string json) => Result.WriteJson(json);

    /// <summary>Prints a remark beside the results, one line.</summary>
    public void Say(string line) => Talk.WriteLine(line, isProse: false);

    /// <summary>Says that a command was stopped, and shows the cursor that progress bars hide.</summary>
    public void SayStopped()
    {
        if (IsInteractive)
        {
            Talk.ShowCursor();
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

                        task = context.AddTask(Description(label), maxValue: Math.Max(total, 1));
                        tasks[label] = task;
                    }

                    task.MaxValue = Math.Max(total, 1);
                    task.Value = done;
                    task.Description = Description($"{VisibleText.Short(label, LongestLabel)}: {WithNote(stage, note)}");
                });
                foreach (ProgressTask task in tasks.Values)
                {
                    task.Value = task.MaxValue;
                }
            });
        return result;

        static string Description(string text) => Markup.Escape(VisibleText.Short(text, 2 * LongestLabel));
    }

    private static IAnsiConsole Create(TextWriter writer, bool isRedirected, int width = PlainWidth)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = isRedirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (isRedirected)
        {
            console.Profile.Width = width;
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

/// <summary>One of the two streams: the only way to it is through text that was made visible.</summary>
/// <param name="console">Draws tables and bars.</param>
/// <param name="wraps">True on a terminal: lines break between words.</param>
internal sealed class Output(IAnsiConsole console, bool wraps)
{
    // Longer lines are no messages: somebody's name in them is a book.
    private const int LongestLine = 8_000;

    private const int AllColumns = 10_000;

    /// <summary>Columns there are for a table.</summary>
    public int Width => console.Profile.Width;

    /// <summary>For the texts of the command line itself: help and its errors, which have lines of their own.</summary>
    public TextWriter Writer => new VisibleWriter(console.Profile.Out.Writer);

    /// <summary>Prints one line; what would begin another in it is escaped.</summary>
    /// <param name="line">Any text.</param>
    /// <param name="isProse">Break it between words where the terminal is narrow.</param>
    public void WriteLine(string line = "", bool isProse = true) => WriteLine((Cell)line, isProse);

    /// <summary>Prints one line with parts that stand out.</summary>
    public void WriteLine(Cell line) => WriteLine(line, isProse: true);

    /// <summary>Prints a command to be copied, behind a lead: never broken, because a break would be pasted too.</summary>
    public void WriteCommand(string lead, string command) => WriteLine($"{lead}{command}", isProse: false);

    /// <summary>Draws a table; columns it has no room for are named below it.</summary>
    public void Write(TextTable table)
    {
        (Table drawn, IReadOnlyList<string> leftOut) = TableLayout.Fit(table, RenderOptions.Create(console), Width);
        console.Write(drawn);
        if (leftOut.Count > 0)
        {
            WriteLine(Cell.Of($"not shown at {Width} columns: {string.Join(", ", leftOut)} (--wide shows all)", Tone.Grey));
        }
    }

    /// <summary>Draws two tables side by side.</summary>
    public void Write(TextTable left, TextTable right)
    {
        var options = RenderOptions.Create(console);
        console.Write(new Columns(TableLayout.Fit(left, options, Width).Drawn, TableLayout.Fit(right, options, Width).Drawn) { Expand = false });
    }

    /// <summary>Gives tables all the columns they want, whatever the terminal has.</summary>
    public void ShowAllColumns() => console.Profile.Width = AllColumns;

    /// <summary>Prints JSON.</summary>
    public void WriteJson(string json)
    {
        console.Profile.Out.Writer.Write(VisibleText.OfJson(json));
        console.Profile.Out.Writer.Flush();
    }

    /// <summary>Bars; descriptions are made visible by <see cref="Terminal.WithProgress"/>.</summary>
    internal Progress Progress() => console.Progress();

    /// <summary>Shows the cursor again, which bars hide.</summary>
    internal void ShowCursor() => console.Cursor.Show();

    private static string Detab(string text) => text.Replace("\t", "    ", StringComparison.Ordinal);

    /// <summary>A cell as it is drawn.</summary>
    internal static Paragraph Draw(Cell cell) => Draw(cell, Cell.Longest);

    private static Paragraph Draw(Cell cell, int most)
    {
        var paragraph = new Paragraph();
        foreach ((string text, Tone tone) in cell.Parts)
        {
            Color? colour = tone.HasFlag(Tone.Grey) ? Color.Grey : tone.HasFlag(Tone.Green) ? Color.Green : tone.HasFlag(Tone.Red) ? Color.Red : null;
            paragraph.Append(
                cell.KeepsLines ? VisibleText.Of(Detab(text), keepsLines: true) : VisibleText.Short(Detab(text), most),
                new Style(colour, decoration: tone.HasFlag(Tone.Bold) ? Decoration.Bold : Decoration.None));
        }

        return paragraph;
    }

    private void WriteLine(Cell line, bool isProse)
    {
        if (wraps && isProse)
        {
            console.Write(Draw(line, LongestLine));
            console.Write(Spectre.Console.Text.NewLine);
            return;
        }

        TextWriter writer = console.Profile.Out.Writer;
        foreach ((string text, _) in line.Parts)
        {
            writer.Write(VisibleText.Short(text, LongestLine, keepsTabs: true));
        }

        writer.WriteLine();
        writer.Flush();
    }

    private sealed class VisibleWriter(TextWriter inner) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void Write(string? value) => inner.Write(VisibleText.Of(value?.Replace("\r\n", "\n", StringComparison.Ordinal), keepsLines: true));

        public override void Flush() => inner.Flush();
    }
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
