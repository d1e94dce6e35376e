using System.Globalization;
using Segue.Numerics.Sampling;

namespace Segue.Numerics.Embedding;

/// <summary>Random walks as sentences whose words are nodes: walked when they are read, never stored.</summary>
/// <remarks>
/// Rounds of one walk from every node that has edges, in an order shuffled once. Every walk has a generator of its own. 4 bytes a node. Perozzi, Al-Rfou and Skiena,
/// "DeepWalk: Online Learning of Social Representations", KDD 2014.
/// </remarks>
public sealed class WalkSentences : ISentences
{
    private readonly RandomWalks _walks;
    private readonly int[] _starts;
    private readonly ulong _seed;
    private readonly string _name;

    /// <summary>Walks nothing yet.</summary>
    /// <param name="walks">How to walk.</param>
    /// <param name="walksPerNode">Walks that begin at every node.</param>
    /// <param name="length">Nodes of a walk, the first included.</param>
    /// <param name="seed">Seed of the generators.</param>
    /// <param name="name">Their name.</param>
    /// <param name="share">Share of all walks, for samples: the first so many.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not above 0, or there are more than 2³¹ − 1 walks.</exception>
    public WalkSentences(RandomWalks walks, int walksPerNode, int length, ulong seed, string name, double share = 1)
    {
        ArgumentNullException.ThrowIfNull(walks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(walksPerNode);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share);
        (_walks, _seed, _name, MaxLength) = (walks, seed, name, length);
        _starts = [.. Enumerable.Range(0, walks.Nodes).Where(walks.HasSteps)];
        new Rng(seed, $"{name}/order").Shuffle<int>(_starts);
        double count = Math.Ceiling((double)_starts.Length * walksPerNode * share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, int.MaxValue, nameof(walksPerNode));
        Count = (int)count;
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int MaxLength { get; }

    /// <inheritdoc/>
    public void Read(int first, Span<int> lengths, Span<int> words)
    {
        var starts = new int[lengths.Length];
        var generators = new Rng[lengths.Length];
        for (int s = 0; s < starts.Length; s++)
        {
            starts[s] = _starts[(first + s) % _starts.Length];
            generators[s] = new Rng(_seed, string.Create(CultureInfo.InvariantCulture, $"{_name}/{first + s}"));
        }

        Span<int> walks = words[..(starts.Length * MaxLength)];
        _walks.Walk(starts, generators, MaxLength, walks);
        for (int s = 0; s < starts.Length; s++)
        {
            int end = walks.Slice(s * MaxLength, MaxLength).IndexOf(-1);
            lengths[s] = end < 0 ? MaxLength : end;
        }
    }
}
