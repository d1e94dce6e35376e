using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Factorization;

/// <summary>How the least-squares problem of one row (a listener or an item) is solved.</summary>
public enum LeastSquaresSolver
{
    /// <summary>Cholesky factorization, in the smaller of the two spaces: factors, or the row's own interactions.</summary>
    Exact,

    /// <summary>A few conjugate-gradient steps from the row's last vector, preconditioned by what all rows share.</summary>
    ConjugateGradient,

    /// <summary>Newton steps on blocks of coordinates, one block after the other (iALS++).</summary>
    Block,
}

/// <summary>What a stored weight (for example a play count) counts in training.</summary>
public enum InteractionWeighting
{
    /// <summary>1 for every pair that occurs.</summary>
    Binary,

    /// <summary>The weight as it is.</summary>
    Raw,

    /// <summary>log₂(1 + weight): 1 play counts 1, 1,000 plays count 10.</summary>
    Log,
}

/// <summary>What <see cref="AlternatingLeastSquares"/> needs to know of a model.</summary>
internal sealed record LeastSquaresSettings
{
    /// <summary>Name of the model, for generators and messages.</summary>
    public required string Model { get; init; }

    public required int EmbeddingSize { get; init; }

    public required int Epochs { get; init; }

    public required LeastSquaresSolver Solver { get; init; }

    /// <summary>Conjugate-gradient steps a row and pass.</summary>
    public required int Steps { get; init; }

    public required int BlockSize { get; init; }

    public required InteractionWeighting Weighting { get; init; }

    /// <summary>Weight aₖ of an observed pair is this times the (weighted) interaction.</summary>
    public required double PositiveWeight { get; init; }

    /// <summary>Weight of the squared score of every pair, observed or not.</summary>
    public required double UnobservedWeight { get; init; }

    /// <summary>Target of an observed pair: bₖ = aₖ + this.</summary>
    public required double TargetOffset { get; init; }

    /// <summary>Standard deviation of the first factors.</summary>
    public required double InitialDeviation { get; init; }

    /// <summary>L2 strength of a row from its number of interactions and the number of rows on the other side.</summary>
    public required Func<int, int, double> Regularization { get; init; }
}

/// <summary>
/// Training and scoring shared by <see cref="Als"/> and <see cref="Ials"/>: both alternate between the listeners' and the items'
/// least-squares problems, and differ in the numbers that enter them.
/// </summary>
/// <remarks>
/// The problem of one row with interactions k, the other side's factors H and weights a is
/// <code>
/// (w₀ HᵀH + λ I + Σₖ aₖ hₖ hₖᵀ) x = Σₖ bₖ hₖ
/// </code>
/// Scores do not change when both sides are turned by the same orthogonal matrix, so before each side H is turned into the eigenvectors
/// of HᵀH, where the part all rows share is diagonal: D = w₀ Λ + λ I. With gₖ = √aₖ D^(−½) hₖ and tₖ = bₖ / √aₖ a row is
/// <code>
/// x = D^(−½) (I + GᵀG)⁻¹ Gᵀ t  =  D^(−½) Gᵀ (I + G Gᵀ)⁻¹ t
/// </code>
/// where the second form (Woodbury) is as small as the row has interactions. Conjugate gradients on the first form are the usual ones
/// preconditioned by D, and a step costs nothing for the shared part; the blocks of iALS++ are blocks of eigenvectors.
/// Every row depends on the other side only and sums over rows are cut at fixed places: the result does not depend on the number of threads.
/// </remarks>
internal static class AlternatingLeastSquares
{
    public static IRecommender Fit(Dataset train, FitContext context, LeastSquaresSettings settings)
    {
        CsrMatrix byUser = Weigh(train, settings), byItem = byUser.Transpose();
        int stride = SmallSymmetric.PadStride(settings.EmbeddingSize);
        var users = new LeastSquaresSide(byUser, stride, settings.TargetOffset);
        var items = new LeastSquaresSide(byItem, stride, settings.TargetOffset);
        Initialize(users, settings, context.CreateRng($"{settings.Model}/user-factors"));
        Initialize(items, settings, context.CreateRng($"{settings.Model}/item-factors"));
        var trainer = new LeastSquaresTrainer(settings, context, users, items);
        context.Report("epoch", 0, settings.Epochs);
        for (int epoch = 1; epoch <= settings.Epochs; epoch++)
        {
            // Items first: when an epoch ends, every listener's vector is the answer to the final item vectors, as a fold-in is.
            trainer.Update(items, users);
            trainer.Update(users, items);
            context.Report("epoch", epoch, settings.Epochs);
            context.OnLoss?.Invoke(epoch, "loss", trainer.Snapshot(train).Loss(context.Threads));
            if (!context.GoesOn(epoch, () => trainer.Snapshot(train)) && epoch < settings.Epochs)
            {
                break;
            }
        }

        return trainer.Snapshot(train);
    }

