using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Evaluation.Protocol;
using Segue.Numerics.Dense;

namespace Segue.Evaluation.Tests;

/// <summary>Small sets and recommenders whose scores the test writes down.</summary>
internal static class Fixture
{
    /// <summary>Pairs per user, as item indices; users are u0, u1, …, items i0, i1, ….</summary>
    public static Dataset Dataset(int items, int[][] pairs, float[][]? weights = null, int[]? artists = null, string[]? userIds = null)
    {
        int[] artistColumn = artists ?? [];
        return new Dataset
        {
            Name = "fixture",
            Level = "track",
            Users = new Vocabulary(userIds ?? [.. Enumerable.Range(0, pairs.Length).Select(u => $"u{u}")]),
            Items = new Vocabulary(Enumerable.Range(0, items).Select(i => $"i{i}")),
            UserIndex = pairs.SelectMany((list, u) => list.Select(_ => u)).ToArray(),
            ItemIndex = pairs.SelectMany(list => list).ToArray(),
            Weight = weights is null ? default : weights.SelectMany(list => list).ToArray(),
            Catalog = artists is null ? Catalog.Empty : new Catalog
            {
                ItemArtist = artistColumn,
                Artists = new StringTable(Enumerable.Range(0, Math.Max(1, artistColumn.Max() + 1)).Select(a => $"a{a}")),
            },
        };
    }

    public static EvaluationSet Set(int items, int[][] known, int[][] relevant, int[]? artists = null, bool isFoldIn = false) => new()
    {
        Known = Dataset(items, known, artists: artists),
        Relevant = Dataset(items, relevant, artists: artists),
        IsFoldIn = isFoldIn,
    };

    /// <summary>The order of ties of user u<paramref name="user"/> among items i0, i1, ….</summary>
    public static TieOrder Ties(int items, int user = 0, ulong seed = 42, int question = 0) => new TieOrders(
        new Vocabulary(Enumerable.Range(0, items).Select(i => $"i{i}")), new Vocabulary(Enumerable.Range(0, user + 1).Select(u => $"u{u}")), seed).Of(user, question);

    /// <summary>All that is ranked, best first, by a plain sort.</summary>
    public static int[] Ranked(float[] scores, TieOrder ties)
    {
        var keyed = new List<(float Score, ulong Key, int Item)>();
        for (int i = 0; i < scores.Length; i++)
        {
            if (scores[i] > float.NegativeInfinity)
            {
                keyed.Add((-scores[i] + 0f, ties[i], i));
            }
        }

        return [.. keyed.Order().Select(k => k.Item)];
    }

    public static EvaluationOptions Options(string metrics) => new() { Metrics = MetricCatalog.ParseList(metrics), Threads = 1, BootstrapSamples = 0 };
}

/// <summary>Scores from a table, by user index.</summary>
internal sealed class TableRecommender(float[][] scores) : IRecommender
{
    public Vocabulary Items { get; } = new(Enumerable.Range(0, scores[0].Length).Select(i => $"i{i}"));

    public void Score(Query query, Span<float> target) => scores[query.UserIndex].CopyTo(target);

    public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
}

/// <summary>Dot products of given vectors; users listed as unknown have none.</summary>
internal sealed class VectorTableRecommender(DenseMatrix users, DenseMatrix items, params int[] unknown) : IVectorRecommender
{
    public Vocabulary Items { get; } = new(Enumerable.Range(0, items.Rows).Select(i => $"i{i}"));

    public DenseMatrix ItemVectors => items;

    public bool TryGetUserVector(Query query, Span<float> vector)
    {
        if (unknown.Contains(query.UserIndex))
        {
            return false;
        }

        users.Row(query.UserIndex).CopyTo(vector);
        return true;
    }

    public void Score(Query query, Span<float> scores)
    {
        var vector = new float[items.Columns];
        bool isKnown = TryGetUserVector(query, vector);
        for (int i = 0; i < items.Rows; i++)
        {
            double sum = 0;
            for (int c = 0; c < vector.Length; c++)
            {
                sum += vector[c] * items.Row(i)[c];
            }

            scores[i] = isKnown ? (float)sum : float.NaN;
        }
    }

    public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
}

/// <summary>Scores from a function of the query.</summary>
internal sealed class LambdaRecommender(int items, Action<Query, float[]> score) : IRecommender
{
    public Vocabulary Items { get; } = new(Enumerable.Range(0, items).Select(i => $"i{i}"));

    public void Score(Query query, Span<float> target)
    {
        var buffer = new float[target.Length];
        score(query, buffer);
        buffer.CopyTo(target);
    }

    public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
}

/// <summary>Remembers what it observed, and asks back as that.</summary>
internal sealed class ObservingRecommender(int items, Action<Dataset?, Query> asked, Dataset? observed = null) : IObserves
{
    public Vocabulary Items { get; } = new(Enumerable.Range(0, items).Select(i => $"i{i}"));

    public IRecommender Observe(Dataset known, FitContext context) => new ObservingRecommender(items, asked, known);

    public void Score(Query query, Span<float> target)
    {
        asked(observed, query);
        target.Clear();
    }

    public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
}

/// <summary>As <see cref="LambdaRecommender"/>, of a model that learned something of every listener.</summary>
internal sealed class LearnedRecommender(int items, Action<Query, float[]> score) : ILearnsListeners
{
    public Vocabulary Items { get; } = new(Enumerable.Range(0, items).Select(i => $"i{i}"));

    public void Score(Query query, Span<float> target)
    {
        var buffer = new float[target.Length];
        score(query, buffer);
        buffer.CopyTo(target);
    }

    public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
}
