using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Fuzz;

/// <summary>Names that nobody would give, through every command that prints: no crash, nothing hidden, tables that fit.</summary>
/// <remarks>A few rounds in every build; <c>SEGUE_FUZZ=2</c> (hours) goes on for so long with other names.</remarks>
public sealed class NameFuzz : IDisposable
{
    private const int Width = 200;

    private static readonly string[] Parts =
    [
        "\u001b[2J", "\u001b]0;owned\u0007", "\u001b]52;c;eA==\u0007", "\u0000", "\u0007", "\u007f", "\u0085", "\u009b31m", "\r", "\n", "\t", "\u202E", "\u2066", "\u2069", "\u2028", "\u200B", "\u200D",
        "\uFEFF", "\uFFFE", "\uFFFF", "\uFDD0", "\ud83d", "\udc00", "😀", "👨‍👩‍👧‍👦", "🏴\U000E0067\U000E0062", "☂️", "שלום", "نمی‌خواهم", "日本語", "z\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a",
        "[red]", "[/]", "[[", "]]", "[link=x]", "\"", "'", "\\", "`", "$(touch x)", ";", "|", "<script>alert(1)</script>", "</title>", "-->", "&amp;", "{{x}}", "%s", "{0}", "=cmd|' /C calc'!A0", "@x", "-x", "--json",
        "/", "..", " ", "\u00a0", "\u3164", "ﷺ", "𒐫", "\U0010FFFF",
    ];

    private readonly TemporaryFolder _folder = TestData.NewFolder();
    private ulong _state = 20_261_128;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Nothing_a_name_holds_reaches_a_reader_unseen()
    {
        bool isLong = double.TryParse(Environment.GetEnvironmentVariable("SEGUE_FUZZ"), CultureInfo.InvariantCulture, out double hours) && hours > 0;
        _state = isLong ? (ulong)Environment.ProcessId : _state;
        var clock = Stopwatch.StartNew();
        for (int round = 0; isLong ? clock.Elapsed.TotalHours < hours : round < 2; round++)
        {
            await Round(round);
        }
    }

    private async Task Round(int round)
    {
        string data = _folder.File($"{round} data ' $(x)"), model = _folder.File($"{round} model [red]");
        Dataset dataset = Make();
        DatasetStore.Save(dataset, data);
        string user = dataset.Users[0], item = dataset.Items[0], name = Name();
        await Ran("train", data, "--model", "ease", "--out", model, "--json");
        await Ran("train", data, "--model", $"als:epochs=2,embedding_size=4,label={Label(name)}", "--out", model + "2");
        await Ran("train", data, "--model", "item-knn", "--out", model);
        await Ran("describe", data, "--html", _folder.File("d.html"));
        await Ran("describe", data, "--json");
        await Ran("recommend", model, "--keep-seen", "--explain", $"--user={user}");
        await Ran("recommend", model, "--keep-seen", "--explain", "--json", $"--user={user}");
        await Ran("similar", model, $"--item={item}");
        await Ran("similar", model, $"--item={item}", "--json");
        await Ran("playlist", model, $"--seed-tracks={item}", "--length", "5");
        await Ran("map", model + "2", "--out", _folder.File("m.html"), "--method", "pca");
        await Ran("evaluate", data, "--model", $"item-knn:label={Label(name)}", "--metrics", "ndcg@5,recall@5", "--out", _folder.File("r"));
        await Ran("export", data, "--format", "csv", "--out", _folder.File("e1"));
        await Ran("export", data, "--format", "recbole", "--out", _folder.File("e2"));

        // What is not there is told just as safely, and a file of strange lines is read.
        foreach (string[] args in new[]
        {
            [$"--user={name}"], new[] { "--history", _folder.File("lines.txt") }, ["--history", name], [name], ["--user", user, "--at", name],
        })
        {
            await File.WriteAllTextAsync(_folder.File("lines.txt"), $"{name}\n{item}\n{Name()}\t{Name()}\n", Encoding.UTF8, TestContext.Current.CancellationToken);
            await Ends(["recommend", model, .. args]);
        }

        foreach (string[] args in new string[][]
        {
            [name], ["similar", model, $"--item={name}"], ["train", data, "--model", name, "--out", model], ["evaluate", data, "--model", "ease", "--metrics", name], ["describe", name],
            ["import", name, name, "--out", _folder.File("i")], ["import", "csv", name, "--map", name, "--out", _folder.File("i")], ["run", name], ["models", name], ["export", data, "--format", name, "--out", "x"],
            ["map", model, "--out", _folder.File("m2.html"), "--highlight", name],
        })
        {
            await Ends(args);
        }

        await File.WriteAllTextAsync(_folder.File("x.csv"), $"u,i,ti\n{Csv(name)},1,{Csv(Name())}\n{Csv(Name())},2,{Csv(Name())}\n{Csv(Name())}\n", Encoding.UTF8, TestContext.Current.CancellationToken);
        await Ends(["import", "csv", _folder.File("x.csv"), "--map", "user=u,item=i,title=ti", "--name", name, "--out", _folder.File($"{round} import")]);
    }

