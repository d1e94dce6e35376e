using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Sampling;

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
}
