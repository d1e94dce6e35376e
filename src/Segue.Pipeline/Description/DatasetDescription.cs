using System.Text.Json;
using System.Text.Json.Serialization;
using Segue.Core;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Pipeline.Description;

/// <summary>What <c>segue describe</c> says about a dataset: sizes, listening habits, graph, cores, times, columns and charts.</summary>
/// <remarks>
/// A <em>pair</em> is a user and an item with at least one interaction. <em>Plays</em> are interactions, or the sum of the
/// weights where every weight is a whole number (play counts).
/// </remarks>
public sealed record DatasetDescription
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Name of the dataset.</summary>
    public required string Name { get; init; }

    /// <summary>What an item is.</summary>
    public required string Level { get; init; }

    /// <summary>Sizes.</summary>
    public required SizeSummary Size { get; init; }

    /// <summary>Listening habits.</summary>
    public required ListeningSummary Listening { get; init; }

    /// <summary>Users and items as a graph, an edge a pair.</summary>
    public required GraphSummary Graph { get; init; }

    /// <summary>The same with a node for every user's calendar month and an edge to every item heard in it; null without times.</summary>
    public GraphSummary? MonthGraph { get; init; }

    /// <summary>Sizes of the K-cores.</summary>
    public required IReadOnlyList<CoreSummary> Cores { get; init; }

    /// <summary>Time span; null without times.</summary>
    public TimeSummary? Time { get; init; }

    /// <summary>Sessions, cut where a user pauses for more than 30 minutes; null without times.</summary>
    public SessionSummary? Sessions { get; init; }

    /// <summary>Weights; null where all are 1.</summary>
    public NumberSummary? Weights { get; init; }

    /// <summary>Item feature columns.</summary>
    public required IReadOnlyList<FeatureSummary> Features { get; init; }

    /// <summary>User profile columns.</summary>
    public required IReadOnlyList<ProfileSummary> Profile { get; init; }

    /// <summary>Tags; null where there are none.</summary>
    public TagSummary? Tags { get; init; }

    /// <summary>Friendships; null where there are none.</summary>
    public FriendSummary? Friends { get; init; }

    /// <summary>Data of the charts.</summary>
    public required DescriptionCharts Charts { get; init; }

    /// <summary>Describes a dataset. O(interactions · log) time, about 30 bytes an interaction.</summary>
    /// <exception cref="DatasetException">The dataset has no interactions.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; checked every few thousand interactions.</exception>
    public static DatasetDescription Of(Dataset dataset, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (dataset.Count == 0)
        {
            throw new DatasetException(
                $"dataset '{dataset.Name}' has no interactions, so there is nothing to describe; import one that has");
        }

        using CancellationScope scope = CancellationScope.Enter(cancellation);
        bool countsPlays = dataset.HasWeight && IsWhole(dataset.Weight.Span);
        CsrMatrix counts = UserItemMatrix.Sum(countsPlays || !dataset.HasWeight ? dataset : dataset with { Weight = default });
        long[] itemPlays = Plays(counts, out double plays);
        int usedUsers = Enumerable.Range(0, counts.Rows).Count(u => counts.RowLength(u) > 0);
        int usedItems = itemPlays.Count(p => p > 0);
        GraphSummary graph = GraphSummary.Of(usedUsers, usedItems, 0, counts.Count);
        return new DatasetDescription
        {
            Name = dataset.Name,
            Level = dataset.Level,
            Size = new SizeSummary(
                dataset.Users.Count, dataset.Items.Count, dataset.Count, counts.Count,
                (double)counts.Count / ((double)dataset.Users.Count * dataset.Items.Count),
                dataset.Catalog.ItemArtist.IsEmpty ? 0 : dataset.Catalog.Artists.Count,
                dataset.Catalog.ItemAlbum.IsEmpty ? 0 : dataset.Catalog.Albums.Count),
            Listening = new ListeningSummary(
                countsPlays ? "weights" : "interactions",
                (double)counts.Count / usedUsers,
                plays / usedUsers,
                plays / counts.Count,
                plays / usedItems,
                usedItems,
                counts.Values.LongCount(v => v == 1f),
                itemPlays.LongCount(p => p == 1)),
            Graph = graph,
            MonthGraph = Calendar.MonthGraph(dataset, graph),
            Cores = CoresOf(dataset, counts),
            Time = Calendar.Span(dataset),
            Sessions = Calendar.Sessions(dataset),
            Weights = dataset.HasWeight ? NumberSummary.Of(dataset.Weight.ToArray()) : null,
            Features = FeatureSummary.Of(dataset.Catalog),
            Profile = [.. dataset.Profile.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => ProfileSummary.Of(p.Key, p.Value))],
            Tags = TagSummary.Of(dataset.Tags),
            Friends = FriendSummary.Of(dataset),
            Charts = DescriptionCharts.Of(dataset, counts, itemPlays),
        };
    }

    /// <summary>The description as indented JSON, snake_case, ending in a line feed.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">Not a description.</exception>
    public static DatasetDescription FromJson(string json) =>
        JsonSerializer.Deserialize<DatasetDescription>(json, Json) ?? throw new JsonException("the description is null");

    private static bool IsWhole(ReadOnlySpan<float> weights)
    {
        foreach (float weight in weights)
        {
            if (!(weight >= 1f) || weight != MathF.Floor(weight) || float.IsInfinity(weight))
            {
                return false;
            }
        }

        return true;
    }

    private static long[] Plays(CsrMatrix counts, out double total)
    {
        var plays = new long[counts.Columns];
        total = 0;
        for (int n = 0; n < counts.Count; n++)
        {
            CancellationScope.CheckAt(n);
            plays[counts.ColumnIndex[n]] += (long)counts.Values[n];
            total += counts.Values[n];
        }

        return plays;
    }

    private static List<CoreSummary> CoresOf(Dataset dataset, CsrMatrix counts)
    {
        var cores = new List<CoreSummary>();
        foreach ((int k, bool[] users, bool[] items) in KCore.Masks(counts, [5, 10, 20, 30]))
        {
            CancellationScope.Check();
            int pairs = 0, interactions = 0;
            for (int u = 0; u < counts.Rows; u++)
            {
                foreach (int item in users[u] ? counts.RowColumns(u) : [])
                {
                    pairs += items[item] ? 1 : 0;
                }
            }

            ReadOnlySpan<int> user = dataset.UserIndex.Span, heard = dataset.ItemIndex.Span;
            for (int n = 0; n < user.Length; n++)
            {
                interactions += users[user[n]] && items[heard[n]] ? 1 : 0;
            }

            cores.Add(new CoreSummary(k, users.Count(kept => kept), items.Count(kept => kept), pairs, interactions));
        }

        return cores;
    }
}

