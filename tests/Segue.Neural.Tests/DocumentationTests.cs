using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Neural.Training;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests;

public sealed class DocumentationTests
{
    private static readonly string Root = Find();

    [Fact]
    public void The_example_learns()
    {
        // Listeners hear the items of their own parity, so a vector of two kinds tells all.
        var rng = new Rng(1, "pairs");
        (int, int)[] pairs = [.. Enumerable.Range(0, 3000).Select(_ => rng.Next(50)).Select(u => (u, (2 * rng.Next(40)) + (u % 2)))];
        var losses = new List<double>();
        Learn(pairs, losses.Add);
        Assert.Equal(20, losses.Count);
        Assert.InRange(losses[0], 0.5, 0.75);

        // Half of the drawn items are of the listener's own parity, where a coin is all there is: ln 2 / 2 = 0.35.
        Assert.InRange(losses[^1], 0.3, 0.42);
    }

    [Fact]
    public void The_page_shows_the_example_that_is_compiled_here()
    {
        string source = File.ReadAllText(Path.Combine(Root, "tests", "Segue.Neural.Tests", "DocumentationTests.cs"));
        string page = File.ReadAllText(Path.Combine(Root, "docs", "neural.md"));
        string[] compiled = Lines(Between(source, "// example-" + "begin\n", "// example-" + "end"));
        Assert.Equal(compiled, Lines(Between(page, "```csharp\n", "```")).TakeLast(compiled.Length));
    }

    [Fact]
    public void The_page_names_every_operation()
    {
        string page = File.ReadAllText(Path.Combine(Root, "docs", "neural.md"));
        IEnumerable<string> operations = typeof(Tape).Assembly.GetExportedTypes()
            .Where(t => t.IsAbstract && t.IsSealed)
            .SelectMany(t => t.GetMethods().Where(m => m.IsStatic && m.ReturnType == typeof(Variable)))
            .Select(m => m.Name).Distinct();
        Assert.All(operations, o => Assert.Contains($"`{o}", page, StringComparison.Ordinal));
        Assert.True(operations.Count() > 40, "operations were not found");
    }

    private static void Learn((int Listener, int Item)[] pairs, Action<double> report)
    {
        // example-begin
        var start = new Rng(42, "example/start");
        Embedding listeners = new("listeners", count: 50, size: 8, start), items = new("items", count: 80, size: 8, start);
        var optimizer = new Adam([.. listeners.Parameters, .. items.Parameters], learningRate: 0.02);
        var settings = new TrainingSettings
        {
            Epochs = 20,
            BatchSize = 256,
            CreateRng = purpose => new Rng(42, "example/" + purpose),
            OnEpoch = (_, losses) =>
            {
                report(losses["bpr"]);
                return true;
            },
        };
        int[] who = new int[256], heard = new int[256], other = new int[256];
        TrainingLoop.Run(pairs.Length, optimizer, settings, step =>
        {
            int count = step.Batch.Length;
            for (int n = 0; n < count; n++)
            {
                (who[n], heard[n]) = pairs[step.Batch.Span[n]];
                other[n] = step.Rng.Next(80);
            }

            Variable w = listeners.Apply(step.Tape, who.AsMemory(0, count));
            Variable h = items.Apply(step.Tape, heard.AsMemory(0, count)), o = items.Apply(step.Tape, other.AsMemory(0, count));
            step.Add("bpr", w.RowDot(h).BprLoss(w.RowDot(o)));
            step.Add("l2", w.Square().Add(h.Square()).Mean(), weight: 0.001f);
        });
        // example-end
    }

    private static string[] Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static string Between(string text, string start, string end)
    {
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        int from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }

    private static string Find()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Segue.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the repository was not found above the tests");
        }

        return folder;
    }
}
