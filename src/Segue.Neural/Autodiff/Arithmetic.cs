using System.Numerics;
using System.Numerics.Tensors;
using Segue.Numerics.Dense;

namespace Segue.Neural.Autodiff;

/// <summary>Element-wise arithmetic. The second matrix may be a row, a column or one value: it is repeated over the first.</summary>
public static class Arithmetic
{
    private enum Repeat
    {
        None,
        Row,
        Column,
        One,
    }

    private interface IBinary
    {
        static abstract void Apply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> output);

        static abstract void Apply(ReadOnlySpan<float> a, float b, Span<float> output);
    }

    /// <summary>A + B.</summary>
    /// <exception cref="ArgumentException">B is neither as large as A nor a row, column or value that fits.</exception>
    public static Variable Add(this Variable a, Variable b) => Binary<Sum>(a, b, AddBackward);

    /// <summary>A − B.</summary>
    /// <exception cref="ArgumentException">B is neither as large as A nor a row, column or value that fits.</exception>
    public static Variable Subtract(this Variable a, Variable b) => Binary<Difference>(a, b, SubtractBackward);

    /// <summary>A ⊙ B, element by element.</summary>
    /// <exception cref="ArgumentException">B is neither as large as A nor a row, column or value that fits.</exception>
    public static Variable Multiply(this Variable a, Variable b) => Binary<Product>(a, b, MultiplyBackward);

    /// <summary>A ⊘ B, element by element; a division by 0 follows IEEE arithmetic.</summary>
    /// <exception cref="ArgumentException">B is neither as large as A nor a row, column or value that fits.</exception>
    public static Variable Divide(this Variable a, Variable b) => Binary<Quotient>(a, b, DivideBackward);

    /// <summary>factor · A.</summary>
    public static Variable Scale(this Variable a, float factor)
    {
        ArgumentNullException.ThrowIfNull(a);
        Variable c = a.Tape.Record(a.Rows, a.Columns, ScaleBackward, a);
        c.Factor = factor;
        Kernels.Scale(a.Value, factor, c.Value, add: false, a.Tape.Threads);
        return c;
    }

    /// <summary>A + number, the same for every element.</summary>
    public static Variable Add(this Variable a, float number)
    {
        ArgumentNullException.ThrowIfNull(a);
        Variable c = a.Tape.Record(a.Rows, a.Columns, ScaleBackward, a);
        c.Factor = 1f;
        TensorPrimitives.Add(a.Value, number, c.Value);
        return c;
    }

    /// <summary>Σₖ weightₖ · termₖ: one matrix instead of one for every sum and product on the way.</summary>
    /// <param name="weights">One number a term.</param>
    /// <param name="terms">Matrices of one size.</param>
    /// <remarks>2 · terms · values operations forward, twice that backward where the weights are learned.</remarks>
    /// <exception cref="ArgumentException">There are no terms, they differ in size, or there are not as many weights.</exception>
    public static Variable WeightedSum(this Variable weights, params ReadOnlySpan<Variable> terms)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (terms.IsEmpty || weights.Count != terms.Length)
        {
            throw new ArgumentException($"{weights.Rows} × {weights.Columns} weights for {terms.Length} terms; give one each, and at least one", nameof(terms));
        }

        foreach (Variable term in terms)
        {
            Shapes.RequireSame(terms[0], term);
        }

        Variable y = weights.Tape.Record(terms[0].Rows, terms[0].Columns, WeightedSumBackward, [weights, .. terms]);
        for (int k = 0; k < terms.Length; k++)
        {
            Kernels.Scale(terms[k].Value, weights.Value[k], y.Value, add: k > 0, y.Tape.Threads);
        }

        return y;
    }

    private static void WeightedSumBackward(Variable y)
    {
        Variable weights = y.Inputs[0];
        for (int k = 0; k < weights.Count; k++)
        {
            Variable term = y.Inputs[k + 1];
            if (weights.NeedsGradient)
            {
                weights.AddTo()[k] += Kernels.Dot(y.OutputGradient, term.Value);
            }

            if (term.NeedsGradient)
            {
                Span<float> target = term.WriteTo(out bool add);
                Kernels.Scale(y.OutputGradient, weights.Value[k], target, add, y.Tape.Threads);
            }
        }
    }

    private static Variable Binary<TOperation>(Variable a, Variable b, Action<Variable> backward)
        where TOperation : struct, IBinary
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        Repeat repeat = RepeatOf(a, b);
        Variable c = a.Tape.Record(a.Rows, a.Columns, backward, a, b);
        c.Offset = (int)repeat;
        switch (repeat)
        {
            case Repeat.None when typeof(TOperation) == typeof(Sum):
                Kernels.Add(a.Value, b.Value, c.Value, c.Tape.Threads);
                break;
            case Repeat.None:
                TOperation.Apply(a.Value, b.Value, c.Value);
                break;
            case Repeat.One:
                TOperation.Apply(a.Value, b.Value[0], c.Value);
                break;
            default:
                for (int r = 0; r < a.Rows; r++)
                {
                    if (repeat == Repeat.Row)
                    {
                        TOperation.Apply(a.Row(r), b.Value, c.Row(r));
                    }
                    else
                    {
                        TOperation.Apply(a.Row(r), b.Value[r], c.Row(r));
                    }
                }

                break;
        }

        return c;
    }

    private static Repeat RepeatOf(Variable a, Variable b)
    {
        if (a.Rows == b.Rows && a.Columns == b.Columns)
        {
            return Repeat.None;
        }

        Repeat repeat = (b.Rows, b.Columns) switch
        {
            (1, 1) => Repeat.One,
            (1, var columns) when columns == a.Columns => Repeat.Row,
            (var rows, 1) when rows == a.Rows => Repeat.Column,
            _ => Repeat.None,
        };
        Shapes.Require(repeat != Repeat.None, a, b, "give matrices of one size, or a row, a column or one value as the second");
        return repeat;
    }

    private static void AddBackward(Variable c)
    {
        AddGradient(c, c.First!, 1f);
        AddRepeated(c, c.OutputGradient, 1f);
    }

    private static void SubtractBackward(Variable c)
    {
        AddGradient(c, c.First!, 1f);
        AddRepeated(c, c.OutputGradient, -1f);
    }

    private static void ScaleBackward(Variable c) => AddGradient(c, c.First!, c.Factor);

    private static void MultiplyBackward(Variable c)
    {
        (Variable a, Variable b) = (c.First!, c.Second!);
        AlignedBuffer scratch = c.Tape.Rent(c.Count);
        Span<float> product = scratch.Span[..c.Count];
        if (a.NeedsGradient)
        {
            Apply<Product>(c, b, product);
            Kernels.AddScaled(product, 1f, a.AddTo(), c.Tape.Threads);
        }

        if (b.NeedsGradient)
        {
            TensorPrimitives.Multiply(c.OutputGradient, a.Value, product);
            AddRepeated(c, product, 1f);
        }

        c.Tape.Return(scratch);
    }

    private static void DivideBackward(Variable c)
    {
        (Variable a, Variable b) = (c.First!, c.Second!);
        AlignedBuffer scratch = c.Tape.Rent(c.Count);
        Span<float> quotient = scratch.Span[..c.Count];
        Apply<Quotient>(c, b, quotient);
        if (a.NeedsGradient)
        {
            Kernels.AddScaled(quotient, 1f, a.AddTo(), c.Tape.Threads);
        }

        if (b.NeedsGradient)
        {
            // d(a/b)/db = −(a/b)/b.
            TensorPrimitives.Multiply(quotient, c.Value, quotient);
            AddRepeated(c, quotient, -1f);
        }

        c.Tape.Return(scratch);
    }

    /// <summary>output = gradient of c ∘ b, with b repeated as it was.</summary>
    private static void Apply<TOperation>(Variable c, Variable b, Span<float> output)
        where TOperation : struct, IBinary
    {
        ReadOnlySpan<float> gradient = c.OutputGradient;
        switch ((Repeat)c.Offset)
        {
            case Repeat.None:
                TOperation.Apply(gradient, b.Value, output);
                break;
            case Repeat.One:
                TOperation.Apply(gradient, b.Value[0], output);
                break;
            default:
                for (int r = 0; r < c.Rows; r++)
                {
                    ReadOnlySpan<float> row = gradient.Slice(r * c.Columns, c.Columns);
                    Span<float> target = output.Slice(r * c.Columns, c.Columns);
                    if ((Repeat)c.Offset == Repeat.Row)
                    {
                        TOperation.Apply(row, b.Value, target);
                    }
                    else
                    {
                        TOperation.Apply(row, b.Value[r], target);
                    }
                }

                break;
        }
    }

    private static void AddGradient(Variable c, Variable target, float factor)
    {
        if (target.NeedsGradient)
        {
            Span<float> sums = target.WriteTo(out bool add);
            Kernels.Scale(c.OutputGradient, factor, sums, add, c.Tape.Threads);
        }
    }

    /// <summary>Adds factor · terms to the gradient of the second matrix, summed over what repeated it.</summary>
    private static void AddRepeated(Variable c, ReadOnlySpan<float> terms, float factor)
    {
        Variable b = c.Second!;
        if (!b.NeedsGradient)
        {
            return;
        }

        if ((Repeat)c.Offset == Repeat.None)
        {
            Span<float> sums = b.WriteTo(out bool add);
            Kernels.Scale(terms, factor, sums, add, c.Tape.Threads);
            return;
        }

        Span<float> target = b.AddTo();
        switch ((Repeat)c.Offset)
        {
            case Repeat.One:
                target[0] += factor * TensorPrimitives.Sum(terms);
                break;
            case Repeat.Row:
                for (int r = 0; r < c.Rows; r++)
                {
                    TensorPrimitives.MultiplyAdd(terms.Slice(r * c.Columns, c.Columns), factor, target, target);
                }

                break;
            default:
                for (int r = 0; r < c.Rows; r++)
                {
                    target[r] += factor * TensorPrimitives.Sum(terms.Slice(r * c.Columns, c.Columns));
                }

                break;
        }
    }

    private readonly struct Sum : IBinary
    {
        public static void Apply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> output) => TensorPrimitives.Add(a, b, output);

        public static void Apply(ReadOnlySpan<float> a, float b, Span<float> output) => TensorPrimitives.Add(a, b, output);
    }

    private readonly struct Difference : IBinary
    {
        public static void Apply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> output) => TensorPrimitives.Subtract(a, b, output);

        public static void Apply(ReadOnlySpan<float> a, float b, Span<float> output) => TensorPrimitives.Subtract(a, b, output);
    }

    private readonly struct Product : IBinary
    {
        public static void Apply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> output) => TensorPrimitives.Multiply(a, b, output);

        public static void Apply(ReadOnlySpan<float> a, float b, Span<float> output) => TensorPrimitives.Multiply(a, b, output);
    }

    private readonly struct Quotient : IBinary
    {
        public static void Apply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> output) => TensorPrimitives.Divide(a, b, output);

        public static void Apply(ReadOnlySpan<float> a, float b, Span<float> output) => TensorPrimitives.Divide(a, b, output);
    }
}