/// <summary>Sizes of a dataset.</summary>
/// <param name="Users">Users, those without interactions included.</param>
/// <param name="Items">Items, those without interactions included.</param>
/// <param name="Interactions">Interactions, repeats included.</param>
/// <param name="Pairs">Distinct (user, item) pairs.</param>
/// <param name="Density">Pairs as a share of users × items.</param>
/// <param name="Artists">Known artists.</param>
/// <param name="Albums">Known albums.</param>
public sealed record SizeSummary(int Users, int Items, int Interactions, int Pairs, double Density, int Artists, int Albums);

/// <summary>
/// Listening habits, after table I of the temporal-graph study of Last.fm-1K; averages over users and items with interactions.
/// </summary>
/// <param name="PlaysAre"><c>interactions</c>, or <c>weights</c> where all weights are whole numbers.</param>
/// <param name="UniquePerUser">Distinct items per user.</param>
/// <param name="TotalPerUser">Plays per user.</param>
/// <param name="PlaysPerPair">Plays per distinct (user, item) pair: how often a listener plays a song he plays at all.</param>
/// <param name="PlaysPerItem">Plays per item.</param>
/// <param name="UniqueItems">Items with at least one interaction.</param>
/// <param name="OneTimePairs">Pairs with exactly one play.</param>
/// <param name="OneTimeItems">Items with exactly one play of anybody.</param>
public sealed record ListeningSummary(
    string PlaysAre,
    double UniquePerUser,
    double TotalPerUser,
    double PlaysPerPair,
    double PlaysPerItem,
    int UniqueItems,
    long OneTimePairs,
    long OneTimeItems);

