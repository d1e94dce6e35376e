using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Models.Tests.Fuzz;

/// <summary>What the fuzz tests of models share: a small world that has everything, options that cost little, and all questions a recommender answers.</summary>
internal static class FuzzModels
{
    /// <summary>Values of the options that are texts; the first is the cheapest.</summary>
    private static readonly Dictionary<string, string[]> Texts = new()
    {
        ["period"] = ["month", "none", "1d", "7d", "30m-gap", "1m-gap"],
        ["nodes"] = ["user+item", "user+item+artist", "user+item+album", "user+item+artist+album"],
        ["model"] = ["item-knn", "popularity", "ease", "item-knn:neighbors=1;shrinkage=0"],
    };

    /// <summary>Sizes and passes that are enough on data this small.</summary>
    private static readonly Dictionary<string, string> Cheap =
        "epochs=1,vector_epochs=1,embedding_size=4,hidden_size=4,batch_size=64,walks_per_node=2,walk_length=6,max_length=12,negative_count=3,session_length=10,sample_size=100,plays=5"
            .Split(',').Select(o => o.Split('=')).ToDictionary(o => o[0], o => o[1]);

    public static IReadOnlyList<string> Names { get; } = [.. ModelCatalog.All.Select(m => m.Name)];

    /// <summary>Options that are enough on small data, as outside names and texts; everything else keeps its default.</summary>
    public static Dictionary<string, string> CheapOptions(string model) => OptionsText.Describe(ModelCatalog.Get(model).OptionsType)
        .Where(o => Cheap.ContainsKey(o.Name)).ToDictionary(o => o.Name, o => Cheap[o.Name]);

    /// <summary>The model with the given options, or null where they do not go together.</summary>
    public static IModel? TryCreate(string model, Dictionary<string, string> options)
    {
        try
        {
            return ModelCatalog.Create(model, options);
        }
        catch (OptionException e)
        {
            Assert.NotEmpty(e.Message);
            return null;
        }
    }

    /// <summary>Draws a choice for one option that is a switch, a list of names or a text; other options stay.</summary>
    public static void DrawChoice(string model, Dictionary<string, string> options, Rng rng)
    {
        OptionDescription[] choices = [.. OptionsText.Describe(ModelCatalog.Get(model).OptionsType)
            .Where(o => o.Type == "bool" || o.Type.Contains('|', StringComparison.Ordinal) || Texts.ContainsKey(o.Name))];
        if (choices.Length > 0)
        {
            OptionDescription choice = choices[rng.Next(choices.Length)];
            string[] values = Texts.GetValueOrDefault(choice.Name) ?? (choice.Type == "bool" ? ["true", "false"] : choice.Type.Split('|'));
            options[choice.Name] = values[rng.Next(values.Length)];
        }
    }

    /// <summary>Draws one number at or near an end of its range, or a small one.</summary>
    /// <param name="model">Name in the catalog.</param>
    /// <param name="options">Gets the number.</param>
    /// <param name="rng">Draws.</param>
    /// <param name="largest">Whole numbers above this are drawn rarely, for they take long.</param>
    public static void DrawEdge(string model, Dictionary<string, string> options, Rng rng, int largest)
    {
        PropertyInfo[] numbers = [.. ModelCatalog.Get(model).OptionsType.GetProperties().Where(p => p.GetCustomAttribute<RangeAttribute>() is not null)];
        if (numbers.Length == 0)
        {
            return;
        }

        PropertyInfo number = numbers[rng.Next(numbers.Length)];
        RangeAttribute range = number.GetCustomAttribute<RangeAttribute>()!;
        double low = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture), high = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
        double value;
        if (number.PropertyType == typeof(int))
        {
            value = rng.Next(6) switch { 0 => low, 1 => low + 1, 2 => high, 3 => high - 1, 4 => low + rng.Next(9), _ => 1 << rng.Next(12) };
            value = Math.Clamp(value > largest && rng.Next(8) > 0 ? Math.Max(low, largest - rng.Next(4)) : value, low, high);
        }
        else
        {
            value = rng.Next(5) switch
            {
                0 => low,
                1 => high,
                2 => Math.BitIncrement(low),
                3 => Math.BitDecrement(high),
                _ => Math.Clamp(Math.Pow(10, -9 + (rng.NextDouble() * 15)), low, high),
            };
        }

        options[OptionsText.SnakeCase(number.Name)] = value.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>7 listeners, 9 items, everything a dataset can have; one listener without plays, one item nobody heard, repeats, unknown times.</summary>
    public static Dataset World(bool withTime = true)
    {
        var builder = new DatasetBuilder("tiny", "track") { IsOrdered = true };
        for (int u = 0; u < 7; u++)
        {
            builder.Profile(builder.User($"user {u}"), "country", u % 2 == 0 ? "Peru" : string.Empty);
        }

        for (int i = 0; i < 9; i++)
        {
            builder.Item($"item {i}", $"Title {i}", i == 4 ? string.Empty : $"Artist {i / 2}", i == 5 ? string.Empty : $"Album {i / 3}");
        }

        var rng = new Rng(1, "fuzz/world");
        for (int u = 0; u < 6; u++)
        {
            for (int n = 0; n < 12; n++)
            {
                long time = 1_262_304_000 + (u * 1_000_000L) + (n / 4 * 86_400L * 20) + (n * 240);
                builder.Interaction(u, (u + (rng.Next(5) * rng.Next(3))) % 8, withTime && n != 7 ? time : -1, 1 + rng.Next(4));
            }
        }

        for (int n = 0; n < 12; n++)
        {
            builder.Tag(n % 7, n % 8, $"tag {n % 3}", withTime ? 1_262_304_000 + n : -1);
            builder.Friend(n % 7, (n * 3 + 1) % 7);
        }

        return Features(builder.Build());
    }