    private static string Label(string name) => name.Replace(',', ' ') is var label && string.IsNullOrWhiteSpace(label) ? "x" : label;

    private static string Csv(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static async Task Ran(params string[] args)
    {
        CliRun run = await CliRun.Of(args);
        Assert.True(run.ExitCode == CommandLine.Succeeded, $"{VisibleText.Of(string.Join(' ', args))}: {run.Talk}");
        Check(run, args);
    }

    private static async Task Ends(string[] args)
    {
        CliRun run = await CliRun.Of(args);
        Assert.DoesNotContain("fault of Segue", run.Talk, StringComparison.Ordinal);
        Check(run, args);
    }

    private static void Check(CliRun run, string[] args)
    {
        string which = VisibleText.Of(string.Join(' ', args));
        foreach (string line in (run.Result + "\n" + run.Talk).ReplaceLineEndings("\n").Split('\n'))
        {
            Assert.True(VisibleText.IsVisible(line.Replace("\t", string.Empty, StringComparison.Ordinal)), $"{which} prints {VisibleText.Of(line)}");
            if (line.Length > 0 && line[0] is '╭' or '│' or '├' or '╰')
            {
                Assert.True(new StringInfo(line).LengthInTextElements <= Width, $"{which} prints a row of {line.Length}: {line}");
            }
        }

        if (args.Contains("--json") && run.ExitCode == CommandLine.Succeeded)
        {
            using JsonDocument json = JsonDocument.Parse(run.Result);
        }
    }

    private Dataset Make()
    {
        var builder = new DatasetBuilder(Name(), "track") { IsOrdered = true };
        for (int u = 0; u < 12; u++)
        {
            // Ids may be as odd as names; numbers keep them apart.
            int user = builder.User(u == 0 ? $"{Name()}0" : $"{Name()}{u}");
            builder.Profile(user, "country", Name());
            for (int n = 0; n < 8; n++)
            {
                int which = (int)(Next() % 15);
                builder.Interaction(user, builder.Item($"{new string('i', 1 + which)}\u001b", Name(), Name(), Name()), 1_600_000_000 + (u * 1_000) + n);
            }
        }

        return builder.Build();
    }

    private string Name()
    {
        ulong kind = Next() % 8;
        if (kind == 0)
        {
            return string.Concat(Enumerable.Repeat(Parts[Next() % (ulong)Parts.Length] + "x", 5_000));
        }

        var name = new StringBuilder();
        for (ulong n = 0; n <= kind; n++)
        {
            name.Append(kind < 5 ? Parts[Next() % (ulong)Parts.Length] : ((char)(Next() % 65_536)).ToString()).Append(n % 2 == 0 ? "a" : string.Empty);
        }

        return name.ToString();
    }

    // SplitMix64.
    private ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
