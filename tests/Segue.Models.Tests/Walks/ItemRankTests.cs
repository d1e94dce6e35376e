using Segue.Core.Contracts;
using Segue.Models.Walks;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Walks;

public sealed class ItemRankTests : RecommenderContract
{
    // Measured .1759: the walk ends up at what is popular. Damping .1 .4262, .84 .1839, .86 .1677; one step .4299; ones for plays .1660.
    protected override (double Low, double High) NdcgWindow => (0.1749, 0.1769);

    protected override IModel CreateModel() => new ItemRank(new ItemRankOptions());

    [Fact]
    public void Scores_are_those_of_the_correlation_graph() => RandomListens.ForAll((data, rng) =>
    {
        var options = new ItemRankOptions { Damping = 0.3 + (0.6 * rng.NextDouble()), Steps = 1 + rng.Next(25), Weighted = rng.Next(2) == 0 };
        var recommender = (IExplains)new ItemRank(options).Fit(data, Context());
        int items = data.Items.Count;
        (int User, int Item, float Weight)[] plays = [.. Enumerable.Range(0, data.Count).Select(n =>
            (data.UserIndex.Span[n], data.ItemIndex.Span[n], options.Weighted && data.HasWeight ? data.Weight.Span[n] : 1))];
        HashSet<int>[] heardBy = [.. Enumerable.Range(0, items).Select(i => plays.Where(p => p.Item == i).Select(p => p.User).ToHashSet())];
        for (int user = 0; user < data.Users.Count; user++)
        {
            double[] begin = [.. Enumerable.Range(0, items).Select(i => options.Weighted
                ? (double)plays.Where(p => (p.User, p.Item) == (user, i)).Sum(p => p.Weight)
                : heardBy[i].Contains(user) ? 1 : 0)];
            double sum = begin.Sum();
            begin = Array.ConvertAll(begin, b => sum > 0 ? b / sum : 0);
            double[] rank = [.. begin];
            for (int step = 0; step < options.Steps; step++)
            {
                double[] next = Array.ConvertAll(begin, b => (1 - options.Damping) * b);
                for (int j = 0; j < items; j++)
                {
                    double column = Enumerable.Range(0, items).Where(k => k != j).Sum(k => heardBy[k].Intersect(heardBy[j]).Count());
                    for (int i = 0; i < items; i++)
                    {
                        next[i] += i == j || column == 0 ? 0 : options.Damping * rank[j] * heardBy[i].Intersect(heardBy[j]).Count() / column;
                    }
                }

                rank = next;
            }

            float[] scores = Scores(recommender, Query.ForUser(user));
            for (int i = 0; i < items; i++)
            {
                Assert.Equal(rank[i], float.IsNaN(scores[i]) ? 0 : scores[i], 1e-5 * rank[i]);
                Assert.Equal(rank[i], recommender.Explain(Query.ForUser(user), i, int.MaxValue).Sum(r => r.Weight), 1e-5 * rank[i]);
            }

            int[] own = [.. Enumerable.Range(0, data.Count).Where(n => data.UserIndex.Span[n] == user)];
            float[] folded = Scores(recommender, Query.ForHistory(own.Select(n => data.ItemIndex.Span[n]).ToArray(), own.Select(n => data.HasWeight ? data.Weight.Span[n] : 1).ToArray()));
            Assert.Equal(scores, folded, (a, b) => Math.Abs(a - b) <= 1e-5f * Math.Abs(a) || (float.IsNaN(a) && float.IsNaN(b)));
        }
    });
}
