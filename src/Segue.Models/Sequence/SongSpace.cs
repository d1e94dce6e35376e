using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Training;
using Segue.Numerics;
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

/// <summary>What a taste is told by how wrong it is.</summary>
public enum TasteLoss
{
    /// <summary>One less the cosine with the song ahead.</summary>
    Cosine,

    /// <summary>Cross-entropy of the song ahead among the others, by cosines over a temperature.</summary>
    Softmax,
}

/// <summary>Options of models that place a listener among vectors of songs, where the songs it will play are.</summary>
public abstract record SongSpaceOptions : ModelOptions
{
    private const int UsualSize = 64, UsualEpochs = 10, UsualWindow = 5;

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

    /// <summary>What is learned from.</summary>
    [Description("softmax: the song ahead is to be nearer than other songs; cosine: it is to be near, as in the source")]
    public TasteLoss Loss { get; init; } = TasteLoss.Softmax;

    /// <summary>τ of the softmax.</summary>
    [Range(0.001, 100.0)]
    [Description("softmax: what cosines are divided by")]
    public double Temperature { get; init; } = 0.2;

    /// <summary>What a sequence is.</summary>
    [Description("a sequence is all plays of a listener or playlist, or a session without a long pause")]
    public SequenceUnit Unit { get; init; } = SequenceUnit.Listener;

    /// <summary>The pause that ends a session, in minutes.</summary>
    [Range(0.0, 1e9)]
    [Description("minutes of the pause that ends a session: for the vectors of songs where those are item2vec's, and where unit is session")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;

    /// <summary>Where the vectors of songs come from: a model whose recommender has item vectors, as a name or <c>NAME:key=value;key=value</c>.</summary>
    [Description("the model that makes the vectors of songs, with its options after a colon and semicolons between them: als:embedding_size=32;epochs=5, node2vec; "
        + "of item2vec without options, embedding_size, vector_epochs, window and gap_minutes are those given here")]
    public string Vectors { get; init; } = SongSpace.SkipGram;

    /// <summary>Length of a song's vector.</summary>
    [Range(1, 4096)]
    [Description("length of a song's vector")]
    public int EmbeddingSize { get; init; } = UsualSize;

    /// <summary>Passes of the skip-gram that makes the vectors of songs.</summary>
    [Range(1, 10_000)]
    [Description("passes of the skip-gram over sessions or playlists that makes the vectors of songs")]
    public int VectorEpochs { get; init; } = UsualEpochs;

    /// <summary>Reach of the skip-gram.</summary>
    [Range(1, 1000)]
    [Description("reach of the skip-gram that makes the vectors of songs")]
    public int Window { get; init; } = UsualWindow;

    /// <inheritdoc/>
    protected override void CheckWhole(string owner)
    {
        (int min, int max) = SongSpace.Offsets(this);
        if (min > max)
        {
            throw new OptionException($"{owner}: min_offset {min} is above max_offset {max}; give offsets in order");
        }

        if (Vectors == SongSpace.SkipGram)
        {
            return;
        }

        _ = LearnedVectors.Model(Vectors, owner);
        (string Name, int Value, int Usual)[] ofSkipGram =
            [("embedding_size", EmbeddingSize, UsualSize), ("vector_epochs", VectorEpochs, UsualEpochs), ("window", Window, UsualWindow)];
        foreach ((string name, int value, int usual) in ofSkipGram)
        {
            if (value != usual)
            {
                throw new OptionException(
                    $"option '{name}' of {owner} is {value} and vectors is '{Vectors}', which does not read it; leave {name} out, or give options to the model inside, as in "
                    + $"vectors={InnerModel.NameOf(Vectors)}:key=value;key=value");
            }
        }
    }
}

/// <summary>Vectors of songs, and the songs ahead that a taste must be near to.</summary>
internal static class SongSpace
{
    /// <summary>Vectors of songs from a skip-gram with the options of the model itself.</summary>
    public const string SkipGram = "item2vec";

    /// <summary>Up to so many songs are all told apart from the one ahead; of more, so many are drawn for a step.</summary>
    private const int MostSongs = 2048;

    /// <summary>The offsets ahead.</summary>
    public static (int Min, int Max) Offsets(SongSpaceOptions options)
    {
        (int min, int max) = options.Horizon == TasteHorizon.Short ? (1, 10) : (25, 50);
        min = options.MinOffset > 0 ? options.MinOffset : min;
        max = options.MaxOffset > 0 ? options.MaxOffset : options.MinOffset > 0 ? Math.Max(max, min) : max;
        return (min, max);
    }

    /// <summary>Length of the vectors of songs where the options tell it; null where another model does.</summary>
    public static int? SizeOf(SongSpaceOptions options) => options.Vectors == SkipGram ? options.EmbeddingSize : null;

    /// <summary>Vectors of unit length from a skip-gram over sessions or playlists, or of another model; NaN for songs in no sentence, and for those the model has none for.</summary>
    /// <exception cref="OptionException">The other model has no item vectors.</exception>
    public static DenseMatrix Vectors(SongSpaceOptions options, Dataset train, FitContext context, string model)
    {
        if (options.Vectors != SkipGram)
        {
            return LearnedVectors.Of(options.Vectors, train, context, $"model '{model}'");
        }

        var skipGram = new Item2Vec(new Item2VecOptions
        {
            EmbeddingSize = options.EmbeddingSize,
            Epochs = options.VectorEpochs,
            Window = options.Window,
            SessionMinutes = options.GapMinutes,
        })
        { Owner = model, Remedy = $"lower vector_epochs, now {options.VectorEpochs}, or name another model in vectors, now {options.Vectors}" };
        return MarkMissing(((IVectorRecommender)skipGram.Fit(train, context with { OnEpoch = null, OnLoss = null })).ItemVectors);
    }