/// <summary>Size of a graph; nodes without an edge are left out.</summary>
/// <param name="UserNodes">Users.</param>
/// <param name="ItemNodes">Items.</param>
/// <param name="MonthNodes">Users' calendar months.</param>
/// <param name="Nodes">All nodes.</param>
/// <param name="Edges">Undirected edges, each counted once.</param>
/// <param name="AverageDegree">2 · edges / nodes.</param>
public sealed record GraphSummary(int UserNodes, int ItemNodes, int MonthNodes, long Nodes, long Edges, double AverageDegree)
{
    internal static GraphSummary Of(int users, int items, int months, long edges)
    {
        long nodes = (long)users + items + months;
        return new(users, items, months, nodes, edges, 2.0 * edges / nodes);
    }
}

/// <summary>Size of one K-core.</summary>
/// <param name="K">Least number of distinct partners of every user and item.</param>
/// <param name="Users">Users left.</param>
/// <param name="Items">Items left.</param>
/// <param name="Pairs">Pairs left.</param>
/// <param name="Interactions">Interactions left.</param>
public sealed record CoreSummary(int K, int Users, int Items, int Pairs, int Interactions);

/// <summary>Time span of the interactions.</summary>
/// <param name="First">Earliest moment, ISO 8601, UTC.</param>
/// <param name="Last">Latest moment.</param>
/// <param name="Days">Days between the two.</param>
/// <param name="Known">Interactions with a known time.</param>
public sealed record TimeSummary(string First, string Last, double Days, int Known);

/// <summary>Sessions of all users.</summary>
/// <param name="Count">Number of sessions.</param>
/// <param name="PerUser">Mean number per user with a known time.</param>
/// <param name="MeanLength">Mean number of interactions.</param>
/// <param name="MedianLength">Median number of interactions.</param>
/// <param name="LongestLength">Most interactions in one session.</param>
/// <param name="MeanMinutes">Mean minutes from the first start to the last start.</param>
public sealed record SessionSummary(
    int Count, double PerUser, double MeanLength, double MedianLength, int LongestLength, double MeanMinutes);

/// <summary>Tags.</summary>
/// <param name="Assignments">Assignments.</param>
/// <param name="Distinct">Different tags in use.</param>
/// <param name="TaggedItems">Items with a tag.</param>
/// <param name="TaggingUsers">Users who tagged.</param>
public sealed record TagSummary(int Assignments, int Distinct, int TaggedItems, int TaggingUsers)
{
    internal static TagSummary? Of(TagAssignments tags) => tags.Count == 0
        ? null
        : new(tags.Count, CountOf(tags.TagIndex), CountOf(tags.ItemIndex), CountOf(tags.UserIndex));

    private static int CountOf(ReadOnlyMemory<int> column)
    {
        var seen = new HashSet<int>();
        foreach (int value in column.Span)
        {
            if (value >= 0)
            {
                seen.Add(value);
            }
        }

        return seen.Count;
    }
}

/// <summary>Friendships.</summary>
/// <param name="Pairs">Different pairs of friends, direction forgotten.</param>
/// <param name="Users">Users with a friend.</param>
/// <param name="MeanFriends">Mean number of friends of those users.</param>
public sealed record FriendSummary(int Pairs, int Users, double MeanFriends)
{
    internal static FriendSummary? Of(Dataset dataset)
    {
        var pairs = new HashSet<(int, int)>();
        var users = new HashSet<int>();
        ReadOnlySpan<int> from = dataset.FriendFrom.Span, to = dataset.FriendTo.Span;
        for (int n = 0; n < from.Length; n++)
        {
            CancellationScope.CheckAt(n);
            if (from[n] != to[n])
            {
                pairs.Add((Math.Min(from[n], to[n]), Math.Max(from[n], to[n])));
                users.Add(from[n]);
                users.Add(to[n]);
            }
        }

        return pairs.Count == 0 ? null : new(pairs.Count, users.Count, 2.0 * pairs.Count / users.Count);
    }
}

