using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Sequence;
using Segue.Models.Walks;
using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

/// <summary>
/// Runs parts of the checked-in recipes on the real data and holds their figures in windows. The windows are much narrower than the spread
/// over seeds (about .002 to .005): seed and data are fixed, so only rounding may move a figure, and whatever moves it further is a change
/// of meaning. They were set from the right figure and from three runs that are wrong on purpose: known items not masked, test data in
/// training, another seed (1); all three fall outside in at least one of a row's figures.
/// </summary>
public sealed class RecipeAccuracyTests
{
    [Fact]
    public void HetRec_ranking()
    {
        ExperimentReport report = Run("hetrec-ranking.json", "hetrec2011-lastfm-2k.zip", ["popularity", "item-knn", "bpr", "als", "ials"]);

        // Known items kept .0504 / .0389, test data in training .0745 / .0647, seed 1 .0755 / .0669. Counts have no rounding.
        // Listeners of rare artists tie: in the order of the file popularity would have .0718 and .0638.
        Check(report, "popularity", ("recall@10", 0.0719, 0.0721), ("ndcg@10", 0.0638, 0.0640));

        // Kept .0820 / .0729, test in training .4252 / .4215, seed 1 .1946 / .1910.
        Check(report, "item-knn", ("recall@10", 0.1960, 0.1966), ("ndcg@10", 0.1946, 0.1952));

        // Kept .0921 / .0707, test in training .3525 / .3297, seed 1 .1929 / .1841. Sixty epochs of stochastic steps let rounding grow,
        // so that machines with other vector widths may differ by more than a unit of the last place shown.
        Check(report, "bpr", ("recall@10", 0.1944, 0.1984), ("ndcg@10", 0.1825, 0.1855));

        // Kept .0718 / .0673, test in training .4693 / .3666, seed 1 .1873 / .1676.
        Check(report, "als", ("recall@10", 0.1903, 0.1923), ("ndcg@10", 0.1756, 0.1776));

        // Kept .0776 / .0642, test in training .4212 / .3801, seed 1 .2125 / .1988; LightGCN is published with .2064 / .1972.
        Check(report, "ials", ("recall@10", 0.2117, 0.2137), ("ndcg@10", 0.2026, 0.2046));
    }

    [Fact]
    public void HetRec_five_core_with_ease()
    {
        // The whole data has 17,632 artists and takes a minute and a half of processor time to invert; the 5-core has a sixth of them.
        ExperimentReport report = Run("hetrec-ranking.json", "hetrec2011-lastfm-2k.zip", ["ease"], kCore: 5);

        // Kept .0745 / .0471, test in training .7353 / .6363, seed 1 .2527 / .2303.
        Check(report, "ease", ("recall@10", 0.2542, 0.2556), ("ndcg@10", 0.2268, 0.2282));
    }

    [Fact]
    public void HetRec_regression()
    {
        ExperimentReport report = Run("hetrec-regression.json", "hetrec2011-lastfm-2k.zip", ["global mean", "bias"]);

        // The mean of the target itself: 0.0240 to 0.0258 over seeds and cuts. Raw play counts, or shares without the logarithm, are far off.
        Check(report, "global mean", ("mse", 0.0246, 0.0248), ("mae", 0.1177, 0.1179));

        // Without item bias .0114 / .0786, without user bias .0237 / .1146, test in training .0092 / .0707, seed 1 .0108 / .0771.
        Check(report, "bias", ("mse", 0.0107, 0.0109), ("mae", 0.0765, 0.0767));
    }

    [Fact]
    public void Playlists_ten_core()
    {
        ExperimentReport report = Run("playlists-50k-20k.json", "playlists-50k-20k.zip", ["popularity", "ALS 128"]);
        Assert.Equal((39_318, 11_412, 1_100_228), (report.Dataset.Users, report.Dataset.Items, report.Dataset.Interactions));

        // Kept .0215 / .1828, test in training .0228 / .1860, seed 1 .0228 / .1854 (NDCG .0143, here .0140).
        Check(report, "popularity", ("recall@20", 0.0226, 0.0228), ("recall@300", 0.1853, 0.1857), ("ndcg@20", 0.0139, 0.0141));

        // Kept .2077 / .7424, test in training .4757 / .9303, seed 1 .2825 / .7514.
        Check(report, "ALS 128", ("recall@20", 0.2838, 0.2854), ("recall@300", 0.7542, 0.7558));
    }

    [Fact]
    public void Sessions_on_the_lastfm_stream()
    {
        ExperimentReport report = Run(
            "seed000.json", "lastfm-1k-jodie-10pct.zip",
            ["recent-popularity", "item-knn, decay 30 days", "stg-walk, discovery", "stg-walk, discovery, no sessions", "ipf, discovery", "ipf, discovery, no sessions"]);

        // No seed but that of ties decides anything here: by item index the decayed item-knn has an mrr of .1688. Heard items kept: .0495, .2715, .4139, .4017, .3993, .2337 NDCG@20. The second of each pair has no sessions and is what
        // the first would be if sessions were built but not walked through.
        Check(report, "recent-popularity", ("ndcg@20", 0.0244, 0.0246), ("recall@20", 0.0427, 0.0429));
        Check(report, "item-knn, decay 30 days", ("ndcg@20", 0.1163, 0.1167), ("mrr", 0.1691, 0.1695));
        Check(report, "stg-walk, discovery", ("ndcg@20", 0.1312, 0.1322), ("mrr", 0.2128, 0.2138));
        Check(report, "stg-walk, discovery, no sessions", ("ndcg@20", 0.0805, 0.0815), ("mrr", 0.1600, 0.1610));
        Check(report, "ipf, discovery", ("ndcg@20", 0.1337, 0.1347), ("mrr", 0.2181, 0.2191));
        Check(report, "ipf, discovery, no sessions", ("ndcg@20", 0.0869, 0.0879), ("mrr", 0.1508, 0.1518));
    }

