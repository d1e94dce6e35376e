using System.Globalization;
using System.Runtime.Intrinsics;
using Xunit;

namespace Segue.Numerics.Tests;

/// <summary>Continuous integration runs these tests again with narrower vectors (<c>SEGUE_VECTOR_BITS</c>): here is the proof that they are narrower.</summary>
public sealed class VectorWidthTests
{
    [Fact]
    public void Vectors_are_no_wider_than_asked_for()
    {
        string? asked = Environment.GetEnvironmentVariable("SEGUE_VECTOR_BITS");
        Assert.SkipWhen(string.IsNullOrEmpty(asked), "SEGUE_VECTOR_BITS is not set: vectors are as wide as the processor has them.");
        int bits = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
        Assert.InRange(bits, 128, int.Parse(asked!, CultureInfo.InvariantCulture));
    }
}
