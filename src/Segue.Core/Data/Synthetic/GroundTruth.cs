using System.Numerics.Tensors;
using Segue.Numerics.Selection;

namespace Segue.Core.Data.Synthetic;

/// <summary>What really made the listens of a <see cref="SyntheticWorld"/>, so that a test can ask whether a model learned it.</summary>
/// <remarks>
/// A listener has <see cref="Poles"/> poles of taste, unit vectors in the space of the tracks, each with a weight; both move from
/// month to month. In a month, a pole's liked tracks are the <see cref="LikedTracks"/> tracks of the highest score
/// <c>Focus · cos(pole, track) + PopularityPull · ln popularity</c>, and a fresh taste-led listen picks one of them in
/// proportion to exp(score).
/// </remarks>
public sealed class GroundTruth
{
    /// <summary>Length of the latent vectors.</summary>
    public const int LatentSize = 8;

    /// <summary>Poles of taste per listener.</summary>
    public const int Poles = 2;

    internal const float Focus = 7f;
    internal const float PopularityPull = 0.5f;

    private readonly float[] _latentColumns;
    private readonly float[] _pull;

    internal GroundTruth(double structure, int[] trackGenre, float[] trackLatent, double[] trackPopularity, int likedTracks)
    {
        Structure = structure;
        TrackGenre = trackGenre;
        TrackLatent = trackLatent;
        TrackPopularity = trackPopularity;
        LikedTracks = likedTracks;
        int tracks = trackGenre.Length;
        _pull = [.. trackPopularity.Select(p => PopularityPull * (float)Math.Log(p))];
        _latentColumns = new float[trackLatent.Length];
        for (int i = 0; i < tracks; i++)
        {
            for (int d = 0; d < LatentSize; d++)
            {
                _latentColumns[(d * tracks) + i] = trackLatent[(i * LatentSize) + d];
            }
        }
    }

    /// <summary>Share of listens that follow the taste.</summary>
    public double Structure { get; }

    /// <summary>Length of a pole's list of liked tracks.</summary>
    public int LikedTracks { get; }

    /// <summary>Genre names.</summary>
    public required IReadOnlyList<string> Genres { get; init; }

    /// <summary>Genre of every artist.</summary>
    public required IReadOnlyList<int> ArtistGenre { get; init; }

    /// <summary>Genre of every track.</summary>
    public IReadOnlyList<int> TrackGenre { get; }

    /// <summary>Unit vectors of the tracks, tracks × <see cref="LatentSize"/>, row-major.</summary>
    public ReadOnlyMemory<float> TrackLatent { get; }

    /// <summary>Probability of every track in a draw that follows no taste; sums to 1.</summary>
    public IReadOnlyList<double> TrackPopularity { get; }

    /// <summary>First second of every month, and the end of the last one: months + 1 Unix times.</summary>
    public required IReadOnlyList<long> MonthStart { get; init; }

    /// <summary>Poles, users × months × <see cref="Poles"/> × <see cref="LatentSize"/>.</summary>
    public required ReadOnlyMemory<float> Taste { get; init; }

    /// <summary>Weights of the poles, users × months × <see cref="Poles"/>; a user's weights of a month add up to 1.</summary>
    public required ReadOnlyMemory<float> TasteWeight { get; init; }

    /// <summary>Number of months.</summary>
    public int Months => MonthStart.Count - 1;

    /// <summary>The month of a moment; moments outside belong to the nearest month.</summary>
    public int MonthOf(long time)
    {
        int month = 0;
        while (month + 1 < Months && time >= MonthStart[month + 1])
        {
            month++;
        }

        return month;
    }

    /// <summary>One pole of a listener in a month, a unit vector of <see cref="LatentSize"/>.</summary>
    public ReadOnlySpan<float> Pole(int userIndex, int month, int pole) =>
        Taste.Span.Slice(((((userIndex * Months) + month) * Poles) + pole) * LatentSize, LatentSize);

    /// <summary>Weight of one pole of a listener in a month.</summary>
    public float PoleWeight(int userIndex, int month, int pole) => TasteWeight.Span[(((userIndex * Months) + month) * Poles) + pole];

    /// <summary>
    /// Probability that a fresh listen (no rotation, no burst) of the listener in the month is of each track: the best any
    /// model could know. Sums to 1.
    /// </summary>
    /// <param name="userIndex">The listener.</param>
    /// <param name="month">From 0.</param>
    /// <param name="probability">Output, one value a track.</param>
    public void Probability(int userIndex, int month, Span<double> probability)
    {
        for (int i = 0; i < probability.Length; i++)
        {
            probability[i] = (1 - Structure) * TrackPopularity[i];
        }

        var scores = new float[TrackGenre.Count];
        for (int pole = 0; pole < Poles; pole++)
        {
            LikedList liked = Liked(Pole(userIndex, month, pole), scores);
            for (int n = 0; n < liked.Tracks.Length; n++)
            {
                double share = liked.Cumulative[n] - (n == 0 ? 0 : liked.Cumulative[n - 1]);
                probability[liked.Tracks[n]] += Structure * PoleWeight(userIndex, month, pole) * share;
            }
        }
    }

    /// <summary>The liked tracks of a pole, best first, with the running sum of their probabilities.</summary>
    internal LikedList Liked(ReadOnlySpan<float> pole, float[] scores)
    {
        int tracks = scores.Length;
        _pull.CopyTo(scores, 0);
        for (int d = 0; d < LatentSize; d++)
        {
            // Multiplied, then added: the same bits on every machine, fused or not.
            TensorPrimitives.MultiplyAdd(_latentColumns.AsSpan(d * tracks, tracks), Focus * pole[d], scores, scores);
        }

        var best = new int[LikedTracks];
        TopK.Select(scores, best, new float[LikedTracks]);
        var cumulative = new double[best.Length];
        double sum = 0;
        for (int n = 0; n < best.Length; n++)
        {
            sum += Math.Exp(scores[best[n]] - scores[best[0]]);
            cumulative[n] = sum;
        }

        for (int n = 0; n < best.Length; n++)
        {
            cumulative[n] /= sum;
        }

        return new LikedList(best, cumulative);
    }

    internal sealed record LikedList(int[] Tracks, double[] Cumulative)
    {
        public int Draw(double uniform)
        {
            int at = Array.BinarySearch(Cumulative, uniform);
            return Tracks[Math.Min(at < 0 ? ~at : at + 1, Tracks.Length - 1)];
        }
    }
}
