using System.Globalization;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Pipeline.Description;

/// <summary>Data of the charts of a description, small enough to be embedded in a page.</summary>
public sealed record DescriptionCharts
{
    private const int MostPoints = 400;
    private const int PairsLookedAt = 200;

    /// <summary>
    /// Plays of one track by one user over time: the burstiest of the 200 most played pairs; null where no pair has three timed plays.
    /// </summary>
    public BurstChart? Burst { get; init; }

    /// <summary>Plays of the most played items over time, by everybody; null where no item has three timed plays.</summary>
    public ItemBursts? Items { get; init; }

    /// <summary>Interactions per calendar month; null without times.</summary>
    public IReadOnlyList<ValueCount>? Months { get; init; }

    /// <summary>Plays of the items by rank, 1 the most played; at most 400 ranks, evenly spaced on a logarithmic axis.</summary>
    public required IReadOnlyList<RankPlays> Ranks { get; init; }

    /// <summary>Slope of ln plays on ln rank over those <see cref="Ranks"/> with two plays and more; null below three.</summary>
    public double? RankSlope { get; init; }

    /// <summary>Users by their number of distinct items; bins double in width.</summary>
    public required IReadOnlyList<HistogramBin> PerUser { get; init; }

    /// <summary>Items by their number of distinct users; bins double in width.</summary>
    public required IReadOnlyList<HistogramBin> PerItem { get; init; }

    /// <summary>A histogram for every feature with a known value.</summary>
    public required IReadOnlyList<FeatureHistogram> Features { get; init; }

    /// <summary>Pearson correlations, in the order of <see cref="Features"/>; null where one of the two features is constant.</summary>
    public required IReadOnlyList<IReadOnlyList<double?>> Correlations { get; init; }

    internal static DescriptionCharts Of(Dataset dataset, CsrMatrix counts, long[] itemPlays)
    {
        (IReadOnlyList<RankPlays> ranks, double? slope) = RanksOf(itemPlays);
        FeatureCharts features = FeatureCharts.Of(dataset.Catalog);
        var itemDegree = new int[counts.Columns];
        foreach (int item in counts.ColumnIndex)
        {
            itemDegree[item]++;
        }

        return new DescriptionCharts
        {
            Burst = BurstOf(dataset, counts),
            Items = dataset.HasTime ? ItemBursts.Of(dataset) : null,
            Months = MonthsOf(dataset),
            Ranks = ranks,
            RankSlope = slope,
            PerUser = Doubling([.. Enumerable.Range(0, counts.Rows).Select(counts.RowLength)]),
            PerItem = Doubling(itemDegree),
            Features = features.Histograms,
            Correlations = features.Correlations,
        };
    }

    /// <summary>
    /// Burstiness of a series of moments: −1 regular, 0 random, towards 1 bursty. B = (σ − μ) / (σ + μ) of the gaps, σ their deviation and μ their mean
    /// (Goh and Barabási, "Burstiness and memory in complex systems", EPL 81, 2008), corrected for few moments: Kim and Jo, "Measuring burstiness for
    /// finite event sequences", Physical Review E 94, 2016, eq. 22; for many moments both are the same. NaN below three moments or where all coincide.
    /// </summary>
    internal static double Burstiness(ReadOnlySpan<long> ascending)
    {
        int n = ascending.Length;
        if (n < 3 || ascending[^1] == ascending[0])
        {
            return double.NaN;
        }

        double mean = (double)(ascending[^1] - ascending[0]) / (n - 1), squares = 0;
        for (int k = 1; k < n; k++)
        {
            double off = ascending[k] - ascending[k - 1] - mean;
            squares += off * off;
        }

        double r = Math.Sqrt(squares / (n - 1)) / mean;
        double plus = Math.Sqrt(n + 1.0), minus = Math.Sqrt(n - 1.0);
        return ((plus * r) - minus) / (((plus - 2) * r) + minus);
    }

    private static BurstChart? BurstOf(Dataset dataset, CsrMatrix counts)
    {
        if (!dataset.HasTime)
        {
            return null;
        }

        // Most plays first, then the lower user and item, so that the choice never depends on anything but the data.
        CsrMatrix events = dataset.HasWeight ? UserItemMatrix.Sum(dataset with { Weight = default }) : counts;
        var most = new PriorityQueue<(int User, int Item), (float Plays, int User, int Item)>();
        for (int u = 0; u < events.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = events.RowStart[u]; n < events.RowStart[u + 1]; n++)
            {
                if (events.Values[n] >= 3)
                {
                    int i = events.ColumnIndex[n];
                    (float, int, int) rank = (events.Values[n], -u, -i);
                    if (most.Count < PairsLookedAt)
                    {
                        most.Enqueue((u, i), rank);
                    }
                    else
                    {
                        most.EnqueueDequeue((u, i), rank);
                    }
                }
            }
        }

        int[] start = dataset.UserStart();
        BurstChart? best = null;
        foreach ((int u, int i) in most.UnorderedItems.Select(p => p.Element).OrderBy(p => p))
        {
            CancellationScope.Check();
            var times = new List<long>();
            for (int n = start[u]; n < start[u + 1]; n++)
            {
                if (dataset.ItemIndex.Span[n] == i && dataset.Time.Span[n] >= 0)
                {
                    times.Add(dataset.Time.Span[n]);
                }
            }

            double burstiness = Burstiness([.. times]);
            if (burstiness > (best?.Burstiness ?? double.NegativeInfinity))
            {
                List<ValueCount> plays = Binned(times, out string unit);
                best = new BurstChart(dataset.Users[u], dataset.DisplayName(i), burstiness, times.Count, unit, plays);
            }
        }

