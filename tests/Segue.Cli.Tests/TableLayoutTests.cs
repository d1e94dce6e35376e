using Xunit;

namespace Segue.Cli.Tests;

public sealed class TableLayoutTests
{
    private static readonly string[] Metrics = ["ndcg@20", "recall@20", "hitrate@20", "mrr@20", "coverage@20"];

    [Theory]
    [InlineData(200)]
    [InlineData(120)]
    [InlineData(80)]
    [InlineData(60)]
    [InlineData(40)]
    public void A_table_fits_the_terminal_and_breaks_no_word_and_no_number(int width)
    {
        string[] lines = Draw(width, Comparison()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, l => Assert.True(l.TrimEnd().Length <= width, l));
        string text = string.Join('\n', lines);
        foreach (string word in (string[])["recent-popularity", "hybrid-two-tower", "ndcg", "0.2790", "model"])
        {
            Assert.Contains(word, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Details_go_first_then_columns_by_importance_and_their_names_are_said()
    {
        Assert.Contains("0.1–0.2", Draw(200, Comparison()), StringComparison.Ordinal);
        Assert.DoesNotContain("not shown", Draw(200, Comparison()), StringComparison.Ordinal);
        string narrow = Draw(80, Comparison());
        Assert.DoesNotContain("0.1–0.2", narrow, StringComparison.Ordinal);
        Assert.Contains("not shown at 80 columns: peak MB (--wide shows all)", Words(narrow), StringComparison.Ordinal);

        // Memory goes before times, times before metrics, and metrics go from the right.
        Assert.Contains("columns: coverage@20, fit s, peak MB (--wide shows all)", Words(Draw(62, Comparison())), StringComparison.Ordinal);
        Assert.Contains("columns: mrr@20, coverage@20, fit s, peak MB (--wide shows all)", Words(Draw(54, Comparison())), StringComparison.Ordinal);
    }

    [Fact]
    public void The_names_and_the_first_number_are_always_shown()
    {
        string text = Draw(36, Comparison());
        Assert.Contains("ndcg", text, StringComparison.Ordinal);
        Assert.DoesNotContain("recall", text.Split("not shown")[0], StringComparison.Ordinal);
    }

    [Fact]
    public void All_columns_are_shown_where_asked_for()
    {
        using var result = new StringWriter();
        var terminal = Terminal.Of(result, TextWriter.Null, 40);
        terminal.Result.ShowAllColumns();
        terminal.Result.Write(Comparison());
        Assert.Contains("1024", result.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("not shown", result.ToString(), StringComparison.Ordinal);
        Assert.Contains("0.1–0.2", result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_option_reaches_every_command()
    {
        CliRun models = await CliRun.Of("models", "--wide");
        Assert.Equal(CommandLine.Succeeded, models.ExitCode);
        Assert.Equal(models.Result, (await CliRun.Of("--wide", "models")).Result);
    }

    private static string Draw(int width, TextTable table)
    {
        using var result = new StringWriter();
        Terminal.Of(result, TextWriter.Null, width).Result.Write(table);
        return result.ToString().ReplaceLineEndings("\n");
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static TextTable Comparison()
    {
        TextTable table = new TextTable().Texts("model").Numbers(Metrics).Numbers(20, "fit s").Numbers(10, "peak MB");
        foreach (string model in (string[])["recent-popularity", "hybrid-two-tower with a long label of many words", "ease"])
        {
            table.Add(model, Cell.Of("0.2790", Tone.Bold).And(" 0.1–0.2", Tone.Detail), "0.1234", "0.9213", "0.5578", "0.1034", "12.3", "1024");
        }

        return table;
    }
}
