using System.Diagnostics;
using Segue.Core.Contracts;
using Xunit;

namespace Segue.Core.Tests.Contracts;

public sealed class ShellTests
{
    [Theory]
    [InlineData("u1", "u1")]
    [InlineData("a b", "'a b'")]
    [InlineData("$(touch x)", "'$(touch x)'")]
    [InlineData("ann; touch x; #", "'ann; touch x; #'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("`id`", "'`id`'")]
    [InlineData("~", "'~'")]
    [InlineData("a=b", "'a=b'")]
    [InlineData("שלום", "'שלום'")]
    [InlineData("", "ID")]
    [InlineData("a\nb", "ID")]
    [InlineData("\u001b[2J", "ID")]
    [InlineData("\u202e", "ID")]
    public void A_word_is_quoted_or_left_out(string text, string expected) => Assert.Equal(expected, Shell.Quote(text, "ID"));

    [Theory]
    [InlineData("-rf", "--user=-rf")]
    [InlineData("--help", "--user=--help")]
    [InlineData("-a b", "--user='-a b'")]
    [InlineData("@x", "--user @x")]
    [InlineData("a", "--user a")]
    [InlineData("-a\n", "--user ID")]
    public void A_value_is_never_read_as_an_option(string value, string expected) => Assert.Equal(expected, Shell.Option("--user", value, "ID"));

    [Theory]
    [InlineData("-d", "./-d")]
    [InlineData("@d", "./@d")]
    [InlineData("[d]", "'./[d]'")]
    [InlineData("my music", "'my music'")]
    public void A_path_is_never_read_as_an_option(string path, string expected) => Assert.Equal(expected, Shell.Path(path, "FOLDER"));

    /// <summary>A shell reads back what was quoted.</summary>
    [Fact]
    public async Task A_shell_reads_the_text_and_nothing_else()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs sh");
        string[] texts = ["a b", "it's", "''", "\\", "a\\", "$HOME", "$(id)", "`id`", "!!", "*", "{a,b}", "~", "#", "a;b", "a&b", "a|b", "a>b", "\"", "%s", "é", "👨‍👩‍👧", "=x", "-n"];
        var start = new ProcessStartInfo("sh", ["-c", $"for word in {string.Join(' ', texts.Select(t => Shell.Quote(t, "?")))}; do printf '%s\\n' \"$word\"; done"])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(texts, output.TrimEnd('\n').Split('\n'));
    }
}