    /// <summary>Three features an item; one unknown, and an item that has none.</summary>
    public static Dataset Features(Dataset dataset) => dataset with
    {
        Catalog = dataset.Catalog with
        {
            FeatureNames = ["energy", "tempo", "same"],
            Features = Enumerable.Range(0, 3 * dataset.Items.Count)
                .Select(n => n == 1 || (n / 3 == 3 && dataset.Items.Count > 4) ? float.NaN : n % 3 == 2 ? 1f : (n % 7) - (n % 3 * 2.5f)).ToArray(),
        },
    };

    /// <summary>One thread, and an end: after so many reports or seconds it is cancelled.</summary>
    public static FitContext Context(int reports = 400)
    {
        var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        end.CancelAfter(TimeSpan.FromSeconds(2));
        return new FitContext { Seed = 3, Threads = 1, Cancellation = end.Token, Progress = new Countdown(reports, end) };
    }

    /// <summary>All questions a recommender answers; what is ranked must be finite.</summary>
    /// <param name="recommender">Who is asked.</param>
    /// <param name="train">What it was trained on.</param>
    /// <param name="finite">False where arrays of absurd size may give scores that no float holds: a ranking must then refuse or leave them out.</param>
    /// <returns>The bits of all scores.</returns>
    public static int[] Ask(IRecommender recommender, Dataset train, bool finite = true)
    {
        int items = train.Items.Count, users = train.Users.Count;
        Assert.Equal(items, recommender.Items.Count);
        var queries = new List<Query> { new() };
        queries.AddRange(Enumerable.Range(0, Math.Min(users, 7)).Select(u => Query.ForUser(u)));
        if (items > 0)
        {
            int last = items - 1;
            long latest = Math.Max(0, train.LatestTime);
            queries.Add(Query.ForHistory(new[] { 0 }));
            queries.Add(Query.ForHistory(new[] { last, 0, last }, weight: new[] { 1f, 3f, 0.5f }));
            queries.Add(Query.ForHistory(new[] { 0, last }, time: new[] { -1, latest }, moment: latest + 60));
            queries.Add(Query.ForHistory(new[] { 0, last, 0 }, time: new[] { latest, latest + 1, latest + 90_000_000 }));
        }

        if (users > 0)
        {
            queries.Add(Query.ForUser(users - 1, moment: 0));
            queries.Add(Query.ForUser(0, moment: 4_000_000_000));
        }

        var bits = new List<int>();
        var scores = new float[items];
        foreach (Query query in queries)
        {
            Array.Fill(scores, float.NegativeInfinity);
            recommender.Score(query, scores);
            bits.AddRange(scores.Select(BitConverter.SingleToInt32Bits));
            if (finite)
            {
                Assert.All(scores, s => Assert.False(float.IsInfinity(s), $"score {s}"));
            }

            Ranked(() => Ranker.Select(scores, new RankOptions { K = items }));
        }

        Ranked(() => [.. Ranker.Rank(recommender, queries, _ => new RankOptions { K = items }).SelectMany(l => l)]);
        if (items > 0 && recommender is IExplains explains)
        {
            Assert.All(queries, q => Assert.NotNull(explains.Explain(q, items - 1, 3)));
        }

        if (items > 0 && recommender is IItemSimilarity similarity)
        {
            similarity.Similarity(items - 1, scores);
            Assert.True(!finite || !scores.Any(float.IsInfinity), "an item is infinitely alike");
        }

        if (recommender is IRegressor regressor)
        {
            foreach ((int user, int item) in new[] { (-1, -1), (users - 1, items - 1), (users - 1, -1), (-1, items - 1) })
            {
                Assert.True(!float.IsInfinity(regressor.Predict(user, item)) || !finite, "an infinite weight is predicted");
            }
        }

        if (recommender is IHasCurves curves)
        {
            Assert.All(curves.Curves, c => Assert.Equal(c.X.Count, c.Y.Count));
        }

        if (recommender is IVectorRecommender vectors)
        {
            Assert.Equal(items, vectors.ItemVectors.Rows);
        }

        return [.. bits];

        void Ranked(Func<RankedItem[]> rank)
        {
            try
            {
                Assert.All(rank(), r => Assert.True(float.IsFinite(r.Score), $"item {r.ItemIndex} is listed with score {r.Score}"));
            }
            catch (SegueException e) when (!finite)
            {
                Assert.NotEmpty(e.Message);
            }
        }
    }

    /// <summary>The arrays of a recommender as a file.</summary>
    public static byte[] Save(IRecommender recommender, string path)
    {
        var writer = new ArtifactWriter();
        recommender.Save(writer);
        File.Delete(path);
        writer.Write(path);
        return File.ReadAllBytes(path);
    }

    private sealed class Countdown(int reports, CancellationTokenSource end) : IProgress<FitProgress>
    {
        private int _left = reports;

        public void Report(FitProgress value)
        {
            if (--_left <= 0)
            {
                end.Cancel();
            }
        }
    }
}
