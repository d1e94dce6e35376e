using System.Globalization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Evaluation.Metrics;
using Segue.Evaluation.Protocol;

namespace Segue.Evaluation;

/// <summary>What a metric is a figure of.</summary>
public enum MetricKind
{
    /// <summary>One value a user, averaged over users.</summary>
    PerUser,

    /// <summary>One value for all lists together; no interval, no paired test.</summary>
    AllLists,

    /// <summary>One value a (user, item) pair, averaged over pairs; needs an <see cref="IRegressor"/>.</summary>
    Prediction,

    /// <summary>One value a step of a session that is revealed item by item, averaged over steps; see <see cref="SessionEvaluator"/>.</summary>
    PerStep,

    /// <summary>About held-out pairs among as many others, of all users together, by the scores of any recommender.</summary>
    Link,
}

/// <summary>Whether a metric's name ends in <c>@k</c>.</summary>
public enum ListLength
{
    /// <summary>Never: the metric has no list length, or a fixed one.</summary>
    None,

    /// <summary>With or without: without, the whole ranking counts.</summary>
    Optional,

    /// <summary>Always.</summary>
    Required,
}

/// <summary>What a metric is, for people and for <see cref="RankingEvaluator"/>.</summary>
public sealed record MetricDefinition
{
    /// <summary>Stable name without <c>@k</c>, for example <c>ndcg</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence.</summary>
    public required string Meaning { get; init; }

    /// <summary>What is divided by.</summary>
    public required string Denominator { get; init; }

    /// <summary>What happens to equal scores.</summary>
    public string TieRule { get; init; } = "a random order by the ids of user and item, the same for all models";

    /// <summary>What the value is where there is nothing to divide by or nothing was ranked.</summary>
    public required string EmptyCase { get; init; }

    /// <summary>What it is a figure of.</summary>
    public MetricKind Kind { get; init; }

    /// <summary>Whether the name takes <c>@k</c>.</summary>
    public ListLength Length { get; init; } = ListLength.Required;

    /// <summary>True where a higher value is better. Neither is better of <c>coverage</c>, <c>gini</c>, <c>novelty</c>: higher is more diverse.</summary>
    public bool HigherIsBetter { get; init; } = true;

    /// <summary>Of metrics of links: what held-out pairs are told apart from.</summary>
    public LinkPairs Pairs { get; init; }

    /// <summary>A user's (or a step's) value from one ranking; null for the other kinds.</summary>
    internal UserMetric? ForUser { get; init; }

    /// <summary>For steps of a session: the right answer is the next item alone, not all that remain.</summary>
    internal bool IsAboutNext { get; init; }

    /// <summary>Whether it can be asked of the item ℓ ahead instead of the next: what is a function of that item's rank.</summary>
    public bool HasOffsets => IsAboutNext && !Needs.HasFlag(RankingNeeds.PairLoss);

    /// <summary>The figure from how often every item was recommended; null for the other kinds.</summary>
    internal ExposureMetric? ForExposure { get; init; }

    /// <summary>A pair's value from (predicted, target); null for the other kinds.</summary>
    internal Func<double, double, double>? ForPair { get; init; }

    /// <summary>True where it is a figure of the ranks of the right answers, so that <c>:popularity=…</c> may name some of these.</summary>
    public bool CanSlice => Kind == MetricKind.PerUser && ForUser is not null && Needs == RankingNeeds.None && Name is not ("precision" or "clicks");

    /// <summary>What must be prepared for <see cref="ForUser"/>.</summary>
    internal RankingNeeds Needs { get; init; }

    /// <summary>The name with <c>@k</c> where it takes one.</summary>
    public string NameWithLength => Length switch
    {
        ListLength.Required => $"{Name}@k",
        ListLength.Optional => $"{Name}[@k]",
        _ => Name,
    };
}

/// <summary>A metric with its list length, for example <c>recall@20</c>. Made by <see cref="MetricCatalog.Parse"/>.</summary>
public sealed record MetricSpecification
{
    internal MetricSpecification(MetricDefinition metric, int? k, PopularitySlice? slice = null)
    {
        Metric = metric;
        K = k;
        Slice = slice;
    }

