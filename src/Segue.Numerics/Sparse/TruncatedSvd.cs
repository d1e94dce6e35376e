using System.Numerics.Tensors;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Numerics.Sparse;

/// <summary>The largest singular values of a sparse matrix and their vectors: A ≈ Σₙ σₙ uₙ vₙᵀ.</summary>
/// <remarks>
/// <para>
/// Subspace iteration from random vectors (Halko, Martinsson and Tropp, SIAM Review 53(2), 2011), speeded up by Chebyshev polynomials of AᵀA (Rutishauser,
/// Numerische Mathematik 16, 1970; Zhou, Saad, Tiago and Chelikowsky, J. Comput. Phys. 219, 2006) and carried on until ‖Aᵀu − σv‖ ≤ tolerance · σ₁
/// for every vector asked for (A v = σ u holds by construction). A quarter more vectors than asked for take part, so that values near each other at the end of
/// the list slow nothing down; a value that occurs many times is found as often. A basis is made orthonormal by two rounds of Cholesky QR (Yamamoto et al., ETNA 44,
/// 2015) that leave out columns which the others already span, so a matrix without full rank needs no special case.
/// </para>
/// <para>
/// It works in the space of the smaller side; with d vectors at work a round costs a few sparse products by d columns, Gram matrices of (rows + columns)·d²
/// operations and one eigenproblem of that size; 5 to 15 rounds are usual. Sparse products and bases in single precision, Gram matrices and the small
/// problem in double. Memory four dense matrices of (smaller side) × d and one of (larger side) × d floats. The result does not depend on the number of
/// threads.
/// </para>
/// </remarks>
public sealed partial class TruncatedSvd
{
    // Vectors beyond those asked for: at least this many, and a quarter.
    private const int Oversampling = 16, OversamplingShare = 4;

    // What a filter may blow up the first vector against the last one asked for: beyond it rounding of the first drowns the last.
    private const double MostSpread = 1e7;

    // Rounds in which the residual must at least fall by a third; else rounding has the word.
    private const int Patience = 6;

    private TruncatedSvd(double[] values, DenseMatrix left, DenseMatrix right, double residual, double tolerance)
    {
        Values = values;
        Left = left;
        Right = right;
        Residual = residual;
        HasConverged = residual <= tolerance;
    }

    /// <summary>The largest ‖Aᵀu − σv‖ of all vectors, in parts of the largest singular value; 0 where there are none.</summary>
    public double Residual { get; }

    /// <summary>False where the residual stayed above the tolerance; the vectors are then the best that were found.</summary>
    public bool HasConverged { get; }

    /// <summary>Singular values, largest first; the numbers of vectors may be below what was asked for, see <see cref="Compute"/>.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>U, rows × number of values, orthonormal columns.</summary>
    public DenseMatrix Left { get; }

    /// <summary>
    /// V, columns × number of values, orthonormal columns; the entry of largest magnitude of each (the first of equals) is positive, so that the
    /// answer does not hang on rounding noise.
    /// </summary>
    public DenseMatrix Right { get; }

    /// <summary>Computes the <paramref name="rank"/> largest singular values and vectors.</summary>
    /// <param name="matrix">A, any shape. Rows and columns may be empty.</param>
    /// <param name="rank">
    /// Values wanted, at least 1. There are fewer where A has fewer: not more than rows or columns, and none below 10⁻⁵ of the largest, which single
    /// precision cannot tell from 0. A matrix of zeros has none.
    /// </param>
    /// <param name="rng">Where the random vectors come from.</param>
    /// <param name="tolerance">
    /// Largest residual, in parts of the largest singular value; see <see cref="Residual"/>. The rounding of single precision leaves about 10⁻⁷. The space that
    /// the vectors span together is off by about the residual over the relative distance between the last value asked for and the last at work.
    /// </param>
    /// <param name="rounds">Rounds at most; see <see cref="HasConverged"/>.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="cancellation">Checked between blocks.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rank"/> below 1, <paramref name="rounds"/> below 0 or <paramref name="tolerance"/> not above 0.</exception>
    /// <exception cref="ArithmeticException">A has entries that are not finite.</exception>
    public static TruncatedSvd Compute(
        CsrMatrix matrix, int rank, Rng rng, double tolerance = 2e-6, int rounds = 100, int threads = 1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(rng);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rounds);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        using CancellationScope scope = CancellationScope.Enter(cancellation);
        foreach (float value in matrix.Values)
        {
            if (!float.IsFinite(value))
            {
                throw new ArithmeticException($"the matrix has the entry {value}; singular values need finite entries");
            }
        }

