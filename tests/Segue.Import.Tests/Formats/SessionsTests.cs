using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class SessionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Order_repeats_and_parts_are_kept()
    {
        string zip = _folder.Zip("s.zip", ("train_sessions.txt", "1 2 2\n\n3\n"), ("test_sessions.txt", "2 1\n"));
        ImportResult result = Import.Files("sessions", zip);
        result.Report.AddsUp();
        Assert.Equal(["train-1 1 0", "train-1 2 0", "train-1 2 0", "train-3 3 0", "test-1 2 2", "test-1 1 2"], result.Dataset.Lines());
        Assert.True(result.Dataset.IsOrdered);
        Assert.Equal(["sessions/blank-line 1"], result.Report.Reasons());
        Assert.Equal(["session-1 b", "session-1 a"], Import.Files("sessions", _folder.Write("x.txt", "b a")).Dataset.Lines());
    }

    [Fact]
    public void Real_sessions()
    {
        ImportResult result = Import.Files("sessions", TestData.Find("nowplaying-sessions.zip"));
        Assert.Equal((128077 + 14479, 60416), (result.Dataset.Users.Count, result.Dataset.Items.Count));
        int test = 0;
        int last = -1;
        for (int n = 0; n < result.Dataset.Count; n++)
        {
            if (result.Dataset.Fold.Span[n] == 2 && result.Dataset.UserIndex.Span[n] != last)
            {
                last = result.Dataset.UserIndex.Span[n];
                test++;
            }
        }

        Assert.Equal(14479, test);
        Assert.Empty(result.Report.Rejected);
    }
}
