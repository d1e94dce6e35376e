using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.SessionBased;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.SessionBased;

public sealed class ActRTests : RecommenderContract
{
    // Measured .1851; little, for the four tracks of the last month are drawn anew.
    protected override (double Low, double High) NdcgWindow => (0.1842, 0.186);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override bool KeepSeen => true;

    protected override string? NeedsTime => "sessions need times or an order, and the checkerboard without times has neither";

    protected override string? NoCheckerboard => "only heard items score";

    protected override IModel CreateModel() => new ActR(new ActROptions());

    [Theory]
    [InlineData(true, 0.5, 0.0, 0.0)]
    [InlineData(true, 1.2, 0.7, 0.0)]
    [InlineData(false, 0.5, 0.7, 3.0)]
    [InlineData(false, 0.0, 0.0, 1.0)]
    public void Equals_its_definition(bool withTime, double decay, double association, double popularity)
    {
        Dataset data = SessionData.Random(16, withTime);
        var sessions = SessionData.Of(data);
        IRecommender model = new ActR(new ActROptions { Decay = decay, AssociationWeight = association, PopularityWeight = popularity }).Fit(data, SessionData.Context());
        int[] plays = [.. Enumerable.Range(0, data.Items.Count).Select(i => data.ItemIndex.ToArray().Count(j => j == i))];
        int[] history = [3, 9, 3, 4, 4, 5];
        long[] times = [1000, -1, 5000, 90_000, 90_060, 90_090];
        Query query = Query.ForHistory(history, time: withTime ? times : default, moment: withTime ? 90_600 : -1);
        int[] current = withTime ? [4, 5] : [3, 9, 4, 5];
        double Trace(int i) => history.Select((h, n) => h != i ? 0 : Math.Pow(
            withTime ? (90_600 - (times[n] < 0 ? 1000 : times[n])) / 60.0 : history.Length - n, -decay)).Sum();
        double total = history.Distinct().Sum(Trace);
        var expected = new double[data.Items.Count];
        for (int i = 0; i < expected.Length; i++)
        {
            double together = current.Average(c => c == i || !sessions.Exists(s => s.Items.Contains(c)) ? 0
                : sessions.Count(s => s.Items.Contains(c) && s.Items.Contains(i)) / (double)sessions.Count(s => s.Items.Contains(c)));
            expected[i] = (Trace(i) / total) + (association * together) + (popularity * plays[i] / data.Count);
            expected[i] = expected[i] > 0 ? expected[i] : double.NaN;
        }

        float[] scores = SessionData.Scores(model, query);
        SessionData.AreClose(expected, scores);
        for (int i = 0; i < scores.Length; i++)
        {
            Assert.Equal(float.IsNaN(scores[i]) ? 0 : scores[i], ((IExplains)model).Explain(query, i, 99).Sum(r => r.Weight), 1e-5);
        }
    }

    [Fact]
    public void A_known_listener_is_all_its_plays_and_later_ones_do_not_count()
    {
        Dataset data = SessionData.Random(17, withTime: true);
        IRecommender model = new ActR(new ActROptions()).Fit(data, SessionData.Context());
        int[] start = data.UserStart();
        Range own = start[5]..start[6];
        Query known = Query.ForUser(5, data.LatestTime), asHistory = Query.ForHistory(data.ItemIndex[own], time: data.Time[own], moment: data.LatestTime);
        Assert.Equal(SessionData.Scores(model, asHistory), SessionData.Scores(model, known));
        Assert.Equal(SessionData.Scores(model, known), SessionData.Scores(model, Query.ForUser(5)));
        Assert.Equal(
            SessionData.Scores(model, Query.ForHistory(new[] { 1 }, time: new long[] { 100 }, moment: 200)),
            SessionData.Scores(model, Query.ForHistory(new[] { 1, 2 }, time: new long[] { 100, 300 }, moment: 200)));
    }

    /// <summary>What is heard after the moment is no context either.</summary>
    [Fact]
    public void Association_starts_from_the_session_as_of_the_moment()
    {
        Dataset data = SessionData.Random(17, withTime: true);
        var model = (IExplains)new ActR(new ActROptions { AssociationWeight = 1 }).Fit(data, SessionData.Context());
        Query cut = Query.ForHistory(new[] { 1 }, time: new long[] { 100 }, moment: 200), whole = Query.ForHistory(new[] { 1, 2 }, time: new long[] { 100, 300 }, moment: 200);
        Assert.Equal(SessionData.Scores(model, cut), SessionData.Scores(model, whole));
        Assert.All(Enumerable.Range(0, data.Items.Count), i => Assert.Equal(model.Explain(cut, i, 9), model.Explain(whole, i, 9)));

        int[] start = data.UserStart();
        int user = Enumerable.Range(0, data.Users.Count).First(u => start[u + 1] - start[u] > 9);
        int end = start[user] + 4;
        long moment = data.Time.Span[end - 1];
        Query own = Query.ForHistory(data.ItemIndex[start[user]..end], time: data.Time[start[user]..end], moment: moment);
        Assert.Equal(SessionData.Scores(model, own), SessionData.Scores(model, Query.ForUser(user, moment)));
    }
}