    /// <summary>The weights aₖ as a users × items matrix.</summary>
    /// <exception cref="DatasetException">A weight is not a positive finite number.</exception>
    public static CsrMatrix Weigh(Dataset train, LeastSquaresSettings settings)
    {
        CsrMatrix sum = UserItemMatrix.Sum(train);
        var weights = new float[sum.Count];
        for (int u = 0; u < sum.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = sum.RowStart[u]; n < sum.RowStart[u + 1]; n++)
            {
                float weight = Weigh(sum.Values[n], settings);
                weights[n] = weight > 0 && float.IsFinite(weight)
                    ? weight
                    : throw new DatasetException(
                        $"model '{settings.Model}': user '{train.Users[u]}' and item '{train.Items[sum.ColumnIndex[n]]}' have weight "
                        + $"{OptionsText.Format(sum.Values[n])}, which gives {OptionsText.Format(weight)} in training; weights must be positive and finite: "
                        + "transform play counts with weights binary, log or share (log_share gives 0 to what was played once)");
            }
        }

        return sum.WithValues(weights);
    }

    public static float Weigh(float interaction, LeastSquaresSettings settings) => interaction > 0 && float.IsFinite(interaction)
        ? (float)(settings.PositiveWeight * settings.Weighting switch
        {
            InteractionWeighting.Binary => 1,
            InteractionWeighting.Raw => interaction,
            _ => Math.Log2(1.0 + interaction),
        })
        : float.NaN;

    private static void Initialize(LeastSquaresSide side, LeastSquaresSettings settings, Rng rng)
    {
        // Rows without interactions start, and stay, at zero: that is their solution.
        for (int r = 0; r < side.Rows; r++)
        {
            CancellationScope.Check();
            if (side.Matrix.RowLength(r) > 0)
            {
                rng.FillGaussian(side.Factors.Slice((long)r * side.Stride, settings.EmbeddingSize), (float)settings.InitialDeviation);
            }
        }
    }
}

/// <summary>One side (listeners or items): its interactions and its factors, rows padded to <see cref="Stride"/> floats.</summary>
internal sealed class LeastSquaresSide
{
    public LeastSquaresSide(CsrMatrix matrix, int stride, double targetOffset)
    {
        Matrix = matrix;
        Stride = stride;
        Factors = new AlignedBuffer((long)matrix.Rows * stride);
        Spare = new AlignedBuffer((long)matrix.Rows * stride);
        Parts = Cut(matrix);
        Root = new float[matrix.Count];
        Target = new float[matrix.Count];
        for (int n = 0; n < matrix.Count; n++)
        {
            double root = Math.Sqrt(matrix.Values[n]);
            Root[n] = (float)root;
            Target[n] = (float)((matrix.Values[n] + targetOffset) / root);
        }
    }

    public CsrMatrix Matrix { get; }

    public int Stride { get; }

    public int Rows => Matrix.Rows;

    public AlignedBuffer Factors { get; private set; }

    /// <summary>Room for the factors in another basis.</summary>
    public AlignedBuffer Spare { get; private set; }

    /// <summary>√aₖ of every interaction.</summary>
    public float[] Root { get; }

    /// <summary>bₖ / √aₖ of every interaction.</summary>
    public float[] Target { get; }

    /// <summary>First rows of parts of about equal work, and the end.</summary>
    public int[] Parts { get; }

    public void Swap() => (Factors, Spare) = (Spare, Factors);

