using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class CausalAttentionTests
{
    [Fact]
    public void Gradients_are_those_of_central_differences() => Draw.Shapes(
        (rows, width, heads, rng) =>
        {
            int[] starts = Draw.Starts(rng, 1 + rng.Next(4), rows);
            (int, int, float[]) x = Draw.Matrix(rng, rows, 3 * heads * width);
            GradientCheck.Run(v => v[0].AttendCausally(starts, Math.Max(1, heads)), [x]);

            // The same attentions are dropped every time.
            GradientCheck.Run(v => v[0].AttendCausally(starts, Math.Max(1, heads), 0.4f, new Rng(4, "dropout")), [x]);
        },
        largest: 4, tests: 25);

    [Fact]
    public void A_row_does_not_see_later_rows_nor_other_sequences_and_threads_change_no_bit()
    {
        var rng = new Rng(8, "rows");
        int[] starts = [0, 40, 40, 95, 140];
        float[] values = Draw.Matrix(rng, 140, 96).Values;
        float[] all = Run(values, 1), threads = Run(values, 3), changed = [.. values];
        Numbers.SameBits(all, threads);
        for (int n = 60 * 96; n < 61 * 96; n++)
        {
            changed[n] += 1;
        }

        float[] after = Run(changed, 1);
        Numbers.SameBits(all.AsSpan(0, 60 * 32), after.AsSpan(0, 60 * 32), "before");
        Numbers.SameBits(all.AsSpan(95 * 32), after.AsSpan(95 * 32), "the next sequence");
        for (int row = 60; row < 95; row++)
        {
            Assert.NotEqual(all[row * 32], after[row * 32]);
        }

        float[] Run(float[] x, int count)
        {
            var tape = new Tape(count);
            return tape.Constant(x, 140, 96).AttendCausally(starts, 4).Value.ToArray();
        }
    }

    [Fact]
    public void Dropped_attentions_leave_the_mean()
    {
        var tape = new Tape();
        var rng = new Rng(9, "mean");
        float[] values = Draw.Matrix(rng, 6, 6).Values;
        Variable x = tape.Constant(values, 6, 6);
        float[] whole = x.AttendCausally(new[] { 0, 6 }).Value.ToArray();
        var sums = new double[12];
        for (int n = 0; n < 20_000; n++)
        {
            tape.Reset();
            Variable dropped = tape.Constant(values, 6, 6).AttendCausally(new[] { 0, 6 }, 1, 0.3f, rng);
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += dropped.Value[i] / 20_000.0;
            }
        }

        Numbers.Close(sums, whole, 0.02);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        var tape = new Tape();
        Variable x = tape.Constant(new float[36], 3, 12);
        Assert.Contains("multiple of 9", Assert.Throws<ArgumentException>(() => x.AttendCausally(new[] { 0, 3 }, 3)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => x.AttendCausally(new[] { 0, 2 }, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.AttendCausally(new[] { 0, 3 }, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.AttendCausally(new[] { 0, 3 }, 2, 1f, new Rng(1)));
        Assert.Throws<ArgumentNullException>(() => x.AttendCausally(new[] { 0, 3 }, 2, 0.5f));
    }
}
