using System.Globalization;
using Xunit;

namespace Segue.Neural.Tests;

/// <summary>Comparisons of arrays.</summary>
internal static class Numbers
{
    /// <summary>Fails at the first element that is farther off than <paramref name="tolerance"/>, relative where it is above 1 (NaN is far off).</summary>
    public static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance, string what = "")
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i]))))
            {
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{what} element {i} of {expected.Length} is {actual[i]}, not {expected[i]}"));
            }
        }
    }

    /// <summary>Fails where not all bits are equal.</summary>
    public static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what = "")
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
            {
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{what} element {i} of {expected.Length} is {actual[i]:R}, not {expected[i]:R}"));
            }
        }
    }
}