    private static int[] Cut(CsrMatrix matrix)
    {
        // Work is counted in interactions plus a little for the row itself; 256 parts keep the cores even to the end.
        const int rowCost = 16;
        long total = matrix.Count + ((long)rowCost * matrix.Rows), part = Math.Max(1, total / 256), filled = 0;
        var starts = new List<int> { 0 };
        for (int r = 0; r < matrix.Rows; r++)
        {
            CancellationScope.CheckAt(r);
            filled += matrix.RowLength(r) + rowCost;
            if (filled >= part)
            {
                starts.Add(r + 1);
                filled = 0;
            }
        }

        if (starts[^1] != matrix.Rows)
        {
            starts.Add(matrix.Rows);
        }

        return [.. starts];
    }
}

/// <summary>The working memory of one training run.</summary>
internal sealed unsafe class LeastSquaresTrainer
{
    /// <summary>Rows a partial sum of outer products runs over; fixed, so that the rounding does not depend on the threads.</summary>
    private const int GramChunk = 1024;

    private readonly LeastSquaresSettings _settings;
    private readonly FitContext _context;
    private readonly LeastSquaresSide _users, _items;
    private readonly int _size, _stride;
    private readonly LeastSquaresRow[] _rows;
    private readonly AlignedBuffer[] _inverseRoot;
    private readonly AlignedBuffer _partialGrams, _turn;
    private readonly float[] _shared;
    private readonly double[] _gramSum, _eigenvalues, _eigenvectors;

    public LeastSquaresTrainer(LeastSquaresSettings settings, FitContext context, LeastSquaresSide users, LeastSquaresSide items)
    {
        _settings = settings;
        _context = context;
        _users = users;
        _items = items;
        _size = settings.EmbeddingSize;
        _stride = users.Stride;
        _rows = new LeastSquaresRow[context.Threads];
        _inverseRoot = new AlignedBuffer[context.Threads];
        for (int w = 0; w < context.Threads; w++)
        {
            _rows[w] = new LeastSquaresRow(_size, _stride);
            _inverseRoot[w] = new AlignedBuffer(_stride);
        }

        long square = (long)_stride * _stride, most = Math.Max(users.Rows, items.Rows);
        _partialGrams = new AlignedBuffer(square * ((most + GramChunk - 1) / GramChunk));
        _turn = new AlignedBuffer(square);
        _shared = new float[_stride];
        _gramSum = new double[_size * _size];
        _eigenvalues = new double[_size];
        _eigenvectors = new double[_size * _size];
    }

    /// <summary>Solves every row of <paramref name="side"/> with <paramref name="other"/> fixed.</summary>
    /// <exception cref="ModelFitException">The factors are no longer finite, or a row cannot be solved.</exception>
    public void Update(LeastSquaresSide side, LeastSquaresSide other)
    {
        Gram(other);
        Diagonalize();
        Turn(other);
        if (_settings.Solver != LeastSquaresSolver.Exact)
        {
            Turn(side);
        }

        try
        {
            Workers.Run(side.Parts.Length - 1, 1, _context.Threads, (part, _, worker) => UpdatePart(side, other, part, worker), _context.Cancellation);
        }
        catch (Exception e) when (e is ArithmeticException || (e is AggregateException a && a.InnerExceptions.Any(i => i is ArithmeticException)))
        {
            throw Diverged();
        }
    }

    /// <summary>A recommender of the factors as they are now; nothing is shared with the training that goes on.</summary>
    /// <remarks>After the listeners' update the items stand in the eigenvectors of their Gram matrix, where a fold-in needs nothing else.</remarks>
    public LeastSquaresRecommender Snapshot(Dataset train) => new(_settings, train, _users.Matrix, Unpad(_items), Unpad(_users));

    private void UpdatePart(LeastSquaresSide side, LeastSquaresSide other, int part, int worker)
    {
        LeastSquaresRow solver = _rows[worker];
        float* inverseRoot = _inverseRoot[worker].Pointer;
        int lastCount = -1;
        float regularization = 0;
        fixed (int* index = side.Matrix.ColumnIndex)
        {
            fixed (float* root = side.Root, target = side.Target)
            {
                for (int r = side.Parts[part]; r < side.Parts[part + 1]; r++)
                {
                    CancellationScope.Check();
                    int start = side.Matrix.RowStart[r], count = side.Matrix.RowLength(r);
                    if (count != lastCount)
                    {
                        float next = (float)_settings.Regularization(count, other.Rows);
                        if (lastCount < 0 || next != regularization)
                        {
                            Scale(next, new Span<float>(inverseRoot, _stride));
                        }

                        regularization = next;
                        lastCount = count;
                    }

                    var entries = new LeastSquaresEntries(index + start, root + start, target + start, count);
                    float* result = side.Factors.Pointer + ((long)r * _stride);
                    switch (_settings.Solver)
                    {
                        case LeastSquaresSolver.Exact:
                            solver.SolveExact(other.Factors.Pointer, entries, inverseRoot, result);
                            break;
                        case LeastSquaresSolver.ConjugateGradient:
                            solver.SolveConjugateGradient(other.Factors.Pointer, entries, inverseRoot, _settings.Steps, result);
                            break;
                        default:
                            solver.SolveBlocks(other.Factors.Pointer, entries, inverseRoot, _settings.BlockSize, result);
                            break;
                    }
                }
            }
        }
    }

