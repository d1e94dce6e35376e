using System.Numerics.Tensors;
using Segue.Numerics.Dense;

namespace Segue.Neural.Autodiff;

/// <summary>A matrix that is learned: its value outlives the steps, its gradient is collected in every one.</summary>
/// <remarks>
/// A row-sparse parameter (an embedding table) keeps account of the rows a step touched, so that a step costs what it uses and not what the
/// table holds. Not thread-safe. Memory: 4 bytes a value, as many more once it has a gradient, 5 a row where row-sparse.
/// </remarks>
public sealed class Parameter
{
    private readonly AlignedBuffer _value;
    private AlignedBuffer? _gradient;
    private readonly int[] _touched;
    private readonly bool[] _isTouched;
    private int _touchedCount;

    /// <summary>A zero matrix to be learned.</summary>
    /// <param name="name">Unique within a model, for example <c>user_embedding</c>.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="isRowSparse">True where a step touches few of the rows.</param>
    /// <param name="isFrozen">True for a constant that is kept outside the tape: no gradient.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative size, or more values than an array can hold.</exception>
    public Parameter(string name, int rows, int columns, bool isRowSparse = false, bool isFrozen = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        (Name, Rows, Columns, IsRowSparse, IsFrozen) = (name, rows, columns, isRowSparse, isFrozen);
        _value = new AlignedBuffer((long)rows * columns);
        _touched = isRowSparse ? new int[rows] : [];
        _isTouched = isRowSparse ? new bool[rows] : [];
    }

    /// <summary>Unique within a model.</summary>
    public string Name { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Columns.</summary>
    public int Columns { get; }

    /// <summary>True where only the rows a step touched have a gradient.</summary>
    public bool IsRowSparse { get; }

    /// <summary>True for a constant.</summary>
    public bool IsFrozen { get; }

    /// <summary>Step size of this parameter as a multiple of its optimizer's.</summary>
    public double RateFactor { get; set; } = 1;

    /// <summary>The values, row after row.</summary>
    public Span<float> Value => _value.Span;

    /// <summary>
    /// The gradient collected since <see cref="ClearGradient"/>, row after row. In a row-sparse parameter only <see cref="TouchedRows"/> mean
    /// something.
    /// </summary>
    /// <exception cref="InvalidOperationException">The parameter is frozen.</exception>
    public Span<float> Gradient => GradientBuffer.Span;

    /// <summary>True where a gradient was collected.</summary>
    public bool HasGradient { get; private set; }

    /// <summary>Rows with a gradient, in the order of first use; empty where the parameter is not row-sparse.</summary>
    public ReadOnlySpan<int> TouchedRows => _touched.AsSpan(0, _touchedCount);

    internal AlignedBuffer ValueBuffer => _value;

    /// <summary>Made when it is first needed: a model that only predicts has none.</summary>
    internal AlignedBuffer GradientBuffer => !IsFrozen
        ? _gradient ??= new AlignedBuffer(_value.Length)
        : throw new InvalidOperationException($"parameter '{Name}' is frozen and has no gradient");

    /// <summary>One row of the values.</summary>
    public Span<float> Row(int index) => _value.Slice((long)index * Columns, Columns);

    /// <summary>Forgets the gradient. O(touched rows).</summary>
    public void ClearGradient()
    {
        foreach (int row in TouchedRows)
        {
            _isTouched[row] = false;
        }

        _touchedCount = 0;
        HasGradient = false;
    }

    /// <summary>Scales the gradient.</summary>
    public void ScaleGradient(float factor)
    {
        if (!HasGradient)
        {
            return;
        }

        if (!IsRowSparse)
        {
            TensorPrimitives.Multiply(Gradient, factor, Gradient);
            return;
        }

        foreach (int row in TouchedRows)
        {
            Span<float> gradient = GradientBuffer.Slice((long)row * Columns, Columns);
            TensorPrimitives.Multiply(gradient, factor, gradient);
        }
    }

    /// <summary>Σ of the squared gradient.</summary>
    public double SquaredGradient()
    {
        if (!HasGradient)
        {
            return 0;
        }

        if (!IsRowSparse)
        {
            return TensorPrimitives.SumOfSquares<float>(Gradient);
        }

        double sum = 0;
        foreach (int row in TouchedRows)
        {
            sum += TensorPrimitives.SumOfSquares<float>(GradientBuffer.Slice((long)row * Columns, Columns));
        }

        return sum;
    }

    /// <summary>The whole gradient, to be added to (<paramref name="add"/>) or, where it is fresh, to be written.</summary>
    internal Span<float> TouchAll(out bool add)
    {
        if (!IsRowSparse)
        {
            add = HasGradient;
            HasGradient = true;
            return Gradient;
        }

        for (int row = 0; row < Rows; row++)
        {
            TouchRow(row);
        }

        HasGradient = true;
        add = true;
        return Gradient;
    }

    /// <summary>Makes rows ready to be added to.</summary>
    internal void Touch(ReadOnlySpan<int> rows)
    {
        if (!IsRowSparse)
        {
            if (!HasGradient)
            {
                Gradient.Clear();
            }
        }
        else
        {
            foreach (int row in rows)
            {
                TouchRow(row);
            }
        }

        HasGradient = true;
    }

    private void TouchRow(int row)
    {
        if (!_isTouched[row])
        {
            _isTouched[row] = true;
            _touched[_touchedCount++] = row;
            GradientBuffer.Slice((long)row * Columns, Columns).Clear();
        }
    }
}
