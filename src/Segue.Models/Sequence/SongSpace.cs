using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Models.Sequence;

/// <summary>How far ahead a taste is to be right.</summary>
public enum TasteHorizon
{
    /// <summary>The next 1 to 10 plays.</summary>
    Short,

    /// <summary>The plays 25 to 50 from now.</summary>
    Long,
}

/// <summary>Options of models that place a listener among vectors of songs, where the songs it will play are.</summary>
public abstract record SongSpaceOptions : ModelOptions
{
    /// <summary>How far ahead.</summary>
    [Description("short: right for the plays 1 to 10 ahead; long: for those 25 to 50 ahead")]
    public TasteHorizon Horizon { get; init; } = TasteHorizon.Short;

    /// <summary>Nearest play to be right for, instead of the horizon's.</summary>
    [Range(0, 100_000)]
    [Description("nearest play ahead to be right for, where not 0, instead of the horizon's")]
    public int MinOffset { get; init; }

    /// <summary>Farthest play to be right for, instead of the horizon's.</summary>
    [Range(0, 100_000)]
    [Description("farthest play ahead to be right for, where not 0, instead of the horizon's")]
    public int MaxOffset { get; init; }

    /// <summary>What a sequence is.</summary>
    [Description("a sequence is all plays of a listener or playlist, or a session without a long pause")]
    public SequenceUnit Unit { get; init; } = SequenceUnit.Listener;

    /// <summary>The pause that ends a session, in minutes.</summary>
    [Range(0.0, 1e9)]
    [Description("minutes of the pause that ends a session: for the vectors of songs, and where unit is session")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;

    /// <summary>Length of a song's vector.</summary>
    [Range(1, 4096)]
    [Description("length of a song's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Passes of the skip-gram that makes the vectors of songs.</summary>
    [Range(1, 10_000)]
    [Description("passes of the skip-gram over sessions or playlists that makes the vectors of songs")]
    public int VectorEpochs { get; init; } = 10;

    /// <summary>Reach of the skip-gram.</summary>
    [Range(1, 1000)]
    [Description("reach of the skip-gram that makes the vectors of songs")]
    public int Window { get; init; } = 5;
}

/// <summary>Vectors of songs, and the songs ahead that a taste must be near to.</summary>
internal static class SongSpace
{
    /// <summary>The offsets ahead.</summary>
    /// <exception cref="OptionException">The nearest is farther than the farthest.</exception>
    public static (int Min, int Max) Offsets(SongSpaceOptions options, string model)
    {
        (int min, int max) = options.Horizon == TasteHorizon.Short ? (1, 10) : (25, 50);
        min = options.MinOffset > 0 ? options.MinOffset : min;
        max = options.MaxOffset > 0 ? options.MaxOffset : options.MinOffset > 0 ? Math.Max(max, min) : max;
        return min <= max
            ? (min, max)
            : throw new OptionException($"model '{model}': min_offset {min} is above max_offset {max}; give offsets in order");
    }

    /// <summary>Vectors of unit length from a skip-gram over sessions or playlists; zeros for songs in no sentence.</summary>
    public static DenseMatrix Vectors(SongSpaceOptions options, Dataset train, FitContext context) =>
        ((IVectorRecommender)new Item2Vec(new Item2VecOptions
        {
            EmbeddingSize = options.EmbeddingSize,
            Epochs = options.VectorEpochs,
            Window = options.Window,
            SessionMinutes = options.GapMinutes,
        }).Fit(train, context with { OnEpoch = null, OnLoss = null })).ItemVectors;

    /// <summary>The interaction a play's vector must be near to: ℓ ~ U{min, max} ahead, as far as the sequence goes; −1 where it does not go so far.</summary>
    public static int Target(int play, int end, (int Min, int Max) offsets, Rng rng)
    {
        int last = Math.Min(offsets.Max, end - 1 - play);
        return last < offsets.Min ? -1 : play + offsets.Min + rng.Next(last - offsets.Min + 1);
    }
}
