using System.Numerics.Tensors;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;

namespace Segue.Models.Factorization;

/// <summary>The observed part of one row's problem; see <see cref="AlternatingLeastSquares"/>.</summary>
internal unsafe readonly struct LeastSquaresEntries(int* index, float* root, float* target, int count)
{
    /// <summary>Rows of the other side.</summary>
    public int* Index { get; } = index;

    /// <summary>√aₖ.</summary>
    public float* Root { get; } = root;

    /// <summary>tₖ = bₖ / √aₖ.</summary>
    public float* Target { get; } = target;

    public int Count { get; } = count;
}

/// <summary>Solves one row's problem after the other; scratch space of one worker, nothing is allocated on the way.</summary>
/// <remarks>Works on pointers into its own buffers, so every public method names the object again at its end.</remarks>
internal sealed unsafe class LeastSquaresRow
{
    /// <summary>Rows gathered at once; 64 rows of 64 factors are half of a first-level cache.</summary>
    private const int Chunk = 64;

    /// <summary>Above this largest diagonal entry (the smallest is above 1) single precision keeps fewer than two digits.</summary>
    private const float PrecisionLimit = 1e5f;

    private readonly int _size;
    private readonly int _stride;
    private readonly int _gatherRows;
    private readonly AlignedBuffer _gathered, _transposed, _matrix, _inverse, _vectors;
    private AlignedBuffer _entries = new(0);

    /// <summary>Scratch for vectors of <paramref name="size"/> factors, padded to <paramref name="stride"/>.</summary>
    /// <param name="size">Factors.</param>
    /// <param name="stride">Factors with padding, a multiple of 16.</param>
    /// <param name="cacheFloats">Floats of gathered rows that conjugate gradients may pass over again and again; rows with more form their matrix.</param>
    public LeastSquaresRow(int size, int stride, int cacheFloats = 128 * 1024)
    {
        _size = size;
        _stride = stride;

        // Conjugate gradients pass over the gathered rows several times: as many as half a second-level cache holds, and a system smaller
        // than the factors must fit whole.
        _gatherRows = Math.Max(SmallSymmetric.PadSize(stride), Math.Max(Chunk, (cacheFloats / stride) & ~7));
        _gathered = new((long)_gatherRows * stride);
        _transposed = new((long)stride * stride);
        _matrix = new((long)stride * stride);
        _inverse = new(stride);
        _vectors = new(4L * stride);
    }

    private float* Vector(int n) => _vectors.Pointer + ((long)n * _stride);

