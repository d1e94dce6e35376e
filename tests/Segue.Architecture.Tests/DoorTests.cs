using System.Text.RegularExpressions;
using Xunit;

namespace Segue.Architecture.Tests;

/// <summary>Text leaves Segue through one door, <c>Terminal.cs</c>, which makes it visible first.</summary>
public sealed partial class DoorTests
{
    private const string Door = "src/Segue.Cli/Terminal.cs";

    // Fits tables for the door: what it lays out comes from there.
    private const string Layout = "src/Segue.Cli/TableLayout.cs";

    [Fact]
    public void Only_the_terminal_knows_of_consoles()
    {
        string[] files = [.. Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal))];
        Assert.Contains(Door, files);
        Assert.Matches(Console(), Repository.Read(Door));
        Assert.DoesNotContain(files, f => f is not (Door or Layout) && Console().IsMatch(Repository.Read(f)));
        Assert.DoesNotMatch(OwnText(), Repository.Read(Layout));
    }

    [Fact]
    public void A_command_that_is_suggested_is_quoted()
    {
        // "segue … {x}" in a text that is put together: every hole is a word of the shell.
        var found = new List<string>();
        foreach (string file in Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal)))
        {
            found.AddRange(Repository.Read(file).Split('\n')
                .Where(l => Suggestion().IsMatch(l) && !l.TrimStart().StartsWith("///", StringComparison.Ordinal))
                .Where(l => Hole().Matches(l[Suggestion().Match(l).Groups["at"].Index..]).Any(h => !h.Value.Contains("Shell.", StringComparison.Ordinal) && !Ours().IsMatch(h.Value)))
                .Select(l => $"{file}: {l.Trim()}"));
        }

        Assert.Empty(found);
    }

    // A name of the catalogue or of our own options is no text from outside.
    [GeneratedRegex(@"^\{(command\.Name|column|Listener\(train\))\}$")]
    private static partial Regex Ours();

    [GeneratedRegex(@"\b(Console|AnsiConsole|IAnsiConsole|Spectre)\b(?!\.Cli)")]
    private static partial Regex Console();

    [GeneratedRegex(@"\bnew (Text|Markup|Paragraph|Panel)\b")]
    private static partial Regex OwnText();

    [GeneratedRegex(@"\$""[^""]*\b(?<at>segue) (import|train|recommend|describe|map|run|evaluate|export|similar|playlist|demo) ")]
    private static partial Regex Suggestion();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Hole();
}
