namespace Segue.Numerics.Sparse;

/// <summary>
/// An immutable sparse matrix in compressed sparse rows: the entries of row r are at positions
/// <c>RowStart[r] … RowStart[r + 1] − 1</c> of <see cref="ColumnIndex"/> and <see cref="Values"/>, columns ascending, no duplicates.
/// </summary>
/// <remarks>At most 2³¹ − 1 entries. Memory 8 bytes an entry and 4 bytes a row.</remarks>
public sealed class CsrMatrix
{
    /// <summary>Wraps arrays that already have the shape described on the type; nothing is copied.</summary>
    /// <exception cref="ArgumentException">The lengths do not fit each other.</exception>
    public CsrMatrix(int rows, int columns, int[] rowStart, int[] columnIndex, float[] values)
    {
        ArgumentNullException.ThrowIfNull(rowStart);
        ArgumentNullException.ThrowIfNull(columnIndex);
        ArgumentNullException.ThrowIfNull(values);
        if (rowStart.Length != rows + 1 || rowStart[rows] != columnIndex.Length || columnIndex.Length != values.Length)
        {
            throw new ArgumentException(
                $"CSR arrays do not fit: {rows} rows, {rowStart.Length} row starts, {columnIndex.Length} column indices, {values.Length} values");
        }

        Rows = rows;
        Columns = columns;
        RowStart = rowStart;
        ColumnIndex = columnIndex;
        Values = values;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Length <see cref="Rows"/> + 1, ascending from 0.</summary>
    public int[] RowStart { get; }

    /// <summary>Column of every entry.</summary>
    public int[] ColumnIndex { get; }

    /// <summary>Value of every entry.</summary>
    public float[] Values { get; }

    /// <summary>Number of stored entries.</summary>
    public int Count => ColumnIndex.Length;

    /// <summary>Number of entries in row <paramref name="row"/>.</summary>
    public int RowLength(int row) => RowStart[row + 1] - RowStart[row];

    /// <summary>Columns of row <paramref name="row"/>, ascending.</summary>
    public ReadOnlySpan<int> RowColumns(int row) => ColumnIndex.AsSpan(RowStart[row], RowLength(row));

    /// <summary>Values of row <paramref name="row"/>, in the order of <see cref="RowColumns"/>.</summary>
    public ReadOnlySpan<float> RowValues(int row) => Values.AsSpan(RowStart[row], RowLength(row));

    /// <summary>Builds a matrix from unordered triplets; values of equal (row, column) are added in the order given.</summary>
    /// <remarks>Two stable counting sorts: time O(entries + rows + columns), memory about three times the result.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">An index lies outside the matrix.</exception>
    public static CsrMatrix FromTriplets(
        int rows, int columns, ReadOnlySpan<int> rowIndex, ReadOnlySpan<int> columnIndex, ReadOnlySpan<float> values)
    {
        int count = rowIndex.Length;
        if (columnIndex.Length != count || (values.Length != count && values.Length != 0))
        {
            throw new ArgumentException($"Triplet lengths differ: {count} rows, {columnIndex.Length} columns, {values.Length} values");
        }

        var columnStart = new int[columns + 1];
        for (int n = 0; n < count; n++)
        {
            if ((uint)rowIndex[n] >= (uint)rows || (uint)columnIndex[n] >= (uint)columns)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(rowIndex), $"entry {n} is at ({rowIndex[n]}, {columnIndex[n]}), outside a {rows} × {columns} matrix");
            }

            columnStart[columnIndex[n] + 1]++;
        }

        for (int c = 0; c < columns; c++)
        {
            columnStart[c + 1] += columnStart[c];
        }

        CancellationScope.Check();

        // First by column, then stably by row: the second pass leaves every row's columns ascending.
        var byColumn = new int[count];
        for (int n = 0; n < count; n++)
        {
            byColumn[columnStart[columnIndex[n]]++] = n;
        }

        CancellationScope.Check();
        var start = new int[rows + 1];
        foreach (int r in rowIndex)
        {
            start[r + 1]++;
        }

        for (int r = 0; r < rows; r++)
        {
            start[r + 1] += start[r];
        }

        CancellationScope.Check();
        var next = start.AsSpan(0, rows).ToArray();
        var sortedColumns = new int[count];
        var sortedValues = new float[count];
        foreach (int n in byColumn)
        {
            int position = next[rowIndex[n]]++;
            sortedColumns[position] = columnIndex[n];
            sortedValues[position] = values.Length == 0 ? 1f : values[n];
        }

        return MergeDuplicates(rows, columns, start, sortedColumns, sortedValues);
    }

    /// <summary>The transpose, with every row's columns ascending. Time and memory O(entries + columns).</summary>
    public CsrMatrix Transpose()
    {
        var start = new int[Columns + 1];
        foreach (int c in ColumnIndex)
        {
            start[c + 1]++;
        }

        for (int c = 0; c < Columns; c++)
        {
            start[c + 1] += start[c];
        }

        CancellationScope.Check();
        var next = start.AsSpan(0, Columns).ToArray();
        var index = new int[Count];
        var values = new float[Count];
        for (int r = 0; r < Rows; r++)
        {
            CancellationScope.CheckAt(r);
            for (int n = RowStart[r]; n < RowStart[r + 1]; n++)
            {
                int position = next[ColumnIndex[n]]++;
                index[position] = r;
                values[position] = Values[n];
            }
        }

        return new CsrMatrix(Columns, Rows, start, index, values);
    }

    /// <summary>The same pattern with other values, for example all ones or a re-weighting.</summary>
    public CsrMatrix WithValues(float[] values) => new(Rows, Columns, RowStart, ColumnIndex, values);

    /// <summary>Value at (row, column), 0 where nothing is stored. Time O(log row length).</summary>
    public float this[int row, int column]
    {
        get
        {
            int at = RowColumns(row).BinarySearch(column);
            return at < 0 ? 0f : Values[RowStart[row] + at];
        }
    }

    private static CsrMatrix MergeDuplicates(int rows, int columns, int[] start, int[] index, float[] values)
    {
        var mergedStart = new int[rows + 1];
        int write = 0;
        for (int r = 0; r < rows; r++)
        {
            CancellationScope.CheckAt(r);
            int rowBegin = write;
            for (int n = start[r]; n < start[r + 1]; n++)
            {
                if (write > rowBegin && index[write - 1] == index[n])
                {
                    values[write - 1] += values[n];
                }
                else
                {
                    index[write] = index[n];
                    values[write] = values[n];
                    write++;
                }
            }

            mergedStart[r + 1] = write;
        }

        return write == index.Length
            ? new CsrMatrix(rows, columns, start, index, values)
            : new CsrMatrix(rows, columns, mergedStart, index.AsSpan(0, write).ToArray(), values.AsSpan(0, write).ToArray());
    }
}