    /// <summary>Turns rows without a direction into NaN, so that products with them are NaN: zeros would be nearer than every song on the other side.</summary>
    public static DenseMatrix MarkMissing(DenseMatrix songs)
    {
        for (int i = 0; i < songs.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            if (!songs.Row(i).ContainsAnyExcept(0f))
            {
                songs.Row(i).Fill(float.NaN);
            }
        }

        return songs;
    }

    /// <summary>Plays of every song that has a vector; 0 for those that have none.</summary>
    public static int[] Known(DenseMatrix songs, int[] itemCount) => [.. itemCount.Select((count, i) => float.IsNaN(songs.Row(i)[0]) ? 0 : count)];

    /// <summary>The vectors as a network reads them: zeros for songs that have none, and perhaps rows of zeros behind them.</summary>
    public static Parameter Inputs(DenseMatrix songs, int rowsBehind = 0)
    {
        var inputs = new Parameter("song_vectors", songs.Rows + rowsBehind, songs.Columns, isFrozen: true);
        for (int i = 0; i < songs.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            if (!float.IsNaN(songs.Row(i)[0]))
            {
                songs.Row(i).CopyTo(inputs.Row(i));
            }
        }

        return inputs;
    }

    /// <summary>Adds the loss of some tastes.</summary>
    /// <param name="options">Which loss.</param>
    /// <param name="step">Where.</param>
    /// <param name="taste">Rows × size.</param>
    /// <param name="songs">Vectors of unit length, and perhaps rows of zeros behind them.</param>
    /// <param name="targets">The song ahead of every row.</param>
    /// <param name="negatives">What the others are drawn by; null for all songs.</param>
    public static void AddLoss(SongSpaceOptions options, TrainingStep step, Variable taste, Parameter songs, int[] targets, SharedNegatives? negatives)
    {
        Variable vectors = step.Tape.Use(songs);
        if (options.Loss == TasteLoss.Cosine)
        {
            step.Add("cosine", taste.CosineLoss(vectors.Gather(targets)));
            return;
        }

        Variable direction = taste.NormalizeRows().Scale((float)(1 / options.Temperature));
        if (negatives is null)
        {
            step.Add("cross_entropy", direction.MatMulTransposed(vectors).SoftmaxLoss(targets));
            return;
        }

        Candidates candidates = negatives.Draw(targets, step.Rng);
        step.Add("cross_entropy", direction.RowDot(vectors.Gather(targets)).SampledSoftmaxLoss(direction.CandidateScores(vectors, candidates), candidates));
    }

    /// <summary>What negatives are drawn by: null where all songs are few enough, or none are needed.</summary>
    public static SharedNegatives? Negatives(SongSpaceOptions options, int[] itemCount) =>
        options.Loss == TasteLoss.Softmax && itemCount.Length > MostSongs && itemCount.Any(c => c > 0) ? new SharedNegatives(itemCount, MostSongs) : null;

    /// <summary>After every play, the mean of the vectors of the songs so far, a song counting half as much every so many plays.</summary>
    /// <param name="items">Song of every play.</param>
    /// <param name="starts">First play of every sequence and, last, the number of plays.</param>
    /// <param name="songs">Songs × size.</param>
    /// <param name="size">Length of a vector.</param>
    /// <param name="halfLife">Plays after which a song counts half; 0 for the last song alone.</param>
    /// <param name="means">Plays × size.</param>
    public static void RunningMeans(
        ReadOnlySpan<int> items, ReadOnlySpan<int> starts, ReadOnlySpan<float> songs, int size, double halfLife, Span<float> means)
    {
        float kept = halfLife == 0 ? 0f : (float)Math.Pow(0.5, 1 / halfLife);
        for (int s = 0; s + 1 < starts.Length; s++)
        {
            CancellationScope.CheckAt(s);
            float total = 0f;
            for (int n = starts[s]; n < starts[s + 1]; n++)
            {
                // mean ← mean + (song − mean) / total: weights kept^age, divided by their sum.
                total = 1f + (kept * total);
                Span<float> mean = means.Slice(n * size, size);
                ReadOnlySpan<float> song = songs.Slice(items[n] * size, size), before = n == starts[s] ? song : means.Slice((n - 1) * size, size);
                TensorPrimitives.Subtract(song, before, mean);
                TensorPrimitives.MultiplyAdd(mean, 1f / total, before, mean);
            }
        }
    }

    /// <summary>The interaction a play's vector must be near to: ℓ ~ U{min, max} ahead, as far as the sequence goes; −1 where it does not go so far.</summary>
    public static int Target(int play, int end, (int Min, int Max) offsets, Rng rng)
    {
        int last = Math.Min(offsets.Max, end - 1 - play);
        return last < offsets.Min ? -1 : play + offsets.Min + rng.Next(last - offsets.Min + 1);
    }
}