    /// <summary>D^(−½) for every factor, 1 in the padding.</summary>
    private void Scale(float regularization, Span<float> inverseRoot)
    {
        TensorPrimitives.Add<float>(_shared, regularization, inverseRoot);
        TensorPrimitives.ReciprocalSqrt<float>(inverseRoot, inverseRoot);
        inverseRoot[_size..].Fill(1f);
    }

    /// <summary>Sums the outer products of the rows of one side.</summary>
    private void Gram(LeastSquaresSide side)
    {
        int square = _stride * _stride, chunks = (side.Rows + GramChunk - 1) / GramChunk;
        Workers.Run(
            side.Rows,
            GramChunk,
            _context.Threads,
            (start, end, _) =>
            {
                float* partial = _partialGrams.Pointer + ((long)(start / GramChunk) * square);
                new Span<float>(partial, square).Clear();
                for (int r = start; r < end; r += 64)
                {
                    SmallSymmetric.AddGram(side.Factors.Pointer + ((long)r * _stride), Math.Min(64, end - r), _stride, _stride, partial);
                }
            },
            _context.Cancellation);
        Array.Clear(_gramSum);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            CancellationScope.Check();
            float* partial = _partialGrams.Pointer + ((long)chunk * square);
            for (int i = 0; i < _size; i++)
            {
                for (int j = i; j < _size; j++)
                {
                    _gramSum[(i * _size) + j] += partial[((long)i * _stride) + j];
                }
            }
        }

        for (int i = 0; i < _size; i++)
        {
            for (int j = 0; j < i; j++)
            {
                _gramSum[(i * _size) + j] = _gramSum[(j * _size) + i];
            }
        }
    }

    /// <summary>Eigenvalues times w₀ and, as columns of the turning matrix, eigenvectors.</summary>
    private void Diagonalize()
    {
        try
        {
            SymmetricEigen.Decompose(_gramSum, _size, _eigenvalues, _eigenvectors);
        }
        catch (ArithmeticException)
        {
            throw Diverged();
        }

        _turn.Span.Clear();
        for (int n = 0; n < _size; n++)
        {
            // Rounding can leave a zero eigenvalue just below zero.
            _shared[n] = (float)(_settings.UnobservedWeight * Math.Max(0, _eigenvalues[n]));
            for (int c = 0; c < _size; c++)
            {
                _turn.Pointer[((long)c * _stride) + n] = (float)_eigenvectors[(n * _size) + c];
            }
        }
    }

    private void Turn(LeastSquaresSide side)
    {
        Workers.Run(
            side.Rows,
            GramChunk,
            _context.Threads,
            (start, end, _) => SmallSymmetric.Multiply(
                side.Factors.Pointer + ((long)start * _stride), end - start, _stride, _turn.Pointer, side.Spare.Pointer + ((long)start * _stride)),
            _context.Cancellation);
        side.Swap();
    }

    private DenseMatrix Unpad(LeastSquaresSide side)
    {
        var matrix = new DenseMatrix(side.Rows, _size);
        for (int r = 0; r < side.Rows; r++)
        {
            side.Factors.Slice((long)r * _stride, _size).CopyTo(matrix.Row(r));
        }

        // The largest magnitude is NaN where any entry is.
        return matrix.Values.Length == 0 || float.IsFinite(TensorPrimitives.MaxMagnitude<float>(matrix.Values)) ? matrix : throw Diverged();
    }

    private ModelFitException Diverged() => new(
        $"model '{_settings.Model}': the factors are no longer finite, or a row's system is not positive definite; raise regularization, or "
        + "bring the weights closer together with weighting=log or weighting=binary");
}
