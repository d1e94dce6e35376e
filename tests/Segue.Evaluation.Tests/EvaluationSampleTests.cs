using Segue.Core.Splitting;
using Xunit;

namespace Segue.Evaluation.Tests;

public class EvaluationSampleTests
{
    [Fact]
    public void Users_are_drawn_from_those_with_a_right_answer_and_keep_all_of_theirs()
    {
        // Users 0 … 19 know item 0; even ones have two new right answers, odd ones only the known item.
        int[][] known = [.. Enumerable.Repeat(new[] { 0 }, 20)], relevant = [.. Enumerable.Range(0, 20).Select(u => u % 2 == 0 ? new[] { 1, 2 } : new[] { 0 })];
        EvaluationSet set = Fixture.Set(5, known, relevant);
        int[] drawn = Users(EvaluationSample.OfUsers(set, 4, keepSeen: false, seed: 1));
        Assert.Equal(4, drawn.Length);
        Assert.All(drawn, u => Assert.Equal(0, u % 2));
        Assert.Equal(8, EvaluationSample.OfUsers(set, 4, keepSeen: false, seed: 1).Relevant.Count);
        Assert.Equal(drawn, Users(EvaluationSample.OfUsers(set, 4, keepSeen: false, seed: 1)));
        Assert.NotEqual(drawn, Users(EvaluationSample.OfUsers(set, 4, keepSeen: false, seed: 2)));
        Assert.Equal(10, Users(EvaluationSample.OfUsers(set, 999, keepSeen: false, seed: 1)).Length);
        Assert.Equal(20, Users(EvaluationSample.OfUsers(set, 999, keepSeen: true, seed: 1)).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationSample.OfUsers(set, 0, keepSeen: false, seed: 1));
    }

    private static int[] Users(EvaluationSet set) => [.. set.Relevant.UserIndex.ToArray().Distinct()];
}
