using Segue.Core;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;

namespace Segue.Models.Sequence;

/// <summary>What a model of sequences takes for one sequence.</summary>
public enum SequenceUnit
{
    /// <summary>All plays of a listener (or a playlist), in order.</summary>
    Listener,

    /// <summary>The plays of a listener without a long pause.</summary>
    Session,
}

/// <summary>Training sequences, cut into chunks that are learned from one by one.</summary>
/// <remarks>A chunk is a range of interactions; it begins at the last play of the chunk before, so that every step from a play to the next is in one of them.</remarks>
internal sealed class PlayChunks
{
    private readonly Dataset _train;

    private PlayChunks(Dataset train, int[] sequences, (int Start, int Count, int End)[] ranges, int[] count) =>
        (_train, SequenceStart, Ranges, ItemCount) = (train, sequences, ranges, count);

    /// <summary>First interaction of every sequence and, last, the number of interactions.</summary>
    public int[] SequenceStart { get; }

    /// <summary>First interaction of every chunk, the number of its plays, at least two, and the interaction after its sequence.</summary>
    public (int Start, int Count, int End)[] Ranges { get; }

    /// <summary>Plays of every item.</summary>
    public int[] ItemCount { get; }

    /// <summary>Plays that are preceded by another in a chunk.</summary>
    public long Steps => Ranges.Sum(r => (long)r.Count - 1);

    /// <summary>Cuts training data.</summary>
    /// <param name="train">With times or an order.</param>
    /// <param name="unit">What a sequence is.</param>
    /// <param name="gapMinutes">The pause that ends a session.</param>
    /// <param name="maxLength">Plays a chunk reads, at most; the one to be predicted last comes on top.</param>
    /// <param name="model">Name of the model, for messages.</param>
    /// <exception cref="DatasetException">Neither times nor an order.</exception>
    public static PlayChunks Of(Dataset train, SequenceUnit unit, double gapMinutes, int maxLength, string model)
    {
        int[] start;
        try
        {
            start = unit == SequenceUnit.Session ? Sessions.Of(train, gapMinutes).RowStart.ToArray() : Starts(train);
        }
        catch (DatasetException e)
        {
            throw new DatasetException($"model '{model}': {e.Message}");
        }

        var ranges = new List<(int, int, int)>();
        for (int s = 0; s + 1 < start.Length; s++)
        {
            CancellationScope.CheckAt(s);
            foreach ((int first, int end) in Sequences.Chunks(start[s], start[s + 1], maxLength))
            {
                ranges.Add((first, end - first, start[s + 1]));
            }
        }

        return new PlayChunks(train, start, [.. ranges], OutputVectors.Count(train));
    }

    /// <summary>Puts some chunks into a batch.</summary>
    public void Fill(PlayBatch batch, ReadOnlySpan<int> chunks)
    {
        batch.Clear();
        ReadOnlySpan<int> items = _train.ItemIndex.Span;
        ReadOnlySpan<long> times = _train.HasTime ? _train.Time.Span : default;
        foreach (int chunk in chunks)
        {
            (int start, int count, _) = Ranges[chunk];
            batch.Add(items.Slice(start, count), times.IsEmpty ? default : times.Slice(start, count), withNext: true);
        }
    }

    private static int[] Starts(Dataset train)
    {
        _ = Sequences.Of(train);
        return train.UserStart();
    }
}