    /// <summary>The metric.</summary>
    public MetricDefinition Metric { get; }

    /// <summary>List length, or null where the name has none.</summary>
    public int? K { get; }

    /// <summary>Which right answers count, by their listeners in training; null for all. Users without one of them are left out.</summary>
    public PopularitySlice? Slice { get; }

    /// <summary>Stable name, for example <c>recall@20</c>, <c>auc</c>, <c>recall@20:popularity=1-5</c>.</summary>
    public string Name => WholeName + (Slice is { } slice ? $":{slice}" : string.Empty);

    /// <summary>The name without the slice.</summary>
    public string WholeName => K is { } k ? string.Create(CultureInfo.InvariantCulture, $"{Metric.Name}@{k}") : Metric.Name;

    /// <summary>The <see cref="Name"/>.</summary>
    public override string ToString() => Name;
}

/// <summary>Every metric there is, by name. Adding one is its function under Metrics/ and one entry here.</summary>
public static class MetricCatalog
{
    /// <summary>The longest list a metric may ask for.</summary>
    public const int MaxListLength = 1_000_000;

    // Other names that papers and other programs have for the same figure.
    private static readonly Dictionary<string, string> Aliases = new()
    {
        ["hr"] = "hitrate",
        ["hit"] = "hitrate",
        ["hits"] = "hitrate",
        ["hit-rate"] = "hitrate",
        ["hit-ratio"] = "hitrate",
        ["next-hitrate"] = "next-hr",
        ["prec"] = "precision",
        ["rprecision"] = "r-precision",
        ["roc-auc"] = "auc",
        ["cov"] = "coverage",
        ["logloss"] = "log-loss",
    };

    private const string NoRelevant = "users without a relevant item are not evaluated; nothing ranked: 0";
    private const string NoStep = "steps without a right answer, and sessions without such a step, are left out; nothing ranked: 0";
    private const string Steps = ", then the number of steps";

