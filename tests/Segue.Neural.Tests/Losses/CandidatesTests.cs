using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Tests.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Losses;

public sealed class CandidatesTests
{
    [Fact]
    public void Gradients_are_those_of_central_differences() => Draw.Shapes(
        (rows, columns, third, rng) =>
        {
            int classes = 2 + rng.Next(8);
            Candidates candidates = Make(rng, rows, third, classes);
            (int, int, float[]) x = Draw.Matrix(rng, rows, columns), table = Draw.Matrix(rng, classes, columns), bias = Draw.Matrix(rng, classes, 1);
            GradientCheck.Run(v => v[0].CandidateScores(v[1], candidates), [x, table]);
            GradientCheck.Run(v => v[0].CandidateScores(v[1], candidates, v[2]), [x, table, bias]);
            (int, int, float[]) positive = Draw.Matrix(rng, rows, 1), negative = Draw.Matrix(rng, rows, third);
            GradientCheck.Run(v => v[0].SampledSoftmaxLoss(v[1], candidates), [positive, negative]);
            GradientCheck.Run(v => v[0].GeneralizedLogisticLoss(v[1], candidates, 0.4), [positive, negative]);
        },
        largest: 6, tests: 25);

    /// <summary>Drawn in proportion to q, with ln of the expected count: the sum in the denominator is right on average.</summary>
    [Fact]
    public void The_sampled_denominator_is_right_on_average()
    {
        const int Classes = 12, Drawn = 5, Tries = 20_000;
        var rng = new Rng(2, "average");
        float[] scores = Draw.Matrix(rng, 1, Classes).Values;
        double[] weights = [.. Enumerable.Range(1, Classes).Select(c => 1.0 / c)];
        var table = new AliasTable(weights);
        double all = weights.Sum(), sum = 0, right = scores.Sum(s => Math.Exp(s));
        var tape = new Tape();
        for (int n = 0; n < Tries; n++)
        {
            tape.Reset();
            int[] drawn = [.. Enumerable.Range(0, Drawn).Select(_ => table.Draw(rng))];
            var candidates = new Candidates(
                new[] { 0, 1 }, Drawn, drawn, new[] { 3 }, drawn.Select(c => (float)Math.Log(Drawn * weights[c] / all)).ToArray());
            Variable negative = tape.Constant(drawn.Select(c => scores[c]).ToArray(), 1, Drawn);
            float loss = tape.Constant([scores[3]], 1, 1).SampledSoftmaxLoss(negative, candidates).Scalar;
            sum += Math.Exp(loss + scores[3]);
        }

        Assert.Equal(1, sum / Tries / right, 0.02);
    }

    [Fact]
    public void Large_scores_neither_overflow_nor_lose_a_small_loss()
    {
        var tape = new Tape();
        var candidates = new Candidates(new[] { 0, 2 }, 2, new[] { 1, 2 }, new[] { 0, 2 });
        Variable positive = tape.Input([900f, -900f], 2, 1), negative = tape.Input([800f, -800f, 900f, 900f], 2, 2);
        Numbers.Close([900], tape.Constant([1f], 1, 1).Multiply(positive.SampledSoftmaxLoss(negative, candidates)).Value, 1e-6);
        Assert.True(float.IsFinite(positive.GeneralizedLogisticLoss(negative, candidates, 1).Scalar));
    }

    [Fact]
    public void A_weight_of_the_positive_goes_from_one_to_the_share_that_is_drawn()
    {
        Assert.Equal(1, CandidateLosses.PositiveWeight(256, 1025, 0), 1e-12);
        Assert.Equal(0.25, CandidateLosses.PositiveWeight(256, 1025, 1), 1e-12);
        Assert.Equal(0.4375, CandidateLosses.PositiveWeight(256, 1025, 0.75), 1e-12);
        Assert.Equal(1, CandidateLosses.PositiveWeight(256, 20, 0.75), 1e-12);
    }

    [Fact]
    public void Candidates_that_do_not_fit_are_refused()
    {
        var tape = new Tape();
        Variable x = tape.Constant(new float[6], 3, 2), table = tape.Constant(new float[8], 4, 2);
        int[] starts = [0, 1, 3], classes = [0, 1, 2, 3], target = [0, 1, 2];
        Assert.Throws<ArgumentException>(() => x.CandidateScores(table, new Candidates(new[] { 0, 2 }, 2, classes, target)));
        Assert.Throws<ArgumentException>(() => x.CandidateScores(table, new Candidates(starts, 3, classes, target)));
        Assert.Throws<ArgumentException>(() => x.CandidateScores(table, new Candidates(starts, 2, classes, new[] { 0, 1 })));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.CandidateScores(table, new Candidates(starts, 2, new[] { 0, 1, 2, 4 }, target)));
        Assert.Throws<ArgumentException>(() => x.CandidateScores(tape.Constant(new float[12], 4, 3), new Candidates(starts, 2, classes, target)));
        Variable scores = x.CandidateScores(table, new Candidates(starts, 2, classes, target)), positive = tape.Constant(new float[3], 3, 1);
        Assert.Throws<ArgumentException>(() => positive.SampledSoftmaxLoss(scores, new Candidates(starts, 1, new[] { 0, 1 }, target)));
        Assert.Throws<ArgumentException>(() => x.SampledSoftmaxLoss(scores, new Candidates(starts, 2, classes, target)));
    }

    private static Candidates Make(Rng rng, int rows, int count, int classes)
    {
        int[] starts = Draw.Starts(rng, 1 + rng.Next(3), rows);
        int groups = starts.Length - 1;
        float[] expected = [.. Draw.Matrix(rng, groups, count).Values.Select(v => 0.5f * v)];
        return new Candidates(starts, count, Draw.Indices(rng, groups * count, classes), Draw.Indices(rng, rows, classes), expected);
    }
}
