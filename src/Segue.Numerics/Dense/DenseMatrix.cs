namespace Segue.Numerics.Dense;

/// <summary>A single-precision matrix, row-major, without padding: element (r, c) is <c>Values[r * Columns + c]</c>.</summary>
public sealed class DenseMatrix
{
    /// <summary>A zero matrix of <paramref name="rows"/> × <paramref name="columns"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative, or the product exceeds 2³¹ − 1 elements.</exception>
    public DenseMatrix(int rows, int columns)
        : this(rows, columns, new float[ElementCount(rows, columns)])
    {
    }

    /// <summary>A view over <paramref name="values"/>; the array is not copied.</summary>
    /// <exception cref="ArgumentException">The array's length is not rows × columns.</exception>
    public DenseMatrix(int rows, int columns, float[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Length != ElementCount(rows, columns))
        {
            throw new ArgumentException($"{values.Length} values do not fill a {rows} × {columns} matrix; give {ElementCount(rows, columns)}", nameof(values));
        }

        Rows = rows;
        Columns = columns;
        Values = values;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>The elements, row after row.</summary>
    public float[] Values { get; }

    /// <summary>Row <paramref name="index"/> as a span of <see cref="Columns"/> floats.</summary>
    public Span<float> Row(int index) => Values.AsSpan(index * Columns, Columns);

    private static int ElementCount(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        long count = (long)rows * columns;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.MaxLength);
        return (int)count;
    }
}
