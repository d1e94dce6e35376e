using System.Collections.Concurrent;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Numerics.Tensors;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Neural.Autodiff;
using Segue.Numerics.Dense;

namespace Segue.Models.Sequence;

/// <summary>What models that predict the next play share.</summary>
public abstract record NextPlayOptions : ModelOptions
{
    /// <summary>What a sequence is.</summary>
    [Description("a sequence is all plays of a listener or playlist, or a session without a long pause")]
    public SequenceUnit Unit { get; init; } = SequenceUnit.Listener;

    /// <summary>The pause that ends a session, in minutes.</summary>
    [Range(0.0, 1e9)]
    [Description("minutes of the pause that ends a session, where unit is session")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;

    /// <summary>Passes over the plays.</summary>
    [Range(1, 100_000)]
    [Description("passes over the plays")]
    public int Epochs { get; init; }

    /// <summary>Sequences in a step.</summary>
    [Range(1, 1_000_000)]
    [Description("sequences in a step")]
    public int BatchSize { get; init; }

    /// <summary>Step size of Adam.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam")]
    public double LearningRate { get; init; } = 0.001;

    /// <summary>Decoupled weight decay.</summary>
    [Range(0.0, 10.0)]
    [Description("decoupled weight decay")]
    public double Regularization { get; init; }
}

/// <summary>How the vector a network gives becomes one that is multiplied with item vectors.</summary>
internal enum SequenceOutput
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>With a 1 behind it, for the items' biases.</summary>
    WithBias,

    /// <summary>At unit length, so that products with unit item vectors are cosines.</summary>
    Unit,
}

/// <summary>Recommends by the vector a network has after a listener's last plays.</summary>
/// <remarks>
/// Plays of items that were never trained on, or that have no vector to be read as, are left out. A reason is a recent play without which the item would score lower: the network reads the history again without each of the
/// last <see cref="ReasonPlays"/> items, and the difference is the weight.
/// </remarks>
internal abstract class HistoryRecommender(
    Dataset train, SequenceNetwork network, SequenceOutput output, int maxLength, int[] itemCount) : IExplains, IHasCurves
{
    /// <summary>Items, from the last play back, that can be a reason.</summary>
    public const int ReasonPlays = 30;

    private readonly ConcurrentBag<(Tape Tape, PlayBatch Batch)> _free = [];
    private readonly int[] _userStart = train.UserStart();

    public Vocabulary Items => train.Items;

    public IReadOnlyList<LearnedCurve> Curves => network.Curves;

    /// <summary>True where the item was played in training.</summary>
    protected bool IsHeard(int item) => itemCount[item] > 0;

    /// <summary>Length of the vector after a history.</summary>
    protected int VectorSize => network.Size + (output == SequenceOutput.WithBias ? 1 : 0);

    public abstract void Score(Query query, Span<float> scores);

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, Items);
        (int[] items, long[] times) = Plays(query);
        if (count <= 0 || items.Length == 0)
        {
            return [];
        }

        int[] candidates = [.. items.Reverse().Distinct().Take(ReasonPlays)];
        var histories = new List<(int[], long[])> { (items, times) };
        foreach (int left in candidates)
        {
            int[] kept = [.. Enumerable.Range(0, items.Length).Where(n => items[n] != left)];
            histories.Add(([.. kept.Select(n => items[n])], [.. kept.Select(n => times[n])]));
        }

        bool isAlone = candidates.Length == items.Distinct().Count() && candidates.Length == 1;
        var vectors = new float[histories.Count * VectorSize];
        Read(isAlone ? histories[..1] : histories, vectors);
        double score = ScoreOf(vectors.AsSpan(0, VectorSize), itemIndex);
        if (double.IsNaN(score) || !HasDirection(vectors.AsSpan(0, VectorSize)))
        {
            return [];
        }

        if (isAlone)
        {
            // There is nothing to compare with.
            return [new Reason(candidates[0], 1, "because_listened")];
        }

        var reasons = new List<Reason>();
        for (int c = 0; c < candidates.Length; c++)
        {
            double weight = score - ScoreOf(vectors.AsSpan((c + 1) * VectorSize, VectorSize), itemIndex);
            if (weight > 0)
            {
                reasons.Add(new Reason(candidates[c], weight, "because_listened"));
            }
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    public virtual void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        network.Save(artifact);
    }

    /// <summary>The score of an item after the history with this vector.</summary>
    protected abstract double ScoreOf(ReadOnlySpan<float> vector, int itemIndex);

    /// <summary>Writes the vector after the plays of a query.</summary>
    /// <returns>False, with nothing written, where there are none, or where their vector should have a direction and has none.</returns>
    protected bool TryRead(Query query, Span<float> vector)
    {
        (int[] items, long[] times) = Plays(query);
        if (items.Length == 0)
        {
            return false;
        }

        var read = new float[VectorSize];
        Read([(items, times)], read);
        if (!HasDirection(read))
        {
            return false;
        }

        read.CopyTo(vector);
        return true;
    }

    /// <summary>True where the item vectors were learned from the plays.</summary>
    protected bool HasTrainedVectors => output != SequenceOutput.Unit;

    /// <summary>False where products are to be cosines and the vector is zero: then all items would be equally near.</summary>
    private bool HasDirection(ReadOnlySpan<float> vector) => output != SequenceOutput.Unit || vector.ContainsAnyExcept(0f);

    /// <summary>The last plays of items that were trained on.</summary>
    private (int[] Items, long[] Times) Plays(Query query)
    {
        ScoreBuffer.Check(query, train.Users.Count, Items.Count);
        ReadOnlySpan<int> items = query.History.Span;
        ReadOnlySpan<long> times = query.HistoryTime.Span;
        if (!query.IsFoldIn)
        {
            Range own = _userStart[query.UserIndex].._userStart[query.UserIndex + 1];
            items = train.ItemIndex.Span[own];
            times = train.HasTime ? train.Time.Span[own] : default;
        }

        var kept = new List<int>(Math.Min(items.Length, maxLength));
        for (int n = items.Length - 1; n >= 0 && kept.Count < maxLength; n--)
        {
            if (itemCount[items[n]] > 0)
            {
                kept.Add(n);
            }
        }

        int[] ownItems = new int[kept.Count];
        long[] ownTimes = new long[kept.Count];
        for (int n = 0; n < kept.Count; n++)
        {
            int from = kept[^(n + 1)];
            (ownItems[n], ownTimes[n]) = (items[from], times.IsEmpty ? -1 : times[from]);
        }

        return (ownItems, ownTimes);
    }

    private void Read(IReadOnlyList<(int[] Items, long[] Times)> histories, Span<float> vectors)
    {
        if (!_free.TryTake(out (Tape Tape, PlayBatch Batch) own))
        {
            own = (new Tape(), new PlayBatch());
        }

        own.Batch.Clear();
        foreach ((int[] items, long[] times) in histories)
        {
            own.Batch.Add(items, times);
        }

        var read = new float[histories.Count * network.Size];
        network.ReadLast(own.Tape, own.Batch, read);
        own.Tape.Reset();
        _free.Add(own);
        int columns = VectorSize;
        for (int s = 0; s < histories.Count; s++)
        {
            Span<float> vector = vectors.Slice(s * columns, columns);
            read.AsSpan(s * network.Size, network.Size).CopyTo(vector);
            if (output == SequenceOutput.WithBias)
            {
                vector[^1] = 1f;
            }
            else if (output == SequenceOutput.Unit)
            {
                float norm = TensorPrimitives.Norm<float>(vector);
                TensorPrimitives.Divide(vector, norm == 0f ? 1f : norm, vector);
            }
        }
    }
}