    /// <summary>All metrics: accuracy, beyond accuracy, prediction.</summary>
    public static IReadOnlyList<MetricDefinition> All { get; } =
    [
        new()
        {
            Name = "recall", Meaning = "share of the relevant items found in the first k places",
            Denominator = "|T|, all relevant items", EmptyCase = NoRelevant,
            ForUser = (in r, k) => Recall.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "capped-recall", Meaning = "share of the relevant items that fit into k places and are found there",
            Denominator = "min(k, |T|)", EmptyCase = NoRelevant,
            ForUser = (in r, k) => Recall.CappedFromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "precision", Meaning = "share of the first k places that are relevant",
            Denominator = "k, also where fewer items can be ranked", EmptyCase = NoRelevant,
            ForUser = (in r, k) => Precision.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "hitrate", Meaning = "share of users with at least one relevant item in the first k places",
            Denominator = "1", EmptyCase = NoRelevant,
            ForUser = (in r, k) => HitRate.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "ndcg", Meaning = "discounted gain Σ 1 / log₂(rank + 1) of the hits in the first k places against the best possible",
            Denominator = "gain of a list that begins with min(k, |T|) relevant items", EmptyCase = NoRelevant,
            ForUser = (in r, k) => Ndcg.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "mrr", Meaning = "1 / rank of the first hit; 0 where it is beyond k",
            Denominator = "1", EmptyCase = NoRelevant, Length = ListLength.Optional,
            ForUser = (in r, k) => ReciprocalRank.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "map", Meaning = "mean of the precision at the rank of every hit in the first k places",
            Denominator = "min(k, |T|)", EmptyCase = NoRelevant,
            ForUser = (in r, k) => AveragePrecision.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "auc", Meaning = "share of (relevant, other candidate) pairs in the right order: area under the ROC curve of the full ranking",
            Denominator = "relevant × other candidates", TieRule = "a tied pair counts one half (mid-rank)",
            EmptyCase = "no other candidate: the user is left out; a relevant item without score wins no pair",
            Length = ListLength.None, Needs = RankingNeeds.Auc,
            ForUser = (in r, _) => r.Auc,
        },
        new()
        {
            Name = "bpr-loss", Meaning = "mean of −ln σ(score of a relevant item − score of one other candidate, drawn at random): the loss many models are trained with",
            Denominator = "relevant items; on the model's own scale, so a curve of one model and no ranking of models",
            EmptyCase = "no other candidate with a score: the user is left out; a relevant item without score costs ln 2, a coin toss",
            Length = ListLength.None, Needs = RankingNeeds.PairLoss, HigherIsBetter = false,
            ForUser = (in r, _) => r.PairLoss,
        },
        new()
        {
            Name = "r-precision", Meaning = "share of the first |T| places that are relevant, plus ¼ an artist shared with the relevant items (RecSys 2018)",
            Denominator = "|T|; artists only where the catalog has them, then up to 1.25", EmptyCase = NoRelevant,
            Length = ListLength.None, Needs = RankingNeeds.RelevantLongList,
            ForUser = (in r, _) => r.RPrecision(),
        },
        new()
        {
            Name = "clicks", Meaning = "times ten more songs must be asked for before a relevant one appears (RecSys 2018)",
            Denominator = "10 places a click", EmptyCase = "no hit in the first 500 places: 51; users without a relevant item are not evaluated",
            Length = ListLength.None, HigherIsBetter = false,
            ForUser = (in r, _) => Clicks.FromRanks(r.HitRanks, r.RelevantCount),
        },
        new()
        {
            Name = "coverage", Meaning = "share of the catalogue that is in somebody's first k places",
            Denominator = "all items of the catalogue", EmptyCase = "nothing ranked: 0", Kind = MetricKind.AllLists,
            ForExposure = Coverage.FromCounts,
        },
        new()
        {
            Name = "gini", Meaning = "inequality of how often items are recommended: 0 all equally often, towards 1 one item only",
            Denominator = "all items of the catalogue × all places", EmptyCase = "nothing ranked: NaN", Kind = MetricKind.AllLists,
            HigherIsBetter = false, ForExposure = Gini.FromCounts,
        },
        new()
        {
            Name = "novelty", Meaning = "mean −log₂ of the share of listeners who know the item, over the first k places, in bits",
            Denominator = "filled places", EmptyCase = "nothing ranked: the user is left out", Needs = RankingNeeds.List | RankingNeeds.Listeners,
            ForUser = (in r, k) => Novelty.AtK(r.List, r.Facts.Listeners, r.Facts.UserCount, k),
        },
        new()
        {
            Name = "artist-diversity", Meaning = "distinct artists among the first k places",
            Denominator = "places whose artist is known", EmptyCase = "no such place: the user is left out",
            Needs = RankingNeeds.List | RankingNeeds.Artists,
            ForUser = (in r, k) => ArtistDiversity.AtK(r.List, r.Facts.ItemArtist.Span, k, r.Scratch),
        },
        new()
        {
            Name = "next-hr", Meaning = "sessions revealed item by item: share of steps whose next item is in the first k places",
            Denominator = "1" + Steps, EmptyCase = NoStep, Kind = MetricKind.PerStep, IsAboutNext = true,
            ForUser = (in r, k) => HitRate.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "next-mrr", Meaning = "sessions revealed item by item: 1 / rank of the next item; 0 where it is beyond k",
            Denominator = "1" + Steps, EmptyCase = NoStep, Kind = MetricKind.PerStep, IsAboutNext = true,
            ForUser = (in r, k) => ReciprocalRank.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "next-cross-entropy",
            Meaning = "sessions revealed item by item: −ln of the next item's share of Σ e^score over all candidates; a guess has ln of their number",
            Denominator = "1" + Steps, TieRule = "none", EmptyCase = NoStep + "; a next item without score has a share of 10⁻¹², and where nothing has a score it is a guess",
            Kind = MetricKind.PerStep, Length = ListLength.None, HigherIsBetter = false, IsAboutNext = true, Needs = RankingNeeds.PairLoss,
            ForUser = (in r, _) => r.PairLoss,
        },
        new()
        {
            Name = "rest-recall", Meaning = "sessions revealed item by item: share of the distinct remaining items found in the first k places",
            Denominator = "distinct remaining items" + Steps, EmptyCase = NoStep, Kind = MetricKind.PerStep,
            ForUser = (in r, k) => Recall.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "rest-precision", Meaning = "sessions revealed item by item: share of the first k places that are remaining items",
            Denominator = "k, also where fewer items can be ranked" + Steps, EmptyCase = NoStep, Kind = MetricKind.PerStep,
            ForUser = (in r, k) => Precision.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "rest-ndcg", Meaning = "sessions revealed item by item: discounted gain of the remaining items in the first k places against the best possible",
            Denominator = "gain of a list that begins with min(k, remaining) of them" + Steps, EmptyCase = NoStep, Kind = MetricKind.PerStep,
            ForUser = (in r, k) => Ndcg.FromRanks(r.HitRanks, r.RelevantCount, k),
        },
        new()
        {
            Name = "link-accuracy", Meaning = "share of held-out pairs and as many drawn uniformly that one threshold for all users puts on the right side; a coin has one half",
            Denominator = "held-out and drawn pairs", TieRule = "a score equal to the threshold says yes; the threshold is the best one on the other half of the pairs",
            EmptyCase = "a pair without score counts as not linked", Kind = MetricKind.Link, Length = ListLength.None,
        },
        new()
        {
            Name = "link-auc", Meaning = "share of (held-out, drawn) pairs of all users in the right order, drawn uniformly over users and items",
            Denominator = "held-out × drawn pairs", TieRule = "a tie counts one half", EmptyCase = "no pair can be drawn: the user is left out; a held-out pair without score wins nothing",
            Kind = MetricKind.Link, Length = ListLength.None,
        },
        new()
        {
            Name = "link-accuracy-matched", Meaning = "link-accuracy against the same users with the items of other held-out pairs, as popular as the right ones",
            Denominator = "held-out and drawn pairs", TieRule = "a score equal to the threshold says yes; the threshold is the best one on the other half of the pairs",
            EmptyCase = "a pair without score counts as not linked", Kind = MetricKind.Link, Length = ListLength.None, Pairs = LinkPairs.Matched,
        },
        new()
        {
            Name = "link-auc-matched", Meaning = "link-auc against the same users with the items of other held-out pairs, as popular as the right ones",
            Denominator = "held-out × drawn pairs", TieRule = "a tie counts one half", EmptyCase = "no pair can be drawn: the user is left out; a held-out pair without score wins nothing",
            Kind = MetricKind.Link, Length = ListLength.None, Pairs = LinkPairs.Matched,
        },
        new()
        {
            Name = "mse", Meaning = "mean squared error of the predicted weight",
            Denominator = "pairs", TieRule = "none", EmptyCase = "no pair: an error", Kind = MetricKind.Prediction,
            Length = ListLength.None, HigherIsBetter = false, ForPair = PredictionError.Squared,
        },
        new()
        {
            Name = "mae", Meaning = "mean absolute error of the predicted weight",
            Denominator = "pairs", TieRule = "none", EmptyCase = "no pair: an error", Kind = MetricKind.Prediction,
            Length = ListLength.None, HigherIsBetter = false, ForPair = PredictionError.Absolute,
        },
        new()
        {
            Name = "accuracy", Meaning = "share of pairs predicted on the right side of one half",
            Denominator = "pairs", TieRule = "one half counts as 1", EmptyCase = "no pair: an error", Kind = MetricKind.Prediction,
            Length = ListLength.None, ForPair = PredictionError.Accuracy,
        },
        new()
        {
            Name = "log-loss", Meaning = "mean −ln of the probability given to what happened",
            Denominator = "pairs", TieRule = "none", EmptyCase = "no pair: an error", Kind = MetricKind.Prediction,
            Length = ListLength.None, HigherIsBetter = false, ForPair = PredictionError.LogLoss,
        },
    ];

