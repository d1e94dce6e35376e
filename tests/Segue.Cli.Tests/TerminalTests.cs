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

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; } = 100;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
