using System.Numerics.Tensors;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sparse;

namespace Segue.Neural.Autodiff;

/// <summary>Products of matrices.</summary>
public static class Products
{
    /// <summary>Values of a weight that stays in the cache while rows go by.</summary>
    private const int SmallWeight = 1 << 15;

    /// <summary>A·B. 2·rows·columns·inner operations forward, twice that backward.</summary>
    /// <exception cref="ArgumentException">A has another number of columns than B has rows.</exception>
    public static Variable MatMul(this Variable a, Variable b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        Shapes.Require(a.Columns == b.Rows, a, b, "a product needs as many columns on the left as rows on the right");
        if (b.Columns == 1)
        {
            return Project(a, b);
        }

        Variable c = a.Tape.Record(a.Rows, b.Columns, MatMulBackward, a, b);
        Gemm.Multiply(a.Value, b.Value, c.Value, a.Rows, b.Columns, a.Columns, threads: a.Tape.Threads);
        return c;
    }

    /// <summary>A·Bᵀ: all dot products of rows of A with rows of B.</summary>
    /// <exception cref="ArgumentException">The matrices have different numbers of columns.</exception>
    public static Variable MatMulTransposed(this Variable a, Variable b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        Shapes.Require(a.Columns == b.Columns, a, b, "a product with a transpose needs as many columns on both sides");
        Variable c = a.Tape.Record(a.Rows, b.Rows, MatMulTransposedBackward, a, b);
        Gemm.MultiplyTransposed(a.Value, b.Value, c.Value, a.Rows, b.Rows, a.Columns, threads: a.Tape.Threads);
        return c;
    }

    /// <summary>X·W + b with a row b added to every row: one layer of a network.</summary>
    /// <param name="x">X, rows × inputs.</param>
    /// <param name="weight">W, inputs × outputs.</param>
    /// <param name="bias">b, 1 × outputs.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable Affine(this Variable x, Variable weight, Variable bias)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(bias);
        Shapes.Require(x.Columns == weight.Rows, x, weight, "a layer needs as many inputs as its weight has rows");
        Shapes.Require(bias.Rows == 1 && bias.Columns == weight.Columns, weight, bias, "a layer needs a 1 × outputs bias");
        Variable y = x.Tape.Record(x.Rows, weight.Columns, AffineBackward, x, weight, bias);
        if (weight.Count <= SmallWeight && weight.Columns > 0)
        {
            AffineByRows(x, weight, bias, y);
            return y;
        }