        // A power of two changes no digit: squares of entries of any size stay inside the range of numbers.
        float largest = matrix.Count == 0 ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude<float>(matrix.Values));
        int exponent = largest > 0 ? Math.ILogB(largest) : 0;
        if (exponent != 0)
        {
            matrix = matrix.WithValues(Array.ConvertAll(matrix.Values, value => MathF.ScaleB(value, -exponent)));
        }

        // B = backward · forward is the Gram matrix of the smaller side.
        CsrMatrix transposed = matrix.Transpose();
        bool byColumns = matrix.Columns <= matrix.Rows;
        var run = new Run(byColumns ? matrix : transposed, byColumns ? transposed : matrix, rank, threads);
        Ritz ritz = run.Solve(rng, tolerance, rounds);
        int kept = ritz.Kept;
        DenseMatrix near = Columns(ritz.Near, kept), far = Columns(ritz.Far, kept);
        for (int r = 0; r < far.Rows; r++)
        {
            TensorPrimitives.Multiply(far.Row(r), ritz.Inverse.AsSpan(0, kept), far.Row(r));
        }

        // Rounding of a product weighs 1 / σₙ in these vectors: small values would leave them less orthonormal than the others.
        DenseMatrix orthonormal = Orthonormal(far, threads);
        far = orthonormal.Columns == kept ? orthonormal : far;
        (DenseMatrix left, DenseMatrix right) = byColumns ? (far, near) : (near, far);
        FixSigns(left, right);
        return new TruncatedSvd(
            Array.ConvertAll(ritz.Values[..kept], value => Math.ScaleB(value, exponent)), left, right, kept == 0 ? 0 : ritz.Residual, tolerance);
    }

    private static DenseMatrix Columns(DenseMatrix matrix, int count)
    {
        var first = new DenseMatrix(matrix.Rows, count);
        for (int r = 0; r < matrix.Rows; r++)
        {
            matrix.Row(r)[..count].CopyTo(first.Row(r));
        }

        return first;
    }

    /// <summary>The best vectors within a space: <c>Far</c> = forward · <c>Near</c>, columns of length σ.</summary>
    /// <param name="Values">σ, largest first, of the whole space.</param>
    /// <param name="Inverse">1 / σ, 0 where σ is not kept.</param>
    /// <param name="Kept">Values asked for that are not 0.</param>
    /// <param name="Near">Orthonormal columns on the smaller side.</param>
    /// <param name="Far">The other side.</param>
    /// <param name="Back">backward · <c>Far</c>: B times <c>Near</c>.</param>
    /// <param name="Residual">The largest ‖B x − σ² x‖ / σ of the kept, in parts of the largest value.</param>
    private sealed record Ritz(double[] Values, float[] Inverse, int Kept, DenseMatrix Near, DenseMatrix Far, DenseMatrix Back, double Residual);

    /// <summary>One decomposition in the space of the smaller side.</summary>
    private sealed class Run(CsrMatrix forward, CsrMatrix backward, int rank, int threads)
    {
        public Ritz Solve(Rng rng, double tolerance, int rounds)
        {
            int side = forward.Columns;
            int width = (int)Math.Min((long)rank + Math.Max(Oversampling, rank / OversamplingShare), side);
            if (width == side)
            {
                // The whole space: nothing to search for.
                return Within(Identity(side));
            }

            var random = new DenseMatrix(side, width);
            rng.FillGaussian(random.Values, 1f);
            Ritz best = Within(Orthonormal(Power(random), threads)), ritz = best;
            for (int round = 0, last = 0; round < rounds && best.Residual > tolerance && round - last < Patience; round++)
            {
                DenseMatrix basis = Filter(ritz, tolerance);
                ritz = Within(Orthonormal(Orthonormal(basis, threads), threads));
                if (ritz.Residual > Math.Max(tolerance, best.Residual * 2 / 3))
                {
                    ritz = ritz with { Residual = Outside(ritz) };
                }

                // More values than before is progress too: those of a matrix whose first value is far above the others show up late.
                if (ritz.Kept > best.Kept || ritz.Residual < best.Residual)
                {
                    last = ritz.Kept > best.Kept || ritz.Residual < best.Residual * 2 / 3 ? round : last;
                    best = ritz;
                }
            }

            return best;
        }

        /// <summary>One step of subspace iteration, orthonormal on both sides so that small directions do not drown in large ones.</summary>
        private DenseMatrix Power(DenseMatrix basis) =>
            Product(backward, Orthonormal(Product(forward, basis, threads), threads), threads);

        /// <summary>A Chebyshev polynomial of B that is within ±1 from 0 to the last value at work and grows beyond.</summary>
        private DenseMatrix Filter(Ritz ritz, double tolerance)
        {
            double Square(int n) => ritz.Values[n] * ritz.Values[n];
            double bound = Square(ritz.Values.Length - 1);
            double first = Growth(0), wanted = Growth(ritz.Kept - 1);
            double mostDegree = Math.Log(MostSpread) / (first - wanted), needed = (Math.Log(ritz.Residual / tolerance) + 3) / wanted;
            int degree = (int)Math.Clamp(Math.Min(mostDegree, needed), 1, 24);
            if (!(mostDegree >= 2) || !double.IsFinite(first))
            {
                return Power(ritz.Near);
            }

            // T₀ = 1, T₁ = t, Tₙ₊₁ = 2 t Tₙ − Tₙ₋₁ with t = 2 B / bound − 1.
            float scale = (float)(2 / bound);
            float[] before = ritz.Near.Values, current = ritz.Back.Values;
            TensorPrimitives.MultiplyAdd(current, scale, Negated(before), current);
            for (int n = 1; n < degree; n++)
            {
                int columns = ritz.Near.Columns;
                DenseMatrix image = Product(backward, Product(forward, new DenseMatrix(forward.Columns, columns, current), threads), threads);
                TensorPrimitives.Multiply(image.Values, 2 * scale, image.Values);
                TensorPrimitives.MultiplyAdd(current, -2f, image.Values, image.Values);
                TensorPrimitives.Subtract(image.Values, before, image.Values);
                (before, current) = (current, image.Values);
            }

            return new DenseMatrix(forward.Columns, ritz.Near.Columns, current);

            double Growth(int n) => Math.Acosh(Math.Max(1, (2 * Square(n) / bound) - 1));
        }

        private static float[] Negated(float[] values)
        {
            var negated = new float[values.Length];
            TensorPrimitives.Negate(values, negated);
            return negated;
        }

        /// <summary>Rayleigh–Ritz: with (A X)ᵀ(A X) = Σ λₙ wₙ wₙᵀ the vectors are X wₙ and A X wₙ, of length σₙ = √λₙ.</summary>
        private Ritz Within(DenseMatrix basis)
        {
            DenseMatrix image = Product(forward, basis, threads);
            int size = basis.Columns;
            double[] lambda = new double[size], vectors = new double[size * size];
            SymmetricEigen.Decompose(Gram(image, threads), size, lambda, vectors);
            var values = Array.ConvertAll(lambda, value => Math.Sqrt(Math.Max(0, value)));
            int kept = 0;
            var inverse = new float[size];
            while (kept < Math.Min(rank, size) && values[kept] > 0 && values[kept] >= values[0] * Negligible)
            {
                inverse[kept] = (float)(1 / values[kept]);
                kept++;
            }

            var turn = new float[size * size];
            for (int n = 0; n < size; n++)
            {
                for (int i = 0; i < size; i++)
                {
                    turn[(i * size) + n] = (float)vectors[(n * size) + i];
                }
            }

            DenseMatrix near = Times(basis, turn, size, threads), far = Times(image, turn, size, threads), back = Product(backward, far, threads);
            return new Ritz(values, inverse, kept, near, far, back, Residual(values, kept, near, back));
        }

        /// <summary>max ‖B x − σ² x‖ / σ, in parts of σ₁.</summary>
        private static double Residual(double[] values, int kept, DenseMatrix near, DenseMatrix back)
        {
            var squares = new double[kept];
            for (int r = 0; r < near.Rows; r++)
            {
                CancellationScope.CheckAt(r);
                ReadOnlySpan<float> x = near.Row(r), image = back.Row(r);
                for (int n = 0; n < kept; n++)
                {
                    double rest = image[n] - (values[n] * values[n] * x[n]);
                    squares[n] += rest * rest;
                }
            }

            double largest = 0;
            for (int n = 0; n < kept; n++)
            {
                largest = Math.Max(largest, Math.Sqrt(squares[n]) / values[n]);
            }

            return kept == 0 ? 0 : largest / values[0];
        }

        /// <summary>
        /// The residual without its part inside the space at work. There it is rounding only, of the first vector in the last ones, and grows with σ₁ / σₙ.
        /// </summary>
        private double Outside(Ritz ritz)
        {
            int size = ritz.Near.Columns, kept = ritz.Kept, side = ritz.Near.Rows;
            float[] near = Transposed(ritz.Near), back = Transposed(Columns(ritz.Back, kept)), inside = new float[kept * size], projected = new float[kept * side];
            Gemm.MultiplyTransposed(back, near, inside, kept, size, side, threads: threads);
            Gemm.Multiply(inside, near, projected, kept, side, size, threads: threads);
            TensorPrimitives.Subtract(back, projected, back);
            double largest = 0;
            for (int n = 0; n < kept; n++)
            {
                largest = Math.Max(largest, TensorPrimitives.Norm<float>(back.AsSpan(n * side, side)) / ritz.Values[n]);
            }

            return largest / ritz.Values[0];
        }

        private static float[] Transposed(DenseMatrix matrix)
        {
            int columns = matrix.Columns;
            var transposed = new float[matrix.Values.Length];
            for (int r = 0; r < matrix.Rows; r++)
            {
                CancellationScope.CheckAt(r);
                ReadOnlySpan<float> row = matrix.Row(r);
                for (int c = 0; c < columns; c++)
                {
                    transposed[((long)c * matrix.Rows) + r] = row[c];
                }
            }

            return transposed;
        }

        private static DenseMatrix Identity(int size)
        {
            var identity = new DenseMatrix(size, size);
            for (int n = 0; n < size; n++)
            {
                identity.Row(n)[n] = 1f;
            }

            return identity;
        }
    }
}