    /// <summary>What is reported where nobody asks for anything else: <c>recall@20, ndcg@20, mrr@20, coverage@20</c>.</summary>
    public static IReadOnlyList<MetricSpecification> Default { get; } = ParseList("recall@20,ndcg@20,mrr@20,coverage@20");

    /// <summary>Reads one name, for example <c>recall@20</c>, <c>mrr</c>, <c>auc</c>, <c>recall@20:popularity=1-5</c>.</summary>
    /// <remarks>Case is ignored, and names common elsewhere are known: <c>NDCG@5</c>, <c>hr@5</c>, <c>hit_rate@5</c>.</remarks>
    /// <exception cref="OptionException">Unknown name (the message lists near matches), a missing, superfluous or impossible k, or no slice.</exception>
    public static MetricSpecification Parse(string text)
    {
        IReadOnlyList<MetricSpecification> metrics = ParseSlices(text);
        return metrics.Count == 1
            ? metrics[0]
            : throw new OptionException($"metric '{text.Trim()}' stands for {metrics.Count}; name one of them, for example {metrics[0].Name}");
    }

    private static IReadOnlyList<MetricSpecification> ParseSlices(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string trimmed = text.Trim();
        int colon = trimmed.IndexOf(':');
        if (colon < 0)
        {
            return [ParseWhole(trimmed)];
        }

        MetricSpecification whole = ParseWhole(trimmed[..colon].TrimEnd());
        if (!whole.Metric.CanSlice)
        {
            throw new OptionException(
                $"metric '{trimmed}' names some of the right answers, which {whole.Metric.Name} cannot tell apart; use one of "
                + string.Join(", ", All.Where(m => m.CanSlice).Select(m => m.NameWithLength)));
        }

        IReadOnlyList<PopularitySlice> slices = PopularitySlice.Parse(trimmed[(colon + 1)..].TrimStart(), trimmed) is { } one ? [one] : PopularitySlice.Default;
        return [.. slices.Select(slice => new MetricSpecification(whole.Metric, whole.K, slice))];
    }

