using Segue.Core.Contracts;
using Segue.Numerics;
using Segue.Numerics.Dense;

namespace Segue.Core.Ranking;

/// <summary>Scores queries in blocks: a dot-product model by one matrix product a block, every other model query by query.</summary>
/// <remarks>
/// Immutable and shared by all threads; each thread takes a <see cref="ScoreBlock"/> of its own. The scores of a query do not
/// depend on the number of threads, nor on its place in a block. Against <see cref="IRecommender.Score"/> of a dot-product
/// model they may differ by the rounding of a sum in another order.
/// </remarks>
public sealed class BlockScorer
{
    private const int MaxBlockFloats = 1 << 21;
    private const int MinRows = 16;
    private const int MaxRows = 128;

    /// <summary>Prepares block scoring of <paramref name="recommender"/>.</summary>
    public BlockScorer(IRecommender recommender)
    {
        ArgumentNullException.ThrowIfNull(recommender);
        Recommender = recommender;
        Vectors = recommender as IVectorRecommender;
        if (Vectors is not null && Vectors.ItemVectors.Rows != recommender.Items.Count)
        {
            throw new ArgumentException(
                $"the recommender has {Vectors.ItemVectors.Rows} item vectors for {recommender.Items.Count} items", nameof(recommender));
        }

        // More rows spread the packing of the item vectors over more queries; past 128 nothing is gained (measured at 64 factors),
        // and on large catalogues memory counts: 64 MB a thread at a million items.
        BlockSize = Math.Clamp(MaxBlockFloats / Math.Max(1, recommender.Items.Count), MinRows, MaxRows);
    }

    /// <summary>Queries a block holds at most. Depends on the catalogue only.</summary>
    public int BlockSize { get; }

    /// <summary>The model behind the scores.</summary>
    public IRecommender Recommender { get; }

    internal IVectorRecommender? Vectors { get; }

    /// <summary>Scratch space for one thread: block size × items floats.</summary>
    public ScoreBlock NewBlock() => new(this);
}

/// <summary>The scores of one block of queries; made by <see cref="BlockScorer.NewBlock"/> and reused block after block.</summary>
public sealed class ScoreBlock
{
    private readonly BlockScorer _scorer;
    private readonly int _itemCount;
    private readonly float[] _scores;
    private readonly float[] _userVectors;
    private readonly bool[] _isKnown;

    internal ScoreBlock(BlockScorer scorer)
    {
        _scorer = scorer;
        _itemCount = scorer.Recommender.Items.Count;
        _scores = new float[checked(scorer.BlockSize * _itemCount)];
        _userVectors = new float[scorer.Vectors is null ? 0 : scorer.BlockSize * scorer.Vectors.ItemVectors.Columns];
        _isKnown = new bool[scorer.BlockSize];
    }

    /// <summary>Scores the queries at positions <paramref name="start"/> … <paramref name="end"/> − 1 into rows 0, 1, ….</summary>
    /// <param name="start">First position.</param>
    /// <param name="end">Position after the last; at most <see cref="BlockScorer.BlockSize"/> after <paramref name="start"/>.</param>
    /// <param name="queryOf">The query at a position.</param>
    public void Score(int start, int end, Func<int, Query> queryOf)
    {
        ArgumentNullException.ThrowIfNull(queryOf);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end - start, _scorer.BlockSize);
        if (_scorer.Vectors is null)
        {
            for (int n = start; n < end; n++)
            {
                CancellationScope.Check();
                _scorer.Recommender.Score(queryOf(n), Row(n - start));
            }

            return;
        }

        DenseMatrix items = _scorer.Vectors.ItemVectors;
        for (int n = start; n < end; n++)
        {
            CancellationScope.Check();
            Span<float> vector = _userVectors.AsSpan((n - start) * items.Columns, items.Columns);
            vector.Clear();
            _isKnown[n - start] = _scorer.Vectors.TryGetUserVector(queryOf(n), vector);
        }

        Multiply(end - start, items);
        for (int row = 0; row < end - start; row++)
        {
            if (!_isKnown[row])
            {
                Row(row).Fill(float.NaN);
            }
        }
    }

    /// <summary>Scores of a row by item index; NaN where the model cannot score. May be overwritten by the caller, for example to mask.</summary>
    public Span<float> Row(int row) => _scores.AsSpan(row * _itemCount, _itemCount);

    private void Multiply(int rows, DenseMatrix items)
    {
        if (rows == 0)
        {
            return;
        }

        Gemm.MultiplyTransposed(
            _userVectors.AsSpan(0, rows * items.Columns), items.Values, _scores.AsSpan(0, rows * _itemCount), rows, _itemCount, items.Columns);
    }
}
