using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Neural.Tests;

/// <summary>Random shapes and values for the properties of this project.</summary>
internal static class Draw
{
    /// <summary>Runs <paramref name="check"/> with (rows, columns, a third size, a generator of values); 0 and 1 are drawn often.</summary>
    public static void Shapes(Action<int, int, int, Rng> check, int smallest = 0, int largest = 9, int tests = 40)
    {
        Gen<int> size = Gen.Frequency((1, Gen.Constant(smallest)), (1, Gen.Constant(1)), (4, Gen.Choose(smallest, largest)));
        Gen<(int Rows, int Columns, int Third, int Seed)> shapes =
            from r in size from c in size from t in size from s in Gen.Choose(0, int.MaxValue) select (r, c, t, s);
        Prop.ForAll(Arb.From(shapes), s => check(s.Rows, s.Columns, s.Third, new Rng((ulong)s.Seed, "draw")))
            .Check(Properties.Cases(tests));
    }

    /// <summary>Standard normal values.</summary>
    public static (int Rows, int Columns, float[] Values) Matrix(Rng rng, int rows, int columns)
    {
        var values = new float[rows * columns];
        rng.FillGaussian(values, 1f);
        return (rows, columns, values);
    }

    /// <summary>Values of both signs, none nearer to 0 than <paramref name="distance"/>: a kink or a pole is there.</summary>
    public static (int Rows, int Columns, float[] Values) AwayFromZero(Rng rng, int rows, int columns, float distance)
    {
        (int, int, float[] Values) matrix = Matrix(rng, rows, columns);
        foreach (ref float x in matrix.Values.AsSpan())
        {
            x += x < 0 ? -distance : distance;
        }

        return matrix;
    }

    /// <summary>Values from <paramref name="low"/> to <paramref name="high"/>.</summary>
    public static (int Rows, int Columns, float[] Values) Between(Rng rng, int rows, int columns, float low, float high)
    {
        (int, int, float[] Values) matrix = Matrix(rng, rows, columns);
        foreach (ref float x in matrix.Values.AsSpan())
        {
            x = low + ((high - low) * rng.NextSingle());
        }

        return matrix;
    }

    /// <summary>Indices below <paramref name="rows"/>, most of them repeated; none where there are no rows.</summary>
    public static int[] Indices(Rng rng, int count, int rows) =>
        rows == 0 ? [] : [.. Enumerable.Range(0, count).Select(_ => rng.Next(Math.Max(1, Math.Min(rows, 1 + (rows / 2)))))];

    /// <summary>Starts of segments that cut <paramref name="count"/>; some are empty.</summary>
    public static int[] Starts(Rng rng, int segments, int count)
    {
        int[] cuts = [.. Enumerable.Range(0, Math.Max(0, segments - 1)).Select(_ => rng.Next(count + 1)).Order()];
        return segments == 0 && count == 0 ? [0] : [0, .. cuts, count];
    }

    /// <summary>A sparse matrix; some rows and columns are empty.</summary>
    public static CsrMatrix Sparse(Rng rng, int rows, int columns, int entries)
    {
        if (rows == 0 || columns == 0)
        {
            return CsrMatrix.FromTriplets(rows, columns, [], [], []);
        }

        (_, _, float[] values) = Matrix(rng, 1, entries);
        return CsrMatrix.FromTriplets(
            rows, columns, [.. Enumerable.Range(0, entries).Select(_ => rng.Next(rows))],
            [.. Enumerable.Range(0, entries).Select(_ => rng.Next(columns))], values);
    }
}
