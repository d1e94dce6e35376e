using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Neighbors;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Walks;

/// <summary>Options of <see cref="PathCount"/>.</summary>
public sealed record PathCountOptions : ModelOptions
{
    /// <summary>How many paths over a listener one over an artist counts for; 0 for no artists.</summary>
    [Range(0.0, 1e6)]
    [Description("how many paths over a listener one over an artist counts for; 0 for a graph without artists")]
    public double ArtistWeight { get; init; }
}

/// <summary>Counts paths of three edges from the listener: over one of its items and another listener, or over the item's artist, to an item.</summary>
/// <remarks>
/// score(u, i) = Σ_{j ∈ I_u, j ≠ i} (|{v ≠ u: v heard j and i}| + a · [i and j have one artist]). Plays do not count, only who heard what. A listener the model does not know
/// is its history. Items without a path score NaN. Fit O(pairs), a query O(pairs of the listeners reached). Source: the path number model, without and with artists, of
/// "Building music recommender systems with graph-based method" as seed 000 (section IV.B) tells of it; the weight of a path over an artist is not given there.
/// </remarks>
public sealed class PathCount(PathCountOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'path-count'");
        context.Report("path count", 0, 1);
        return new PathCountRecommender(train.Items, UserItemMatrix.Binary(train), ArtistOf(train), options);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        CsrMatrix listeners = artifact.Sparse("listeners");
        SameNodes.CheckStored("model 'path-count'", listeners, train);
        return new PathCountRecommender(train.Items, listeners, ArtistOf(train), options);
    }

    private ReadOnlyMemory<int> ArtistOf(Dataset train) => options.ArtistWeight == 0 ? default
        : !train.Catalog.ItemArtist.IsEmpty ? train.Catalog.ItemArtist
        : throw new DatasetException(
            $"model 'path-count' with artist_weight needs artists and dataset '{train.Name}' names none; set artist_weight=0 or import the data with artists");
}

internal sealed class PathCountRecommender(Vocabulary items, CsrMatrix listeners, ReadOnlyMemory<int> artistOf, PathCountOptions options) : IExplains
{
    private readonly CsrMatrix _byItem = listeners.Transpose();

    public Vocabulary Items => items;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, listeners.Rows, items.Count);
        int[] heard = new ListenerVector(false, 0).Of(query, listeners).Items.ToArray();
        int own = query.IsFoldIn ? -1 : query.UserIndex;
        var common = new int[listeners.Rows];
        foreach (int item in heard)
        {
            foreach (int user in _byItem.RowColumns(item))
            {
                common[user] += user == own ? 0 : 1;
            }
        }

        scores.Clear();
        for (int v = 0; v < common.Length; v++)
        {
            CancellationScope.CheckAt(v);
            if (common[v] > 0)
            {
                RowSimilarity.AddRow(listeners, v, common[v], scores);
            }
        }

        // A path does not come back to the item it went over.
        foreach (int item in heard)
        {
            scores[item] -= _byItem.RowLength(item) - (own >= 0 ? 1 : 0);
        }

        AddArtists(heard, scores);
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = scores[i] > 0 ? scores[i] : float.NaN;
        }
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(query, listeners.Rows, items.Count);
        HashSet<int> others = [.. _byItem.RowColumns(itemIndex)];
        others.Remove(query.IsFoldIn ? -1 : query.UserIndex);
        var reasons = new List<Reason>();
        foreach (int item in new ListenerVector(false, 0).Of(query, listeners).Items)
        {
            double paths = 0;
            foreach (int user in _byItem.RowColumns(item))
            {
                paths += others.Contains(user) ? 1 : 0;
            }

            if (item != itemIndex && paths > 0)
            {
                reasons.Add(new Reason(item, paths, "because_listened"));
            }

            bool isSameArtist = !artistOf.IsEmpty && artistOf.Span[item] >= 0 && artistOf.Span[item] == artistOf.Span[itemIndex];
            if (item != itemIndex && isSameArtist)
            {
                reasons.Add(new Reason(item, options.ArtistWeight, "same_artist"));
            }
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(Math.Max(0, count))];
    }

    public void Save(ArtifactWriter artifact) => artifact.Add("listeners", listeners);

    private void AddArtists(int[] heard, Span<float> scores)
    {
        if (artistOf.IsEmpty)
        {
            return;
        }

        ReadOnlySpan<int> artist = artistOf.Span;
        var heardOf = new Dictionary<int, int>();
        foreach (int item in heard)
        {
            heardOf[artist[item]] = heardOf.GetValueOrDefault(artist[item]) + 1;
            scores[item] -= artist[item] >= 0 ? (float)options.ArtistWeight : 0;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] += artist[i] >= 0 && heardOf.TryGetValue(artist[i], out int number) ? (float)(options.ArtistWeight * number) : 0;
        }
    }
}
