using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Numerics.Tests;

/// <summary>Shapes and values that kernels are likely to get wrong.</summary>
internal static class Shapes
{
    /// <summary>0, 1, the neighbours of every tile and vector size, and anything up to <paramref name="largest"/>.</summary>
    public static Gen<int> Size(int largest) => Gen.Frequency(
        (1, Gen.Elements(0, 1, 2)),
        (3, Gen.Elements(new[] { 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 96, 97, 127, 128, 129 }
            .Where(s => s <= largest).ToArray())),
        (3, Gen.Choose(0, largest)));

    /// <summary>Standard normal numbers, the same for the same arguments.</summary>
    public static float[] Gaussian(int count, string name)
    {
        var values = new float[count];
        new Rng(7, name).FillGaussian(values, 1f);
        return values;
    }

    /// <summary>A sparse matrix of normal numbers at random places; equal places are added.</summary>
    public static CsrMatrix Sparse(int rows, int columns, int entries)
    {
        var rng = new Rng(7, "sparse");
        int[] row = new int[entries], column = new int[entries];
        for (int n = 0; n < entries; n++)
        {
            (row[n], column[n]) = (rng.Next(rows), rng.Next(columns));
        }

        return CsrMatrix.FromTriplets(rows, columns, row, column, Gaussian(entries, "values"));
    }

    /// <summary>Fails at the first element that is farther off than <paramref name="tolerance"/>, relative where it is above 1 (NaN is far off).</summary>
    public static void Close(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"element {i} is {actual[i]}, not {expected[i]}");
        }
    }
}