        return best;
    }

    // Empty days are left out: a chart over a time axis draws the gaps.
    private static List<ValueCount> Binned(List<long> times, out string unit)
    {
        const long Day = 86_400;
        long days = (times[^1] - times[0]) / Day;
        long width = days <= 800 ? Day : 7 * Day;
        unit = width == Day ? "day" : "week";
        return [.. times.GroupBy(t => t / width)
            .Select(g => new ValueCount(Calendar.Iso(g.Key * width)[..10], g.Count()))];
    }

    private static List<ValueCount>? MonthsOf(Dataset dataset)
    {
        CancellationScope.Check();
        var months = new SortedDictionary<int, int>();
        foreach (long time in dataset.Time.Span)
        {
            if (time >= 0)
            {
                int month = Calendar.Month(time);
                months[month] = months.GetValueOrDefault(month) + 1;
            }
        }

        if (months.Count == 0)
        {
            return null;
        }

        // Months without interactions are shown as such, unless a stray moment would make a million of them.
        int first = months.Keys.First(), last = months.Keys.Last();
        IEnumerable<int> shown = last - first < 1_200 ? Enumerable.Range(first, last - first + 1) : months.Keys;
        return [.. shown.Select(m => new ValueCount(
            string.Create(CultureInfo.InvariantCulture, $"{m / 12:D4}-{(m % 12) + 1:D2}"), months.GetValueOrDefault(m)))];
    }

    private static (IReadOnlyList<RankPlays> Ranks, double? Slope) RanksOf(long[] itemPlays)
    {
        long[] sorted = [.. itemPlays.Where(p => p > 0).OrderDescending()];
        var ranks = new List<RankPlays>();
        for (int step = 0; step <= MostPoints; step++)
        {
            int rank = (int)Math.Round(Math.Pow(sorted.Length, (double)step / MostPoints));
            if (ranks.Count == 0 || rank > ranks[^1].Rank)
            {
                ranks.Add(new RankPlays(rank, sorted[rank - 1]));
            }
        }

        (double X, double Y)[] points = [.. ranks.Where(r => r.Plays >= 2).Select(r => (Math.Log(r.Rank), Math.Log(r.Plays)))];
        if (points.Length < 3)
        {
            return (ranks, null);
        }

        double mx = points.Average(p => p.X), my = points.Average(p => p.Y);
        return (ranks, points.Sum(p => (p.X - mx) * (p.Y - my)) / points.Sum(p => (p.X - mx) * (p.X - mx)));
    }

    private static List<HistogramBin> Doubling(int[] degrees)
    {
        var bins = new List<HistogramBin>();
        int zero = degrees.Count(d => d == 0);
        if (zero > 0)
        {
            bins.Add(new HistogramBin(0, 0, zero));
        }

        int most = degrees.Max();
        for (long low = 1; low <= most; low *= 2)
        {
            long high = (2 * low) - 1;
            bins.Add(new HistogramBin(low, high, degrees.Count(d => d >= low && d <= high)));
        }

        return bins;
    }
}

/// <summary>Plays of one item by one user.</summary>
/// <param name="User">Id of the user.</param>
/// <param name="Item">Name of the item.</param>
/// <param name="Burstiness">From −1 (regular) over 0 (random) to 1 (bursty).</param>
/// <param name="Plays">Timed plays.</param>
/// <param name="Unit"><c>day</c> or <c>week</c>.</param>
/// <param name="Counts">First day of every unit with a play, and its plays; ascending.</param>
public sealed record BurstChart(string User, string Item, double Burstiness, int Plays, string Unit, IReadOnlyList<ValueCount> Counts);

/// <summary>One point of the popularity curve.</summary>
/// <param name="Rank">From 1.</param>
/// <param name="Plays">Plays of the item of that rank.</param>
public sealed record RankPlays(int Rank, long Plays);

/// <summary>One bar of a histogram.</summary>
/// <param name="Low">Least value, included.</param>
/// <param name="High">Greatest value, included (for features: excluded, but for the last bar).</param>
/// <param name="Count">Number of values.</param>
public sealed record HistogramBin(double Low, double High, int Count);

/// <summary>Histogram of one feature, in bins of equal width from the least to the greatest value.</summary>
/// <param name="Name">Name of the feature.</param>
/// <param name="Bins">The bars; a single one where the feature is constant.</param>
public sealed record FeatureHistogram(string Name, IReadOnlyList<HistogramBin> Bins)
{
    internal static FeatureHistogram Of(string name, float[] column, int bins)
    {
        float[] known = Array.FindAll(column, float.IsFinite);
        double low = known.Min(), high = known.Max();
        if (!(high > low))
        {
            return new(name, [new HistogramBin(low, high, known.Length)]);
        }

        var counts = new int[bins];
        foreach (float value in known)
        {
            counts[Math.Min((int)((value - low) / (high - low) * bins), bins - 1)]++;
        }

        double width = (high - low) / bins;
        return new(name, [.. counts.Select((c, b) => new HistogramBin(Edge(b), b + 1 == bins ? high : Edge(b + 1), c))]);

        double Edge(int bin) => low + (bin * width);
    }
}