        Repeat(bias, y);
        Gemm.Multiply(x.Value, weight.Value, y.Value, x.Rows, weight.Columns, x.Columns, add: true, threads: x.Tape.Threads);
        return y;
    }

    /// <summary>X·W + Z·V + b: a layer over two inputs, as over both side by side, without a copy of either.</summary>
    /// <param name="x">X, rows × inputs.</param>
    /// <param name="weight">W, inputs × outputs.</param>
    /// <param name="bias">b, 1 × outputs.</param>
    /// <param name="other">Z, rows × other inputs.</param>
    /// <param name="otherWeight">V, other inputs × outputs.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable Affine(this Variable x, Variable weight, Variable bias, Variable other, Variable otherWeight)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(bias);
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(otherWeight);
        Shapes.Require(x.Columns == weight.Rows, x, weight, "a layer needs as many inputs as its weight has rows");
        Shapes.Require(other.Columns == otherWeight.Rows, other, otherWeight, "a layer needs as many inputs as its weight has rows");
        Shapes.Require(x.Rows == other.Rows, x, other, "a layer over two inputs needs as many rows of both");
        Shapes.Require(weight.Columns == otherWeight.Columns, weight, otherWeight, "a layer over two inputs needs as many outputs of both weights");
        Shapes.Require(bias.Rows == 1 && bias.Columns == weight.Columns, weight, bias, "a layer needs a 1 × outputs bias");
        Variable y = x.Tape.Record(x.Rows, weight.Columns, TwoAffineBackward, x, weight, bias, other, otherWeight);
        Repeat(bias, y);
        Gemm.Multiply(x.Value, weight.Value, y.Value, x.Rows, weight.Columns, x.Columns, add: true, threads: x.Tape.Threads);
        Gemm.Multiply(other.Value, otherWeight.Value, y.Value, x.Rows, weight.Columns, other.Columns, add: true, threads: x.Tape.Threads);
        return y;
    }

    /// <summary>Dot product of row r of A and row r of B; rows × 1.</summary>
    /// <exception cref="ArgumentException">The matrices differ in size.</exception>
    public static Variable RowDot(this Variable a, Variable b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        Shapes.RequireSame(a, b);
        Variable c = a.Tape.Record(a.Rows, 1, RowDotBackward, a, b);
        unsafe
        {
            fixed (float* left = a.Value, right = b.Value, dots = c.Value)
            {
                Workers.Run(
                    a.Rows, Kernels.RowChunk(a.Columns), a.Count < Kernels.Large ? 1 : a.Tape.Threads, ((nint)left, (nint)right, (nint)dots, a.Columns),
                    static (in (nint A, nint B, nint Dots, int Columns) p, int start, int end, int _) =>
                    {
                        for (int r = start; r < end; r++)
                        {
                            nint at = (nint)r * p.Columns;
                            ((float*)p.Dots)[r] = TensorPrimitives.Dot(
                                new ReadOnlySpan<float>((float*)p.A + at, p.Columns), new ReadOnlySpan<float>((float*)p.B + at, p.Columns));
                        }
                    });
            }
        }

        return c;
    }

    /// <summary>S·D for a sparse S that is not learned: one step of message passing over a fixed graph.</summary>
    /// <param name="matrix">S, rows × inner, with its transpose.</param>
    /// <param name="dense">D, inner × columns.</param>
    /// <remarks>2 · entries · columns operations each way.</remarks>
    /// <exception cref="ArgumentException">S has another number of columns than D has rows.</exception>
    public static Variable Multiply(this SparseOperand matrix, Variable dense)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(dense);
        Require(matrix, dense);
        Variable c = dense.Tape.Record(matrix.Matrix.Rows, dense.Columns, SparseBackward, dense);
        c.Extra = matrix;
        SparseDense.Multiply(matrix.Matrix, dense.Value, c.Value, dense.Columns, dense.Tape.Threads);
        return c;
    }

    /// <summary>S·D where the entries of S are learned too (edge weights, attention).</summary>
    /// <param name="places">Where S has entries; its own values are not used.</param>
    /// <param name="values">The entries, count × 1, in the order of <paramref name="places"/>.</param>
    /// <param name="dense">D, inner × columns.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable Multiply(this SparseOperand places, Variable values, Variable dense)
    {
        ArgumentNullException.ThrowIfNull(places);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(dense);
        Require(places, dense);
        if (values.Count != places.Matrix.Count)
        {
            throw new ArgumentException($"{values.Rows} × {values.Columns} values for a sparse matrix with {places.Matrix.Count} entries; give one each");
        }

        Variable c = dense.Tape.Record(places.Matrix.Rows, dense.Columns, SparseValuesBackward, dense, values);
        c.Extra = places;
        SparseDense.Multiply(places.Matrix, values.Value, dense.Value, c.Value, dense.Columns, dense.Tape.Threads);
        return c;
    }

    private static void Require(SparseOperand matrix, Variable dense)
    {
        if (matrix.Matrix.Columns != dense.Rows)
        {
            throw new ArgumentException(
                $"a {matrix.Matrix.Rows} × {matrix.Matrix.Columns} sparse matrix cannot be multiplied by a {dense.Rows} × {dense.Columns} matrix");
        }
    }

    /// <summary>A few rows at a time, so that the bias is still in the cache when the product is added. A row has the same bits in any product.</summary>
    private static unsafe void AffineByRows(Variable x, Variable weight, Variable bias, Variable y)
    {
        fixed (float* from = x.Value, w = weight.Value, b = bias.Value, to = y.Value)
        {
            Workers.Run(
                x.Rows, 128, (long)x.Rows * weight.Count < Kernels.Large * 16L ? 1 : x.Tape.Threads, ((nint)from, (nint)w, (nint)b, (nint)to, x.Columns, weight.Columns),
                static (in (nint X, nint Weight, nint Bias, nint Y, int Inputs, int Outputs) p, int start, int end, int _) =>
                {
                    var output = new Span<float>((float*)p.Y + ((nint)start * p.Outputs), (end - start) * p.Outputs);
                    var bias = new ReadOnlySpan<float>((float*)p.Bias, p.Outputs);
                    for (int n = 0; n < output.Length; n += p.Outputs)
                    {
                        bias.CopyTo(output[n..]);
                    }

                    Gemm.Multiply(
                        new ReadOnlySpan<float>((float*)p.X + ((nint)start * p.Inputs), (end - start) * p.Inputs), new((float*)p.Weight, p.Inputs * p.Outputs), output,
                        end - start, p.Outputs, p.Inputs, add: true);
                });
        }
    }

    /// <summary>Every row becomes the row <paramref name="bias"/>.</summary>
    private static void Repeat(Variable bias, Variable output)
    {
        for (int r = 0; r < output.Rows; r++)
        {
            bias.Value.CopyTo(output.Row(r));
        }
    }

    private static void MatMulBackward(Variable c) => MatMulBackward(c, c.First!, c.Second!);

    private static void MatMulBackward(Variable c, Variable a, Variable b)
    {
        if (a.NeedsGradient)
        {
            Span<float> target = a.WriteTo(out bool add);
            Gemm.MultiplyTransposed(c.OutputGradient, b.Value, target, a.Rows, a.Columns, b.Columns, add, c.Tape.Threads);
        }

        if (b.NeedsGradient)
        {
            Span<float> target = b.WriteTo(out bool add);
            Gemm.TransposeMultiply(a.Value, c.OutputGradient, target, b.Rows, b.Columns, a.Rows, add, c.Tape.Threads);
        }
    }

    /// <summary>A·b for a single column: dot products, limited by reading A; packing it for a product of matrices would cost more.</summary>
    private static Variable Project(Variable a, Variable b)
    {
        Variable c = a.Tape.Record(a.Rows, 1, ProjectBackward, a, b);
        ReadOnlySpan<float> vector = b.Value, rows = a.Value;
        Span<float> dots = c.Value;
        for (int r = 0; r < dots.Length; r++)
        {
            dots[r] = TensorPrimitives.Dot(rows.Slice(r * vector.Length, vector.Length), vector);
        }

        return c;
    }

    private static void ProjectBackward(Variable c)
    {
        (Variable a, Variable b) = (c.First!, c.Second!);
        ReadOnlySpan<float> gradient = c.OutputGradient, rows = a.Value, vector = b.Value;
        int columns = a.Columns;
        if (a.NeedsGradient)
        {
            Span<float> target = a.WriteTo(out bool add);
            for (int r = 0; r < gradient.Length; r++)
            {
                Span<float> row = target.Slice(r * columns, columns);
                if (add)
                {
                    TensorPrimitives.MultiplyAdd(vector, gradient[r], row, row);
                }
                else
                {
                    TensorPrimitives.Multiply(vector, gradient[r], row);
                }
            }
        }

        if (b.NeedsGradient)
        {
            Span<float> target = b.AddTo();
            for (int r = 0; r < gradient.Length; r++)
            {
                TensorPrimitives.MultiplyAdd(rows.Slice(r * columns, columns), gradient[r], target, target);
            }
        }
    }

    private static void MatMulTransposedBackward(Variable c)
    {
        (Variable a, Variable b) = (c.First!, c.Second!);
        if (a.NeedsGradient)
        {
            Span<float> target = a.WriteTo(out bool add);
            Gemm.Multiply(c.OutputGradient, b.Value, target, a.Rows, a.Columns, b.Rows, add, c.Tape.Threads);
        }

        if (b.NeedsGradient)
        {
            Span<float> target = b.WriteTo(out bool add);
            Gemm.TransposeMultiply(c.OutputGradient, a.Value, target, b.Rows, b.Columns, a.Rows, add, c.Tape.Threads);
        }
    }

    private static void AffineBackward(Variable y)
    {
        MatMulBackward(y);
        if (y.Third!.NeedsGradient)
        {
            Reductions.AddColumnSums(y.OutputGradient, y.Third.AddTo(), y.Rows, y.Columns, y.Tape.Threads);
        }
    }

    private static void TwoAffineBackward(Variable y)
    {
        AffineBackward(y);
        MatMulBackward(y, y.Inputs[3], y.Inputs[4]);
    }

    private static void RowDotBackward(Variable c)
    {
        (Variable a, Variable b) = (c.First!, c.Second!);
        ReadOnlySpan<float> gradient = c.OutputGradient;
        AddScaledRows(gradient, b, a);
        AddScaledRows(gradient, a, b);
    }

    private static void AddScaledRows(ReadOnlySpan<float> factors, Variable source, Variable target)
    {
        if (!target.NeedsGradient)
        {
            return;
        }

        Span<float> sums = target.WriteTo(out bool add);
        unsafe
        {
            fixed (float* factor = factors, from = source.Value, to = sums)
            {
                Workers.Run(
                    target.Rows, Kernels.RowChunk(target.Columns), target.Count < Kernels.Large ? 1 : target.Tape.Threads,
                    ((nint)factor, (nint)from, (nint)to, target.Columns, add),
                    static (in (nint Factors, nint Source, nint Target, int Columns, bool Add) p, int start, int end, int _) =>
                    {
                        for (int r = start; r < end; r++)
                        {
                            nint at = (nint)r * p.Columns;
                            var source = new ReadOnlySpan<float>((float*)p.Source + at, p.Columns);
                            var row = new Span<float>((float*)p.Target + at, p.Columns);
                            if (p.Add)
                            {
                                TensorPrimitives.MultiplyAdd(source, ((float*)p.Factors)[r], row, row);
                            }
                            else
                            {
                                TensorPrimitives.Multiply(source, ((float*)p.Factors)[r], row);
                            }
                        }
                    });
            }
        }
    }

    private static void SparseBackward(Variable c)
    {
        Variable dense = c.First!;
        if (dense.NeedsGradient)
        {
            CsrMatrix transpose = ((SparseOperand)c.Extra!).Transpose;
            AddProduct(transpose, transpose.Values, c, dense);
        }
    }

    private static void SparseValuesBackward(Variable c)
    {
        (Variable dense, Variable values) = (c.First!, c.Second!);
        var places = (SparseOperand)c.Extra!;
        AlignedBuffer scratch = c.Tape.Rent(values.Count);
        Span<float> entries = scratch.Span[..values.Count];
        if (values.NeedsGradient)
        {
            SparseDense.EntryDots(places.Matrix, c.OutputGradient, dense.Value, entries, dense.Columns, c.Tape.Threads);
            TensorPrimitives.Add(values.AddTo(), entries, values.AddTo());
        }

        if (dense.NeedsGradient)
        {
            ReadOnlySpan<int> order = places.TransposeOrder;
            ReadOnlySpan<float> source = values.Value;
            for (int n = 0; n < order.Length; n++)
            {
                entries[n] = source[order[n]];
            }

            AddProduct(places.Transpose, entries, c, dense);
        }

        c.Tape.Return(scratch);
    }

    private static void AddProduct(CsrMatrix matrix, ReadOnlySpan<float> values, Variable output, Variable dense)
    {
        Span<float> target = dense.WriteTo(out bool add);
        SparseDense.Multiply(matrix, values, output.OutputGradient, target, dense.Columns, output.Tape.Threads, add: add);
    }
}