    [Fact]
    public void Links_on_the_lastfm_stream()
    {
        ExperimentReport report = Run(
            "seed000-link.json", "lastfm-1k-jodie-10pct.zip",
            ["degree-product", "stg-walk, months and plays (seed 000)", "3, a user or session and an item"]);

        // Uniform and matched pairs mixed up would show in the first two rows. Configuration 5 has no window: its training collapses,
        // and the figure it collapses to differs between processors.
        Check(report, "degree-product", ("link-accuracy", 0.5393, 0.5413), ("link-accuracy-matched", 0.4990, 0.5010), ("link-auc", 0.5437, 0.5457));
        Check(report, "stg-walk, months and plays (seed 000)", ("link-accuracy", 0.6475, 0.6495), ("link-accuracy-matched", 0.6057, 0.6077));

        // Training differs between processors: .6561 and .6604 were seen, ndcg .0855 and .0869. What holds on all is the order: above stg-walk.
        Check(report, "3, a user or session and an item", ("link-accuracy", 0.6500, 0.6700), ("ndcg@20", 0.0820, 0.0910));
    }

    /// <summary>Seed 000 sees tracks lie by popularity in the first two components of its vectors: here the share of the variance of ln(plays) that those tell.</summary>
    [Fact]
    public void Corrected_negatives_take_popularity_out_of_the_first_components()
    {
        TestData.Find("lastfm-1k-jodie-10pct.zip");
        Dataset data = Recipe.Read(Path.Combine(TestData.RepositoryRoot(), "recipes", "seed000.json")).OpenDataset(cancellation: TestContext.Current.CancellationToken);
        var plays = new double[data.Items.Count];
        foreach (int item in data.ItemIndex.Span)
        {
            plays[item]++;
        }

        double[] shares = [.. new[] { 0.0, 1.0 }.Select(Share)];

        // Measured .081 and .042.
        Assert.InRange(shares[0], 0.07, 0.09);
        Assert.InRange(shares[1], 0.032, 0.052);

        double Share(double exponent)
        {
            var options = new Item2VecOptions { SessionMinutes = 120, Score = VectorScore.Dot, NegativeExponent = exponent };
            var recommender = (IVectorRecommender)new Item2Vec(options).Fit(data, new FitContext { Threads = 2, Cancellation = TestContext.Current.CancellationToken });
            int[] heard = [.. Enumerable.Range(0, plays.Length).Where(i => float.IsFinite(recommender.ItemVectors.Row(i)[0]))];
            var points = new DenseMatrix(heard.Length, recommender.ItemVectors.Columns);
            for (int n = 0; n < heard.Length; n++)
            {
                recommender.ItemVectors.Row(heard[n]).CopyTo(points.Row(n));
            }

            // Components are uncorrelated: their shares add up.
            DenseMatrix places = PrincipalComponents.Of(points, 2).Project(points);
            double[] logs = [.. heard.Select(i => Math.Log(plays[i]))];
            return Enumerable.Range(0, 2).Sum(c => Math.Pow(Correlation([.. Enumerable.Range(0, heard.Length).Select(n => (double)places.Row(n)[c])], logs), 2));
        }

        static double Correlation(double[] x, double[] y)
        {
            double meanX = x.Average(), meanY = y.Average();
            double sum = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum();
            return sum / Math.Sqrt(x.Sum(a => (a - meanX) * (a - meanX)) * y.Sum(b => (b - meanY) * (b - meanY)));
        }
    }

    private static ExperimentReport Run(string recipe, string data, string[] labels, int kCore = 0)
    {
        TestData.Find(data);
        Recipe read = Recipe.Read(Path.Combine(TestData.RepositoryRoot(), "recipes", recipe));
        ExperimentSpecification whole = read.Specification;
        ExperimentSpecification part = whole with
        {
            Models = [.. labels.Select(label => whole.Models.Single(m => m.Label == label))],
            KCore = kCore > 0 ? kCore : whole.KCore,
            AddBaselines = false,
            Sweeps = [],
            Curves = [],
            Pairs = Between(whole.Pairs),
            Also = [.. whole.Also.Select(also => also with { Pairs = Between(also.Pairs) })],
        };
        ExperimentReport report = Experiment.Run(part, read.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
        Assert.Null(report.Warnings);
        return report;

        PairSpecification[] Between(IReadOnlyList<PairSpecification> pairs) => [.. pairs.Where(p => labels.Contains(p.First) && labels.Contains(p.Second))];
    }

    private static void Check(ExperimentReport report, string label, params (string Metric, double Low, double High)[] windows)
    {
        ReportRow row = report.Rows.Single(r => r.Label == label);
        string[] outside = [.. windows
            .Where(w => !(row.Metrics[w.Metric].Value >= w.Low && row.Metrics[w.Metric].Value <= w.High))
            .Select(w => string.Create(CultureInfo.InvariantCulture, $"{label} {w.Metric} is {row.Metrics[w.Metric].Value:F5}, outside {w.Low} … {w.High}"))];
        Assert.True(outside.Length == 0, string.Join("; ", outside));
    }
}