    /// <summary>Writes the exact solution.</summary>
    /// <param name="factors">H in the basis where its Gram matrix is diagonal, rows of stride floats.</param>
    /// <param name="entries">What the row interacted with.</param>
    /// <param name="inverseRoot">D^(−½), 1 in the padding.</param>
    /// <param name="result">Output, stride floats.</param>
    public void SolveExact(float* factors, LeastSquaresEntries entries, float* inverseRoot, float* result)
    {
        if (entries.Count == 0)
        {
            new Span<float>(result, _stride).Clear();
            return;
        }

        bool done = entries.Count < _size
            ? SolveDual(factors, entries, inverseRoot, result)
            : SolvePrimal(factors, entries, inverseRoot, result);
        if (!done)
        {
            SolveDouble(factors, entries, inverseRoot, result);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Improves <paramref name="result"/> by conjugate-gradient steps on (I + GᵀG) y = Gᵀt with x = D^(−½) y.</summary>
    /// <param name="factors">H in the basis where its Gram matrix is diagonal, rows of stride floats.</param>
    /// <param name="entries">What the row interacted with.</param>
    /// <param name="inverseRoot">D^(−½), 1 in the padding.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="result">The start, and the output; stride floats.</param>
    public void SolveConjugateGradient(float* factors, LeastSquaresEntries entries, float* inverseRoot, int steps, float* result)
    {
        if (entries.Count == 0)
        {
            new Span<float>(result, _stride).Clear();
            return;
        }

        int stride = _stride;
        bool formed = entries.Count > _gatherRows;
        float* residual = Vector(0), direction = Vector(1), image = Vector(2), y = Vector(3);
        Span<float> r = new(residual, stride), p = new(direction, stride), q = new(image, stride), solution = new(y, stride);
        r.Clear();
        if (formed)
        {
            Form(factors, entries, inverseRoot, residual);
        }
        else
        {
            SmallSymmetric.Gather(factors, stride, entries.Index, entries.Root, entries.Count, inverseRoot, stride, _gathered.Pointer);
            SmallSymmetric.AddWeightedSum(_gathered.Pointer, entries.Count, stride, stride, entries.Target, residual);
        }

        TensorPrimitives.Divide(new ReadOnlySpan<float>(result, stride), new ReadOnlySpan<float>(inverseRoot, stride), solution);
        Apply(formed, entries.Count, y, image);
        TensorPrimitives.Subtract(r, q, r);
        r.CopyTo(p);
        float rho = TensorPrimitives.Dot<float>(r, r), negligible = rho * 1e-12f;
        for (int step = 0; step < steps && rho > negligible; step++)
        {
            Apply(formed, entries.Count, direction, image);
            float curvature = TensorPrimitives.Dot<float>(p, q);
            if (!(curvature > 0))
            {
                // The residual is so small that its squares are 0: the solution is reached.
                break;
            }

            float length = rho / curvature;
            TensorPrimitives.MultiplyAdd(p, length, solution, solution);
            if (step + 1 == steps)
            {
                break;
            }

            TensorPrimitives.MultiplyAdd(q, -length, r, r);
            float next = TensorPrimitives.Dot<float>(r, r);
            TensorPrimitives.MultiplyAdd(p, next / rho, r, p);
            rho = next;
        }

        TensorPrimitives.Multiply(solution, new ReadOnlySpan<float>(inverseRoot, stride), new Span<float>(result, stride));
        GC.KeepAlive(this);
    }

    /// <summary>One round of Newton steps on blocks of coordinates (iALS++), for (I + GᵀG) y = Gᵀt with x = D^(−½) y.</summary>
    /// <param name="factors">H in the basis where its Gram matrix is diagonal, rows of stride floats.</param>
    /// <param name="entries">What the row interacted with.</param>
    /// <param name="inverseRoot">D^(−½), 1 in the padding.</param>
    /// <param name="blockSize">Coordinates a block, a multiple of 16.</param>
    /// <param name="result">The start, and the output; stride floats.</param>
    public void SolveBlocks(float* factors, LeastSquaresEntries entries, float* inverseRoot, int blockSize, float* result)
    {
        int stride = _stride, count = entries.Count;
        if (count == 0)
        {
            new Span<float>(result, stride).Clear();
            return;
        }

        // Residual of every entry in units of its target, gₖ·y − tₖ, kept up to date from block to block.
        float* residual = Entries(count), step = Vector(0), y = Vector(1);
        Span<float> solution = new(y, stride);
        TensorPrimitives.Divide(new ReadOnlySpan<float>(result, stride), new ReadOnlySpan<float>(inverseRoot, stride), solution);
        TensorPrimitives.Negate(new ReadOnlySpan<float>(entries.Target, count), new Span<float>(residual, count));
        for (int first = 0; first < count; first += Chunk)
        {
            int m = Math.Min(Chunk, count - first);
            SmallSymmetric.Gather(factors, stride, entries.Index + first, entries.Root + first, m, inverseRoot, stride, _gathered.Pointer);
            SmallSymmetric.AddProduct(_gathered.Pointer, m, stride, y, 1f, residual + first);
        }

        for (int start = 0; start < stride; start += blockSize)
        {
            int width = Math.Min(blockSize, stride - start);
            Span<float> gradient = new(step, width), block = solution.Slice(start, width);
            block.CopyTo(gradient);
            Identity(_matrix.Pointer, width, width);
            for (int first = 0; first < count; first += Chunk)
            {
                int m = GatherBlock(first);
                SmallSymmetric.AddGram(_gathered.Pointer, m, width, width, _matrix.Pointer);
                SmallSymmetric.AddWeightedSum(_gathered.Pointer, m, width, width, residual + first, step);
            }

            if (!FactorAndSolve(_matrix.Pointer, width, width, step))
            {
                SolveBlockDouble(factors + start, entries, inverseRoot + start, width, gradient);
            }

            TensorPrimitives.Subtract(block, gradient, block);
            for (int first = 0; first < count && start + width < stride; first += Chunk)
            {
                SmallSymmetric.AddProduct(_gathered.Pointer, GatherBlock(first), width, step, -1f, residual + first);
            }

            int GatherBlock(int first)
            {
                int m = Math.Min(Chunk, count - first);
                SmallSymmetric.Gather(
                    factors + start, stride, entries.Index + first, entries.Root + first, m, inverseRoot + start, width, _gathered.Pointer);
                return m;
            }
        }

        TensorPrimitives.Multiply(solution, new ReadOnlySpan<float>(inverseRoot, stride), new Span<float>(result, stride));
        GC.KeepAlive(this);
    }

    /// <summary>x = D^(−½) Gᵀ (I + G Gᵀ)⁻¹ t: a system as large as the row has entries.</summary>
    private bool SolveDual(float* factors, LeastSquaresEntries entries, float* inverseRoot, float* result)
    {
        int count = entries.Count, size = SmallSymmetric.PadSize(count), pitch = SmallSymmetric.PadStride(count);
        float* matrix = _matrix.Pointer, z = Vector(0);
        SmallSymmetric.Gather(factors, _stride, entries.Index, entries.Root, count, inverseRoot, _stride, _gathered.Pointer);
        SmallSymmetric.Transpose(_gathered.Pointer, count, _stride, _transposed.Pointer, pitch);
        Identity(matrix, size, pitch);
        SmallSymmetric.AddGram(_transposed.Pointer, _stride, size, pitch, matrix);
        new ReadOnlySpan<float>(entries.Target, count).CopyTo(new Span<float>(z, count));
        new Span<float>(z + count, pitch - count).Clear();
        if (!FactorAndSolve(matrix, size, pitch, z))
        {
            return false;
        }

        new Span<float>(result, _stride).Clear();
        SmallSymmetric.AddWeightedSum(_gathered.Pointer, count, _stride, _stride, z, result);
        TensorPrimitives.Multiply(new ReadOnlySpan<float>(result, _stride), new ReadOnlySpan<float>(inverseRoot, _stride), new Span<float>(result, _stride));
        return true;
    }

    /// <summary>x = D^(−½) (I + GᵀG)⁻¹ Gᵀ t: a system as large as there are factors.</summary>
    private bool SolvePrimal(float* factors, LeastSquaresEntries entries, float* inverseRoot, float* result)
    {
        float* y = Vector(0);
        new Span<float>(y, _stride).Clear();
        Form(factors, entries, inverseRoot, y);
        if (!FactorAndSolve(_matrix.Pointer, _stride, _stride, y))
        {
            return false;
        }

        TensorPrimitives.Multiply(new ReadOnlySpan<float>(y, _stride), new ReadOnlySpan<float>(inverseRoot, _stride), new Span<float>(result, _stride));
        return true;
    }

    /// <summary>The same problem in double precision, for weights so far apart that single precision fails.</summary>
    private void SolveDouble(float* factors, LeastSquaresEntries entries, float* inverseRoot, float* result)
    {
        var shared = new double[_size * _size];
        for (int c = 0; c < _size; c++)
        {
            shared[(c * _size) + c] = 1.0 / ((double)inverseRoot[c] * inverseRoot[c]);
        }

        var rows = new double[entries.Count][];
        double[] a = new double[entries.Count], b = new double[entries.Count];
        for (int k = 0; k < entries.Count; k++)
        {
            float* row = factors + ((long)entries.Index[k] * _stride);
            rows[k] = new double[_size];
            for (int c = 0; c < _size; c++)
            {
                rows[k][c] = row[c];
            }

            a[k] = (double)entries.Root[k] * entries.Root[k];
            b[k] = (double)entries.Target[k] * entries.Root[k];
        }

        double[] x = LeastSquares.Solve(shared, _size, rows, a, b);
        new Span<float>(result, _stride).Clear();
        for (int c = 0; c < _size; c++)
        {
            result[c] = (float)x[c];
        }
    }

    /// <summary>Turns a block's gradient into its Newton step in double precision.</summary>
    private void SolveBlockDouble(float* factors, LeastSquaresEntries entries, float* inverseRoot, int width, Span<float> gradient)
    {
        var shared = new double[width * width];
        for (int c = 0; c < width; c++)
        {
            shared[(c * width) + c] = 1;
        }

        var rows = new double[entries.Count][];
        var ones = new double[entries.Count];
        Array.Fill(ones, 1);
        for (int k = 0; k < entries.Count; k++)
        {
            rows[k] = new double[width];
            for (int c = 0; c < width; c++)
            {
                rows[k][c] = (double)factors[((long)entries.Index[k] * _stride) + c] * entries.Root[k] * inverseRoot[c];
            }
        }

        double[] target = Array.ConvertAll(gradient.ToArray(), v => (double)v);
        double[] step = LeastSquares.Cholesky(LeastSquares.Matrix(shared, width, rows, ones), width, target);
        for (int c = 0; c < width; c++)
        {
            gradient[c] = (float)step[c];
        }
    }

    /// <summary>Writes I + GᵀG into the matrix and adds Gᵀt to <paramref name="target"/>.</summary>
    private void Form(float* factors, LeastSquaresEntries entries, float* inverseRoot, float* target)
    {
        Identity(_matrix.Pointer, _stride, _stride);
        for (int first = 0; first < entries.Count; first += Chunk)
        {
            int m = Math.Min(Chunk, entries.Count - first);
            SmallSymmetric.Gather(factors, _stride, entries.Index + first, entries.Root + first, m, inverseRoot, _stride, _gathered.Pointer);
            SmallSymmetric.AddGram(_gathered.Pointer, m, _stride, _stride, _matrix.Pointer);
            SmallSymmetric.AddWeightedSum(_gathered.Pointer, m, _stride, _stride, entries.Target + first, target);
        }
    }

    private bool FactorAndSolve(float* matrix, int size, int pitch, float* vector)
    {
        float largest = 0;
        for (int i = 0; i < size; i++)
        {
            largest = Math.Max(largest, matrix[((long)i * pitch) + i]);
        }

        if (!(largest < PrecisionLimit) || !SmallSymmetric.Factor(matrix, size, pitch, _inverse.Pointer))
        {
            return false;
        }

        SmallSymmetric.Solve(matrix, size, pitch, _inverse.Pointer, vector);
        return true;
    }

    /// <summary>image = (I + GᵀG) vector, from the gathered rows or from the matrix.</summary>
    private void Apply(bool formed, int count, float* vector, float* image)
    {
        if (!formed)
        {
            new ReadOnlySpan<float>(vector, _stride).CopyTo(new Span<float>(image, _stride));
            SmallSymmetric.AddNormalProduct(_gathered.Pointer, count, _stride, vector, image);
            return;
        }

        // Only the upper triangle is valid: row i gives its own dot product and adds itself to the entries after i.
        new Span<float>(image, _stride).Clear();
        for (int i = 0; i < _stride; i++)
        {
            float* row = _matrix.Pointer + ((long)i * _stride);
            image[i] += row[i] * vector[i];
            int rest = _stride - i - 1;
            ReadOnlySpan<float> after = new(row + i + 1, rest);
            image[i] += TensorPrimitives.Dot(after, new ReadOnlySpan<float>(vector + i + 1, rest));
            TensorPrimitives.MultiplyAdd(after, vector[i], new ReadOnlySpan<float>(image + i + 1, rest), new Span<float>(image + i + 1, rest));
        }
    }

    private float* Entries(int count)
    {
        if (_entries.Length < count)
        {
            _entries = new(Math.Max(count, 2L * _entries.Length));
        }

        return _entries.Pointer;
    }

    private static void Identity(float* matrix, int size, int pitch)
    {
        new Span<float>(matrix, size * pitch).Clear();
        for (int i = 0; i < size; i++)
        {
            matrix[((long)i * pitch) + i] = 1f;
        }
    }
}
