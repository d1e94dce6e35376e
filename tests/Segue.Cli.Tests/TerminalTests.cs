using System.Globalization;
using Xunit;

namespace Segue.Cli.Tests;

public sealed class TerminalTests
{
    [Fact]
    public void The_time_left_is_reckoned_over_the_whole_stage_whatever_its_note_says()
    {
        var clock = new Clock();
        var lines = new List<string>();
        var progress = new PlainProgress(lines.Add, clock);
        progress.Report("a", "walks", 0, 10);
        for (int n = 1; n <= 30; n++)
        {
            clock.Seconds += 1;
            progress.Report("a", "step", 10 * n, 1000, string.Create(CultureInfo.InvariantCulture, $"loss {1.0 / n:F4}"));
        }

        // Ten steps a second from the first report of the stage on, said every two seconds.
        Assert.Equal("a: walks 0 of 10", lines[0]);
        Assert.Equal("a: step (loss 0.0333) 300 of 1,000, 10.0/s, 70 s left", lines[^1]);
        Assert.InRange(lines.Count, 14, 17);

        // Counted from the start again, it is another stage; what was done before the first report is not counted in.
        progress.Report("a", "step", 100, 1000, "loss 9");
        clock.Seconds += 4;
        progress.Report("a", "step", 120, 1000, "loss 8");
        Assert.Equal("a: step (loss 8) 120 of 1,000, 5.0/s, 176 s left", lines[^1]);
    }

    [Fact]
    public void A_new_label_is_said_at_once()
    {
        var lines = new List<string>();
        var progress = new PlainProgress(lines.Add, new Clock());
        progress.Report("[1/2] a", "train", 0, 1);
        progress.Report("[2/2] b", "train", 0, 1);
        Assert.Equal(["[1/2] a: train", "[2/2] b: train"], lines);
    }

    [Fact]
    public void Both_streams_show_what_a_terminal_would_obey()
    {
        using var result = new StringWriter();
        using var talk = new StringWriter();
        Terminal terminal = Terminal.Of(result, talk);
        const string Nasty = "\u001b]0;owned\u0007[red]\uffff\u202e\nforged line";
        const string Shown = "\\u001b]0;owned\\u0007[red]\\uffff\\u202e\\u000aforged line";
        terminal.Say(Nasty);
        terminal.Talk.WriteLine(Nasty);
        terminal.WithProgress(report =>
        {
            report(Nasty, Nasty, 0, 1, Nasty);
            return 0;
        });
        Assert.Equal([Shown, Shown, $"{Shown}: {Shown} ({Shown})", string.Empty], talk.ToString().ReplaceLineEndings("\n").Split('\n'));
        terminal.Result.WriteLine(Nasty);
        terminal.Result.WriteCommand("Next: ", Nasty);
        terminal.Result.Write(new TextTable { Title = Nasty }.Texts(Nasty).Numbers("n"));
        TextTable table = new TextTable { Title = Nasty }.Texts(Nasty).Numbers("n");
        table.Add(Cell.Name(Nasty), Cell.Of(Nasty, Tone.Bold | Tone.Red));
        terminal.Result.Write(table);
        terminal.Result.Writer.WriteLine(Nasty);
        string printed = result.ToString();
        Assert.DoesNotContain(printed, c => (char.IsControl(c) && c is not ('\n' or '\r')) || c is '\u202e' or '\uffff');
        Assert.Contains(Shown, printed, StringComparison.Ordinal);
        Assert.Single(printed.Split('\n'), l => l.StartsWith("forged", StringComparison.Ordinal));
    }

    /// <summary>The help of the command line has lines; its words come from arguments only in complaints, which go another way.</summary>
    [Fact]
    public void A_long_name_is_cut_in_a_table_and_a_command_is_never_broken()
    {
        using var result = new StringWriter();
        Terminal terminal = Terminal.Of(result, TextWriter.Null);
        TextTable table = new TextTable().Texts("item", "why");
        table.Add(Cell.Name(new string('X', 10_000)), new string('Y', 10_000));
        terminal.Result.Write(table);
        string command = $"segue recommend '{string.Join(' ', Enumerable.Repeat("word", 100))}'";
        terminal.Result.WriteCommand("Next: ", command);
        string[] lines = result.ToString().ReplaceLineEndings("\n").Split('\n');
        Assert.Contains($"Next: {command}", lines);
        Assert.True(lines.Count(l => l.Contains('X', StringComparison.Ordinal)) <= 2);
        Assert.All(lines.Where(l => l.StartsWith('│')), l => Assert.True(l.Length <= 200, l));
    }

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; } = 100;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
