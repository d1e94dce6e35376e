namespace Segue.Neural.Autodiff;

/// <summary>Checks of sizes; every message names both matrices.</summary>
internal static class Shapes
{
    public static void Require(bool holds, Variable a, Variable b, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"{a.Rows} × {a.Columns} and {b.Rows} × {b.Columns} do not fit: {rule}");
        }
    }

    public static void RequireSame(Variable a, Variable b) =>
        Require(a.Rows == b.Rows && a.Columns == b.Columns, a, b, "the operation needs matrices of one size");

    public static void RequireRoom(int rows, int columns)
    {
        if ((long)rows * columns > Array.MaxLength - 16)
        {
            throw new MatrixRoomException($"a result of {rows} × {columns} has more values than one matrix can hold, {Array.MaxLength - 16}");
        }
    }

    public static void RequireStarts(ReadOnlySpan<int> starts, int count, string what)
    {
        bool holds = starts.Length > 0 && starts[0] == 0 && starts[^1] == count;
        for (int s = 1; holds && s < starts.Length; s++)
        {
            holds = starts[s] >= starts[s - 1];
        }

        if (!holds)
        {
            throw new ArgumentException($"the starts of {starts.Length - 1} segments do not cut {count} {what}: give 0, …, {count}, ascending");
        }
    }

    public static void RequireIndices(ReadOnlySpan<int> indices, int rows)
    {
        foreach (int index in indices)
        {
            if ((uint)index >= (uint)rows)
            {
                throw new ArgumentOutOfRangeException(nameof(indices), $"row {index} is not one of {rows}");
            }
        }
    }
}
