using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

/// <summary>The loops behind element-wise operations, through the operations.</summary>
public sealed class KernelsTests
{
    private const int Large = 1 << 16, Chunk = 1 << 14;

    public static TheoryData<string, int> Cases => new MatrixTheoryData<string, int>(
        [.. ActivationsTests.Names.Select(row => row.Data)],
        [Large - 1, Large, Large + 1, Large + 2, Large + 3, Large + 5, Large + 7, Large + 9, Large + 15, Large + Chunk + 1, Large + Chunk + 31]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Chunks_of_any_size_have_the_bits_of_the_whole(string name, int count)
    {
        float[] values = Draw.Between(new Rng(1, "kernels"), 1, count, 0.01f, 4f).Values;
        (float[] value, float[] gradient) = Run(1);
        for (int threads = 2; threads <= 3; threads++)
        {
            (float[] otherValue, float[] otherGradient) = Run(threads);
            Numbers.SameBits(value, otherValue, $"{name}, {threads} threads:");
            Numbers.SameBits(gradient, otherGradient, $"gradient of {name}, {threads} threads:");
        }

        (float[] Value, float[] Gradient) Run(int threads)
        {
            var tape = new Tape(threads);
            Variable x = tape.Input(values, 1, count), y = ActivationsTests.Apply(name, x);
            tape.Backward(y.Square().Scale(0.7f).Sum());
            return (y.Value.ToArray(), x.Gradient.ToArray());
        }
    }
}