/// <summary>One profile column of the users.</summary>
/// <param name="Name">Name of the column.</param>
/// <param name="Known">Users with a value.</param>
/// <param name="Distinct">Different values.</param>
/// <param name="Commonest">The commonest values with their users, at most ten.</param>
public sealed record ProfileSummary(string Name, int Known, int Distinct, IReadOnlyList<ValueCount> Commonest)
{
    internal static ProfileSummary Of(string name, StringTable column)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int u = 0; u < column.Count; u++)
        {
            CancellationScope.CheckAt(u);
            string value = column[u];
            if (value.Length > 0)
            {
                counts[value] = counts.GetValueOrDefault(value) + 1;
            }
        }

        IEnumerable<ValueCount> commonest = counts
            .OrderByDescending(c => c.Value)
            .ThenBy(c => c.Key, StringComparer.Ordinal)
            .Take(10)
            .Select(c => new ValueCount(c.Key, c.Value));
        return new(name, counts.Values.Sum(), counts.Count, [.. commonest]);
    }
}

/// <summary>A value and how often it occurs.</summary>
/// <param name="Value">The value.</param>
/// <param name="Count">How often.</param>
public sealed record ValueCount(string Value, int Count);

/// <summary>Five numbers, mean and standard deviation of known values.</summary>
/// <param name="Known">Known values.</param>
/// <param name="Minimum">Least.</param>
/// <param name="LowerQuartile">Value at a quarter of the order.</param>
/// <param name="Median">Value in the middle of the order.</param>
/// <param name="UpperQuartile">Value at three quarters of the order.</param>
/// <param name="Maximum">Greatest.</param>
/// <param name="Mean">Mean.</param>
/// <param name="StandardDeviation">Standard deviation of the population.</param>
public sealed record NumberSummary(
    int Known,
    double Minimum,
    double LowerQuartile,
    double Median,
    double UpperQuartile,
    double Maximum,
    double Mean,
    double StandardDeviation)
{
    /// <summary>Summary of the finite values of a column (which is sorted in place), or null where there is none.</summary>
    internal static NumberSummary? Of(float[] values)
    {
        float[] known = Array.TrueForAll(values, float.IsFinite) ? values : Array.FindAll(values, float.IsFinite);
        if (known.Length == 0)
        {
            return null;
        }

        Array.Sort(known);
        double sum = 0, squares = 0;
        foreach (float value in known)
        {
            sum += value;
        }

        double mean = sum / known.Length;
        foreach (float value in known)
        {
            squares += (value - mean) * (value - mean);
        }

        return new(known.Length, known[0], At(0.25), At(0.5), At(0.75), known[^1], mean, Math.Sqrt(squares / known.Length));

        double At(double share)
        {
            double position = share * (known.Length - 1);
            int below = (int)position;
            double rest = position - below;
            return below + 1 < known.Length ? ((1 - rest) * known[below]) + (rest * known[below + 1]) : known[below];
        }
    }
}

/// <summary>One feature column of the items.</summary>
/// <param name="Name">Name of the feature.</param>
/// <param name="Coverage">Share of items with a known value.</param>
/// <param name="Values">The known values; null where there is none.</param>
public sealed record FeatureSummary(string Name, double Coverage, NumberSummary? Values)
{
    internal static IReadOnlyList<FeatureSummary> Of(Catalog catalog) =>
        [.. Enumerable.Range(0, catalog.Features.IsEmpty ? 0 : catalog.FeatureNames.Count).Select(f =>
        {
            float[] column = Column(catalog, f);
            int items = column.Length;
            NumberSummary? values = NumberSummary.Of(column);
            return new FeatureSummary(catalog.FeatureNames[f], items == 0 ? 0 : (values?.Known ?? 0) / (double)items, values);
        })];

    internal static float[] Column(Catalog catalog, int feature)
    {
        int width = catalog.FeatureNames.Count;
        var column = new float[catalog.Features.Length / width];
        for (int i = 0; i < column.Length; i++)
        {
            column[i] = catalog.Features.Span[(i * width) + feature];
        }

        return column;
    }
}