    private static MetricSpecification ParseWhole(string trimmed)
    {
        int at = trimmed.IndexOf('@');
        string name = at < 0 ? trimmed : trimmed[..at];
        string known = name.ToLowerInvariant().Replace('_', '-');
        known = Aliases.GetValueOrDefault(known, known);
        MetricDefinition metric = All.FirstOrDefault(m => m.Name == known)
            ?? throw NearMatches.Error("metric", name, [.. All.Select(m => m.Name)]);
        if (at < 0)
        {
            return metric.Length == ListLength.Required
                ? throw new OptionException($"metric '{trimmed}' needs a list length; write for example {metric.Name}@20")
                : new MetricSpecification(metric, null);
        }

        if (metric.Length == ListLength.None)
        {
            throw new OptionException($"metric '{trimmed}' has a list length, but {metric.Name} takes none; write {metric.Name}");
        }

        return int.TryParse(trimmed.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int k) && k is >= 1 and <= MaxListLength
            ? new MetricSpecification(metric, k)
            : throw new OptionException(
                $"metric '{trimmed}' has the list length '{trimmed[(at + 1)..]}'; give a whole number from 1 to {MaxListLength}, for example {metric.Name}@20");
    }

    /// <summary>
    /// Reads names separated by commas; a metric named twice is kept once, in its first place, and <c>recall@20:popularity</c> stands for
    /// the four slices of <see cref="PopularitySlice.Default"/>.
    /// </summary>
    /// <exception cref="OptionException">No name at all, or as <see cref="Parse"/>.</exception>
    public static IReadOnlyList<MetricSpecification> ParseList(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        MetricSpecification[] metrics =
            [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).SelectMany(ParseSlices).DistinctBy(m => m.Name)];
        return metrics.Length > 0 ? metrics : throw new OptionException($"'{text}' names no metric; write for example recall@20,ndcg@20");
    }
}