/// <summary>Recommends by products of the vector after the last plays with vectors of items.</summary>
/// <remarks>An item whose vector is NaN scores NaN, by products too.</remarks>
internal sealed class SequenceRecommender(
    Dataset train, SequenceNetwork network, DenseMatrix itemVectors, SequenceOutput output, int maxLength, int[] itemCount)
    : HistoryRecommender(train, network, output, maxLength, itemCount), IVectorRecommender
{
    /// <summary>Name of the item vectors in an artifact.</summary>
    public const string ItemVectorsName = "item_vectors";

    private DenseMatrix? _ranked;

    /// <summary>Vectors given from outside know more than the plays; those that were trained know nothing of an item nobody played.</summary>
    public DenseMatrix ItemVectors => _ranked ??= HasTrainedVectors ? UnheardItems.Hide(itemVectors, IsHeard) : itemVectors;

    public override void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        var vector = new float[VectorSize];
        if (!TryRead(query, vector))
        {
            scores.Fill(float.NaN);
            return;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = TensorPrimitives.Dot<float>(vector, ItemVectors.Row(i));
        }
    }

    public bool TryGetUserVector(Query query, Span<float> vector) => vector.Length == VectorSize
        ? TryRead(query, vector)
        : throw new ArgumentException($"the user vector has {vector.Length} places for {VectorSize} values", nameof(vector));

    public override void Save(ArtifactWriter artifact)
    {
        base.Save(artifact);
        artifact.Add(ItemVectorsName, itemVectors);
    }

    protected override double ScoreOf(ReadOnlySpan<float> vector, int itemIndex) => TensorPrimitives.Dot(vector, ItemVectors.Row(itemIndex));
}
