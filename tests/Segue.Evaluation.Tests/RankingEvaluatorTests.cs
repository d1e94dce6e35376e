using FsCheck;
using FsCheck.Fluent;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Evaluation.Tests;

public class RankingEvaluatorTests
{
    private const string Accuracy =
        "recall@1,recall@3,recall@50,capped-recall@1,capped-recall@3,precision@3,precision@50,hitrate@1,hitrate@2,ndcg@3,ndcg@50,mrr@1,mrr@3,mrr,map@3,auc,r-precision,clicks";

    // User 0 knows item 5, the right answers are 0 and 2. Scores: i0 .9, i1 .8, i2 .7, i3 .6, i4 .7, i5 1, i6 .1.
    // Seen masked, the ranking is 0, 1, 4, 2, 3, 6 (2 and 4 tie: the seed puts 4 first), so the hits have the ranks 1 and 4.
    private static readonly float[] Scores = [.9f, .8f, .7f, .6f, .7f, 1f, .1f];

    [Fact]
    public void Every_metric_of_accuracy_by_hand_with_a_tie()
    {
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([Scores]), Fixture.Set(7, [[5]], [[0, 2]]), Fixture.Options(Accuracy));
        double ideal2 = 1 + (1 / Math.Log2(3));
        AssertMetrics(result, new()
        {
            ["recall@1"] = 0.5,
            ["recall@3"] = 0.5,
            ["recall@50"] = 1,
            ["capped-recall@1"] = 1,
            ["capped-recall@3"] = 0.5,
            ["precision@3"] = 1.0 / 3,
            ["precision@50"] = 2.0 / 50,
            ["hitrate@1"] = 1,
            ["hitrate@2"] = 1,
            ["ndcg@3"] = 1 / ideal2,
            ["ndcg@50"] = (1 + (1 / Math.Log2(5))) / ideal2,
            ["mrr@1"] = 1,
            ["mrr@3"] = 1,
            ["mrr"] = 1,
            ["map@3"] = 0.5,

            // Others: .8 .7 .6 .1. Item 0 beats all four; item 2 beats two and ties one.
            ["auc"] = (4 + 2.5) / 8,
            ["r-precision"] = 0.5,
            ["clicks"] = 0,
        });
        Assert.Equal("full ranking, seen items masked", result.Protocol);
        Assert.Equal([0], result.Users);
    }

    [Fact]
    public void Kept_seen_items_are_ranked_and_count_where_they_are_relevant()
    {
        // Item 5 is known, scores best, and is held out again: with seen items kept it is a hit at rank 1.
        EvaluationSet set = Fixture.Set(7, [[5, 5]], [[0, 5, 5]]);
        EvaluationResult kept = RankingEvaluator.Evaluate(
            new TableRecommender([Scores]), set, Fixture.Options("recall@1,precision@3,auc") with { KeepSeen = true });
        AssertMetrics(kept, new() { ["recall@1"] = 0.5, ["precision@3"] = 2.0 / 3, ["auc"] = 1 });
        Assert.Equal("full ranking, seen items kept", kept.Protocol);
        EvaluationResult masked = RankingEvaluator.Evaluate(new TableRecommender([Scores]), set, Fixture.Options("recall@1,precision@3,auc"));
        AssertMetrics(masked, new() { ["recall@1"] = 1, ["precision@3"] = 1.0 / 3, ["auc"] = 1 });
    }

    [Fact]
    public void Only_candidates_are_ranked()
    {
        // Candidates 0, 2, 4, 6; user 0 knows 2, so the ranking is 0, 4, 6 by score (.9, .7, .1). Right answers 4 and 6: ranks 2 and 3.
        EvaluationSet set = Fixture.Set(7, [[2, 5]], [[4, 6]]) with { Candidates = new[] { 0, 2, 4, 6 } };
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([Scores]), set, Fixture.Options("recall@1,recall@2,recall@3,mrr,auc,coverage@2,coverage@9,gini@1"));
        AssertMetrics(result, new()
        {
            ["recall@1"] = 0,
            ["recall@2"] = 0.5,
            ["recall@3"] = 1,
            ["mrr"] = 0.5,
            ["auc"] = 0,
            ["coverage@2"] = 2.0 / 4,
            ["coverage@9"] = 3.0 / 4,

            // One of four candidates has all recommendations.
            ["gini@1"] = 0.75,
        });
        Assert.Equal("full ranking of 4 held-out items, seen items masked", result.Protocol);
        AssertMetrics(
            RankingEvaluator.Evaluate(new TableRecommender([Scores]), set, Fixture.Options("mrr") with { KeepSeen = true }),
            new() { ["mrr"] = 1.0 / 2 });
        Assert.Throws<DatasetException>(() => RankingEvaluator.Evaluate(
            new TableRecommender([Scores]), set with { Candidates = new[] { 0, 4 } }, Fixture.Options("mrr")));
        Assert.Throws<DatasetException>(() => RankingEvaluator.Evaluate(
            new TableRecommender([Scores]), set with { Candidates = new[] { 0, 4, 6, 7 } }, Fixture.Options("mrr")));
        Assert.Throws<DatasetException>(() => RankingEvaluator.Evaluate(
            new TableRecommender([Scores]), set with { Candidates = new[] { 4, 6, 6 } }, Fixture.Options("mrr")));
    }

    [Fact]
    public void All_items_as_candidates_give_the_figures_of_all_items()
    {
        (EvaluationSet set, float[][] scores) = Drawn(80, 40, seed: 5);
        EvaluationOptions options = Fixture.Options(Accuracy + ",novelty@5,coverage@5,gini@5");
        AssertSame(
            RankingEvaluator.Evaluate(new TableRecommender(scores), set, options),
            RankingEvaluator.Evaluate(new TableRecommender(scores), set with { Candidates = Enumerable.Range(0, set.Known.Items.Count).ToArray() }, options));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_order_of_the_items_changes_no_figure_where_scores_tie(bool withCandidates)
    {
        // Few levels of score, so most ties cross the end of the list; the same items, once in another order, under the same ids.
        (EvaluationSet set, float[][] scores) = Drawn(60, 50, seed: 9);
        float[][] coarse = [.. scores.Select(row => row.Select(s => MathF.Floor(s / 2)).ToArray())];
        int[] order = [.. Enumerable.Range(0, set.Known.Items.Count)];
        new Rng(8).Shuffle<int>(order);
        Dataset Reordered(Dataset d) => d with
        {
            Items = d.Items.Select(order),
            ItemIndex = Array.ConvertAll(d.ItemIndex.ToArray(), i => Array.IndexOf(order, i)),
        };
        EvaluationSet other = set with { Known = Reordered(set.Known), Relevant = Reordered(set.Relevant) };
        if (withCandidates)
        {
            int[] all = [.. Enumerable.Range(0, order.Length)];
            (set, other) = (set with { Candidates = all }, other with { Candidates = all });
        }

        EvaluationOptions options = Fixture.Options("recall@5,ndcg@5,mrr,auc,r-precision,coverage@5");
        EvaluationResult first = RankingEvaluator.Evaluate(new TableRecommender(coarse), set, options);
        EvaluationResult second = RankingEvaluator.Evaluate(
            new TableRecommender([.. coarse.Select(row => Array.ConvertAll(order, i => row[i]))]), other, options);
        Assert.All(options.Metrics, m => Assert.Equal(first.Metrics[m.Name], second.Metrics[m.Name]));
    }

    [Fact]
    public void Lists_of_one_score_are_counted_and_found_as_often_as_chance_would()
    {
        // The right answer is always the first item: by index a model that says nothing would find it every time.
        const int Users = 4000, Items = 40;
        EvaluationSet set = Fixture.Set(Items, [.. Enumerable.Repeat(new[] { 39 }, Users)], [.. Enumerable.Repeat(new[] { 0 }, Users)]);
        EvaluationOptions options = Fixture.Options("recall@4,auc");
        EvaluationResult result = RankingEvaluator.Evaluate(new LambdaRecommender(Items, (_, s) => { }), set, options);

        // 4 of 39 places: .1026, standard error √(.1026 · .8974 / 4000) = .0048; four of them either way.
        Assert.InRange(result.Metrics["recall@4"].Value, 0.083, 0.122);
        Assert.Equal((Users, Users), (result.Lists, result.TiedLists));

        // Another seed, another order; the same seed, the same, whatever the tied score is.
        Assert.NotEqual(result.PerUser["recall@4"], RankingEvaluator.Evaluate(new LambdaRecommender(Items, (_, s) => { }), set, options with { Seed = 1 }).PerUser["recall@4"]);
        Assert.Equal(result.PerUser["recall@4"], RankingEvaluator.Evaluate(new LambdaRecommender(Items, (_, s) => Array.Fill(s, 7)), set, options).PerUser["recall@4"]);

        // The masked item alone differs, or one that is ranked.
        Assert.Equal(Users, RankingEvaluator.Evaluate(new LambdaRecommender(Items, (_, s) => s[39] = 1), set, options).TiedLists);
        Assert.Equal(0, RankingEvaluator.Evaluate(new LambdaRecommender(Items, (_, s) => s[38] = -1), set, options).TiedLists);
        Assert.Equal(0, RankingEvaluator.Evaluate(new LambdaRecommender(Items, (_, s) => Array.Fill(s, float.NaN)), set, options).TiedLists);
    }

    [Fact]
    public void Candidates_that_tie_are_found_as_often_as_chance_would()
    {
        // The right answer is always the first candidate: by index a model that says nothing would find it every time.
        const int Users = 4000, Items = 50;
        EvaluationSet set = Fixture.Set(Items, [.. Enumerable.Repeat(new[] { 0 }, Users)], [.. Enumerable.Repeat(new[] { 10 }, Users)])
            with
        { Candidates = Enumerable.Range(10, 40).ToArray() };
        float[] zero = new float[Items];
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([.. Enumerable.Repeat(zero, Users)]), set, Fixture.Options("recall@4,auc") with { Threads = 2 });

        // 4 of 40 places: .1, standard error √(.1 · .9 / 4000) = .0047; four of them either way.
        Assert.InRange(result.Metrics["recall@4"].Value, 0.081, 0.119);
        Assert.Equal(0.5, result.Metrics["auc"].Value);
        Assert.Equal(result.PerUser["recall@4"], RankingEvaluator.Evaluate(
            new TableRecommender([.. Enumerable.Repeat(zero, Users)]), set, Fixture.Options("recall@4")).PerUser["recall@4"]);

        // Sampled negatives come from the candidates: with more asked for than there are, all 39 others.
        EvaluationResult sampled = RankingEvaluator.Evaluate(
            new LambdaRecommender(Items, (_, s) => { Array.Fill(s, 1); s[10] = 0; }), set, Fixture.Options("mrr") with { SampledNegatives = 1000 });
        Assert.Equal(1.0 / 40, sampled.Metrics["mrr"].Value, 12);
    }

    /// <summary>The thinnest question to a single listener: what will be heard tomorrow, given all until today.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_day_of_a_listener_is_a_question_of_its_own(bool keepSeen)
    {
        const long Day = 86_400;
        Dataset Rows(params (int User, int Item, long Time)[] rows) => Fixture.Dataset(6, [[], []]) with
        {
            UserIndex = Array.ConvertAll(rows, r => r.User),
            ItemIndex = Array.ConvertAll(rows, r => r.Item),
            Time = Array.ConvertAll(rows, r => r.Time),
            IsOrdered = true,
        };

        // Listener 0 knows 0 and 1; hears 1, 2, 2 on day 10, 2, 3 on day 12. Listener 1 knows 5 and hears it again, on day 11.
        var set = new EvaluationSet
        {
            Known = Rows((0, 0, 1), (0, 1, 2), (1, 5, 3)),
            Relevant = Rows((0, 1, 10 * Day), (0, 2, (10 * Day) + 1), (0, 2, (11 * Day) - 1), (0, 2, 12 * Day), (0, 3, (12 * Day) + 5), (1, 5, (11 * Day) + 7)),
            Moment = (10 * Day) - 100,
            IsByDay = true,
        };
        var asked = new List<string>();
        var recommender = new LambdaRecommender(6, (query, scores) =>
        {
            asked.Add($"{string.Join(' ', query.History.ToArray())} at {query.Moment / Day}{(query.UserIndex >= 0 ? " by user" : string.Empty)}");
            scores[2] = 2;
            scores[1] = 1;
        });
        EvaluationResult result = RankingEvaluator.Evaluate(recommender, set, Fixture.Options("recall@1") with { KeepSeen = keepSeen });
        if (keepSeen)
        {
            // Item 2 is always first: of 1, 2 it is one, of 2, 3 too, of 5 none.
            Assert.Equal(["0 1 at 10", "0 1 1 2 2 at 12", "5 at 11"], asked);
            Assert.Equal([0, 0, 1], result.Users);
            Assert.Equal([10, 12, 11], result.Days);
            Assert.Equal([0.5, 0.5, 0], result.PerUser["recall@1"]);
            Assert.Equal((2 + 2 + 1) / 18.0, result.RelevantShare, 12);
            Assert.Equal(6, result.CandidateCount);
        }
        else
        {
            // New on day 10 is 2, of the four not known; on day 12 it is 3, of the three not known, and 2 is heard already. Listener 1 hears nothing new.
            Assert.Equal(["0 1 at 10", "0 1 1 2 2 at 12"], asked);
            Assert.Equal(1, result.PerUser["recall@1"][0]);
            Assert.Equal(((1 / 4.0) + (1 / 3.0)) / 2, result.RelevantShare, 12);
            Assert.Equal(3.5, result.CandidateCount);
        }

        Assert.EndsWith("every day of a listener asked on its own", result.Protocol, StringComparison.Ordinal);
        Assert.Contains("no time", Assert.Throws<DatasetException>(() => RankingEvaluator.Evaluate(
            recommender, set with { Known = set.Known with { Time = default } }, Fixture.Options("recall@1"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Slices_count_the_right_answers_of_their_popularity_alone()
    {
        // Listeners of items 0 … 6 in training: 0, 1, 2, 0, 2, 2, 0. User 0 knows item 5; the right answers 0, 1 and 2 stand at 1, 2 and 4.
        // User 1 does not know item 5, which stands before the right answer 0.
        Dataset train = Fixture.Dataset(7, [[5], [1, 2, 4, 2], [2, 4, 5]]);
        var set = new EvaluationSet { Known = train, Relevant = Fixture.Dataset(7, [[0, 1, 2], [0], []]) };
        var recommender = new TableRecommender([Scores, Scores, Scores]);
        const string Metrics = "recall@1:popularity=0,recall@3:popularity=1-5,recall@4:popularity=1-5,ndcg@4:popularity=1-5,mrr:popularity=2+,recall@4:popularity=7-9";
        EvaluationResult result = RankingEvaluator.Evaluate(recommender, set, Fixture.Options(Metrics) with { Train = train });
        double ideal2 = 1 + (1 / Math.Log2(3));
        double ndcg = ((1 / Math.Log2(3)) + (1 / Math.Log2(5))) / ideal2;
        Assert.Equal([1, 0], result.PerUser["recall@1:popularity=0"]);
        Assert.Equal([0.5, double.NaN], result.PerUser["recall@3:popularity=1-5"]);
        Assert.Equal([1, double.NaN], result.PerUser["recall@4:popularity=1-5"]);
        Assert.Equal(ndcg, result.PerUser["ndcg@4:popularity=1-5"][0], 12);
        Assert.Equal([0.25, double.NaN], result.PerUser["mrr:popularity=2+"]);
        Assert.Equal((1, 1.0), (result.Metrics["recall@4:popularity=1-5"].Users, result.Metrics["recall@4:popularity=1-5"].Value));
        Assert.Equal(0, result.Metrics["recall@4:popularity=7-9"].Users);
        Assert.True(double.IsNaN(result.Metrics["recall@4:popularity=7-9"].Value));

        // The same among candidates: item 3 is out, nothing moves.
        EvaluationResult among = RankingEvaluator.Evaluate(
            recommender, set with { Candidates = new[] { 0, 1, 2, 4, 5 } }, Fixture.Options("recall@1:popularity=0,recall@1:popularity=1-5,recall@2:popularity=1-5") with { Train = train });
        Assert.Equal(1, among.PerUser["recall@1:popularity=0"][0]);
        Assert.Equal(0, among.PerUser["recall@1:popularity=1-5"][0]);
        Assert.Equal(0.5, among.PerUser["recall@2:popularity=1-5"][0]);
    }

    [Fact]
    public void Slices_that_cover_everything_add_up_to_the_whole()
    {
        (EvaluationSet set, float[][] scores) = Drawn(80, 40, seed: 5);
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender(scores), set, Fixture.Options("recall@5,recall@5:popularity=0+,ndcg@5,ndcg@5:popularity=0+,mrr,mrr:popularity=0+"));
        foreach (string name in new[] { "recall@5", "ndcg@5", "mrr" })
        {
            Assert.Equal(result.PerUser[name], result.PerUser[$"{name}:popularity=0+"]);
        }
    }

    [Fact]
    public void Users_without_an_open_answer_are_left_out()
    {
        // User 0 has nothing held out, user 1 only what is known already, user 2 something new but no history, user 3 both.
        EvaluationSet set = Fixture.Set(7, [[1], [2], [], [3]], [[], [2], [0], [3, 4, 4]]);
        float[][] scores = [Scores, Scores, Scores, Scores];
        EvaluationResult masked = RankingEvaluator.Evaluate(new TableRecommender(scores), set, Fixture.Options("recall@2,hitrate@2"));
        Assert.Equal([2, 3], masked.Users);
        Assert.Equal([1, 0], masked.PerUser["recall@2"]);
        Assert.Equal(2, masked.Metrics["recall@2"].Users);
        Assert.Equal([1, 2, 3], RankingEvaluator.Evaluate(
            new TableRecommender(scores), set, Fixture.Options("recall@2") with { KeepSeen = true }).Users);
    }

    [Fact]
    public void Recommending_what_is_known_gains_nothing_when_it_is_masked()
    {
        // Both rank the unseen items alike; one puts everything its user knows on top of that.
        (EvaluationSet set, float[][] honest) = Drawn(80, 40, seed: 5);
        float[][] greedy = [.. honest.Select(row => (float[])row.Clone())];
        for (int n = 0; n < set.Known.Count; n++)
        {
            greedy[set.Known.UserIndex.Span[n]][set.Known.ItemIndex.Span[n]] = 100;
        }

        EvaluationOptions options = Fixture.Options(Accuracy);
        AssertSame(
            RankingEvaluator.Evaluate(new TableRecommender(honest), set, options),
            RankingEvaluator.Evaluate(new TableRecommender(greedy), set, options));
        EvaluationOptions keep = Fixture.Options("recall@3") with { KeepSeen = true };
        Assert.True(
            RankingEvaluator.Evaluate(new TableRecommender(greedy), set, keep).Metrics["recall@3"].Value
            < RankingEvaluator.Evaluate(new TableRecommender(honest), set, keep).Metrics["recall@3"].Value);
    }

    [Fact]
    public void Silence_earns_nothing()
    {
        EvaluationSet set = Fixture.Set(7, [[1], [2]], [[0], [3]]);
        var silent = new LambdaRecommender(7, (_, scores) => Array.Fill(scores, float.NaN));
        EvaluationResult result = RankingEvaluator.Evaluate(silent, set, Fixture.Options(Accuracy + ",coverage@5"));
        Assert.All(result.Metrics, m => Assert.Equal(m.Key == "clicks" ? 51 : 0, m.Value.Value));
        Assert.All(result.Metrics, m => Assert.Equal(2, m.Value.Users));

        // Answering only where it is sure does not help either: the other user still counts.
        var choosy = new LambdaRecommender(7, (query, scores) =>
        {
            Array.Fill(scores, float.NaN);
            scores[0] = query.UserIndex == 0 ? 1 : float.NaN;
        });
        Assert.Equal(0.5, RankingEvaluator.Evaluate(choosy, set, Fixture.Options("recall@1")).Metrics["recall@1"].Value);
    }

    [Fact]
    public void A_user_without_vector_is_not_ranked_whoever_shares_the_block()
    {
        var users = new DenseMatrix(3, 1, [1, 1, 1]);
        var items = new DenseMatrix(4, 1, [.4f, .3f, .2f, .1f]);
        EvaluationSet set = Fixture.Set(4, [[], [], []], [[0], [0], [0]]);
        EvaluationResult result = RankingEvaluator.Evaluate(new VectorTableRecommender(users, items, 1), set, Fixture.Options("mrr,auc"));
        Assert.Equal([1, 0, 1], result.PerUser["mrr"]);
        Assert.Equal([1, 0, 1], result.PerUser["auc"]);
    }

    /// <summary>Scores with one value for right answers and one for all others: whatever is drawn, the loss is that of their difference.</summary>
    [Fact]
    public void Pair_loss_is_the_logistic_loss_of_the_margin()
    {
        float nan = float.NaN;
        EvaluationSet set = Fixture.Set(5, [[4], [], [], []], [[0, 1], [0], [0], [0]]);
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([[3, 3, 1, 1, 99], [-50, 50, 50, 50, 50], [nan, 1, 2, 3, 4], [1, nan, nan, nan, nan]]), set, Fixture.Options("bpr-loss"));
        Assert.Equal(Math.Log(1 + Math.Exp(-2)), result.PerUser["bpr-loss"][0], 1e-12);
        Assert.Equal(100, result.PerUser["bpr-loss"][1], 1e-9);
        Assert.Equal(Math.Log(2), result.PerUser["bpr-loss"][2], 1e-12);
        Assert.True(double.IsNaN(result.PerUser["bpr-loss"][3]));
        Assert.Equal(3, result.Metrics["bpr-loss"].Users);
    }

    /// <summary>A graph in sight as a whole is observed, and listeners are asked by index; without one, models that observe are folded in as all others.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_whole_graph_is_observed_before_anybody_is_asked(bool isTransductive)
    {
        EvaluationSet set = Fixture.Set(4, [[1], [2]], [[0], [0]], isFoldIn: true) with { IsTransductive = isTransductive };
        var asked = new List<(Dataset? Observed, Query Query)>();
        RankingEvaluator.Evaluate(new ObservingRecommender(4, (observed, query) => asked.Add((observed, query))), set, Fixture.Options("recall@1"));
        Assert.Equal(2, asked.Count);
        Assert.All(asked, a => Assert.Same(isTransductive ? set.Known : null, a.Observed));
        Assert.All(asked, a => Assert.Equal(!isTransductive, a.Query.IsFoldIn));
    }

    [Fact]
    public void Held_out_listeners_are_asked_with_their_history_and_the_others_by_index()
    {
        var set = new EvaluationSet
        {
            Known = Fixture.Dataset(5, [[1, 1, 2], [3]], weights: [[4, 5, 6], [7]]) with { Time = new long[] { 10, 20, 30, 40 } },
            Relevant = Fixture.Dataset(5, [[0], [0]]),
            IsFoldIn = true,
            Moment = 99,
        };
        var asked = new List<Query>();
        var recommender = new LambdaRecommender(5, (query, _) => asked.Add(query));
        RankingEvaluator.Evaluate(recommender, set, Fixture.Options("recall@1"));
        RankingEvaluator.Evaluate(recommender, set with { IsFoldIn = false }, Fixture.Options("recall@1"));
        Assert.Equal([-1, -1, 0, 1], asked.Select(q => q.UserIndex));
        Assert.All(asked, q => Assert.Equal(99, q.Moment));
        Assert.Equal([1, 1, 2], asked[0].History.ToArray());
        Assert.Equal([4, 5, 6], asked[0].HistoryWeight.ToArray());
        Assert.Equal([10, 20, 30], asked[0].HistoryTime.ToArray());
        Assert.Equal([3], asked[1].History.ToArray());
        Assert.True(asked[2].History.IsEmpty);
    }

    /// <summary>What is masked is shown to a model of histories; a model that learned the listener is asked for the listener.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void More_than_was_trained_on_is_shown_to_who_answers_from_histories(bool learnsListeners)
    {
        EvaluationSet set = Fixture.Set(5, [[1, 2], [3]], [[0], [0]]) with { ShowsMore = true };
        var asked = new List<Query>();
        IRecommender recommender = learnsListeners
            ? new LearnedRecommender(5, (query, _) => asked.Add(query))
            : new LambdaRecommender(5, (query, _) => asked.Add(query));
        RankingEvaluator.Evaluate(recommender, set, Fixture.Options("recall@1"));
        Assert.Equal(learnsListeners ? [0, 1] : [-1, -1], asked.Select(q => q.UserIndex));
        Assert.Equal(learnsListeners ? [] : [1, 2], asked[0].History.ToArray());
    }

    [Fact]
    public void Lists_are_measured_beyond_accuracy()
    {
        // Seen masked, the first three places are 0, 1, 2 for user 0 and 5, 0, 1 for user 1.
        int[] artists = [0, 0, 1, 1, 2, -1, 2];
        EvaluationSet set = Fixture.Set(7, [[5], [2]], [[0, 4], [0]], artists);
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([Scores, Scores]), set, Fixture.Options("coverage@3,gini@1,artist-diversity@3,r-precision,novelty@2"));
        AssertMetrics(result, new()
        {
            ["coverage@3"] = 4.0 / 7,

            // First places 0 and 5: ascending 0 0 0 0 0 1 1, (2·6 − 8) + (2·7 − 8) = 10 over 7 × 2.
            ["gini@1"] = 10.0 / 14,
            ["artist-diversity@3"] = ((2.0 / 3) + (1.0 / 2)) / 2,

            // User 0: places 0, 1 against 0, 4: one hit and artist 0 shared. User 1: place 5 against 0: neither.
            ["r-precision"] = (1.25 / 2) / 2,

            // Two listeners; each of the items has one or none, so every place carries one bit, item 5 too.
            ["novelty@2"] = 1,
        });
        Dataset train = Fixture.Dataset(7, [[0], [0, 1], [0], [0, 5]], artists: artists);
        Assert.Equal(
            ((0 + 2) / 2.0 + (2 + 0) / 2.0) / 2,
            RankingEvaluator.Evaluate(new TableRecommender([Scores, Scores]), set, Fixture.Options("novelty@2") with { Train = train })
                .Metrics["novelty@2"].Value);
    }

    [Fact]
    public void Figures_over_all_lists_have_no_interval()
    {
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([Scores]), Fixture.Set(7, [[5]], [[0, 4]]), Fixture.Options("coverage@3") with { BootstrapSamples = 100 });
        Assert.Equal((result.Metrics["coverage@3"].Value, result.Metrics["coverage@3"].Value), (result.Metrics["coverage@3"].Low, result.Metrics["coverage@3"].High));
        Assert.Empty(result.PerUser);
    }

    [Fact]
    public void A_user_whose_candidates_are_all_relevant_has_no_auc()
    {
        EvaluationSet set = Fixture.Set(3, [[0], [0]], [[1, 2], [1]]);
        float[][] scores = [[3, 2, 1], [3, 2, 1]];
        EvaluationResult result = RankingEvaluator.Evaluate(new TableRecommender(scores), set, Fixture.Options("auc,recall@1"));
        Assert.True(double.IsNaN(result.PerUser["auc"][0]));
        Assert.Equal((1.0, 1), (result.Metrics["auc"].Value, result.Metrics["auc"].Users));
        Assert.Equal(2, result.Metrics["recall@1"].Users);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_change_no_bit(bool sampled)
    {
        (EvaluationSet set, float[][] scores) = Drawn(700, 50, seed: 1);
        EvaluationOptions options = Fixture.Options(Accuracy + ",coverage@3,gini@3,novelty@3") with
        {
            BootstrapSamples = 50,
            SampledNegatives = sampled ? 9 : 0,
        };
        EvaluationResult one = RankingEvaluator.Evaluate(new TableRecommender(scores), set, options);
        AssertSame(one, RankingEvaluator.Evaluate(new TableRecommender(scores), set, options with { Threads = 4 }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void The_order_of_the_users_changes_no_figure(int sampledNegatives) => Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
    {
        (EvaluationSet set, float[][] scores) = Drawn(40, 30, (ulong)seed);
        int[] order = [.. Enumerable.Range(0, 40)];
        new Rng((ulong)seed, "order").Shuffle<int>(order);
        var shuffled = new EvaluationSet { Known = Reorder(set.Known, order), Relevant = Reorder(set.Relevant, order) };
        EvaluationOptions options = Fixture.Options("recall@3,ndcg@10,mrr,auc,coverage@3") with { BootstrapSamples = 20, SampledNegatives = sampledNegatives };
        EvaluationResult expected = RankingEvaluator.Evaluate(new TableRecommender(scores), set, options);
        EvaluationResult actual = RankingEvaluator.Evaluate(new TableRecommender([.. order.Select(u => scores[u])]), shuffled, options);
        return expected.Metrics.All(m => m.Value == actual.Metrics[m.Key]);
    }).Check(Properties.Cases());

    [Fact]
    public void Block_scoring_of_vectors_gives_the_figures_of_scoring_one_by_one()
    {
        // Whole numbers: every order of summation gives the same bits, and ties abound.
        var rng = new Rng(11);
        DenseMatrix users = Whole(300, 6, rng), items = Whole(90, 6, rng);
        (EvaluationSet set, _) = Drawn(300, 90, seed: 2);
        var vectors = new VectorTableRecommender(users, items, 17, 130);
        var oneByOne = new LambdaRecommender(90, (query, scores) => vectors.Score(query, scores));
        EvaluationOptions options = Fixture.Options(Accuracy + ",coverage@3") with { Threads = 3 };
        AssertSame(RankingEvaluator.Evaluate(oneByOne, set, options), RankingEvaluator.Evaluate(vectors, set, options));
    }

    [Fact]
    public void Many_relevant_items_are_ranked_by_sorting_with_the_same_result()
    {
        // 700 relevant items of 2,000: beyond the point where counting for each is given up.
        var rng = new Rng(4);
        float[] scores = [.. Enumerable.Range(0, 2000).Select(_ => rng.Next(100) / 10f)];
        int[] items = [.. Enumerable.Range(0, 2000)];
        rng.Shuffle<int>(items);
        int[] known = items[..100], relevant = items[100..800];
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([scores]), Fixture.Set(2000, [known], [relevant]), Fixture.Options("recall@300,ndcg@2000,auc"));
        int[] ranked = [.. Fixture.Ranked(scores, Fixture.Ties(2000)).Except(known)];
        AssertMetrics(result, new()
        {
            ["recall@300"] = Evaluation.Metrics.Recall.AtK(ranked, relevant, 300),
            ["ndcg@2000"] = Evaluation.Metrics.Ndcg.AtK(ranked, relevant, 2000),
            ["auc"] = Evaluation.Metrics.RocAuc.Of(scores, relevant, known),
        });
    }

    [Fact]
    public void A_sample_is_drawn_from_what_is_neither_known_nor_relevant_and_is_labelled()
    {
        // Everything but the relevant item scores better; the rank of the relevant item is the size of the sample plus one.
        EvaluationSet set = Fixture.Set(100, [[.. Enumerable.Range(0, 20)]], [[50]]);
        var worst = new LambdaRecommender(100, (_, scores) =>
        {
            Array.Fill(scores, 1f);
            scores[50] = 0;
        });
        EvaluationResult Evaluate(int negatives, ulong seed) => RankingEvaluator.Evaluate(
            worst, set, Fixture.Options("mrr,coverage@1000") with { SampledNegatives = negatives, Seed = seed });
        EvaluationResult ten = Evaluate(10, 1);
        Assert.Equal("sampled:10 negatives, seen items masked", ten.Protocol);
        Assert.Equal((1.0 / 11, 11.0 / 100), (ten.Metrics["mrr"].Value, ten.Metrics["coverage@1000"].Value));
        Assert.Equal(1.0 / 80, Evaluate(1000, 1).Metrics["mrr"].Value);
    }

    [Fact]
    public void A_sample_depends_on_seed_and_user_only()
    {
        (EvaluationSet set, float[][] scores) = Drawn(60, 200, seed: 3);
        double[] Values(ulong seed) => RankingEvaluator.Evaluate(
            new TableRecommender(scores), set, Fixture.Options("mrr") with { SampledNegatives = 5, Seed = seed }).PerUser["mrr"];
        Assert.Equal(Values(1), Values(1));
        Assert.NotEqual(Values(1), Values(2));
    }

    [Fact]
    public void A_sampled_figure_estimates_the_share_of_items_that_score_lower()
    {
        // One relevant item with 30 of 99 others above it: against one random other it wins with probability 69 / 99.
        int[][] none = [.. Enumerable.Range(0, 4000).Select(_ => Array.Empty<int>())];
        int[][] thirty = [.. Enumerable.Range(0, 4000).Select(_ => new[] { 30 })];
        var fixedOrder = new LambdaRecommender(100, (_, scores) =>
        {
            for (int i = 0; i < 100; i++)
            {
                scores[i] = -i;
            }
        });
        double share = RankingEvaluator.Evaluate(
            fixedOrder, Fixture.Set(100, none, thirty), Fixture.Options("hitrate@1") with { SampledNegatives = 1 }).Metrics["hitrate@1"].Value;

        // Standard error 0.0073; four of them.
        Assert.InRange(share, (69.0 / 99) - 0.03, (69.0 / 99) + 0.03);
    }

    [Fact]
    public void What_cannot_be_evaluated_says_why()
    {
        var recommender = new TableRecommender([Scores]);
        EvaluationSet set = Fixture.Set(7, [[5]], [[0]]);
        string Message<T>(Action action)
            where T : Exception => Assert.Throws<T>(action).Message;
        Assert.Contains("mse", Message<OptionException>(() => RankingEvaluator.Evaluate(recommender, set, Fixture.Options("recall@1,mse"))));
        Assert.Contains("artist-diversity@5", Message<DatasetException>(
            () => RankingEvaluator.Evaluate(recommender, set, Fixture.Options("artist-diversity@5"))));
        Assert.Contains("8", Message<DatasetException>(
            () => RankingEvaluator.Evaluate(recommender, Fixture.Set(8, [[5]], [[0]]), Fixture.Options("recall@1"))));
        Assert.Contains("known already", Message<DatasetException>(
            () => RankingEvaluator.Evaluate(recommender, Fixture.Set(7, [[5]], [[5]]), Fixture.Options("recall@1"))));
        Assert.Contains("no interaction", Message<DatasetException>(
            () => RankingEvaluator.Evaluate(recommender, Fixture.Set(7, [[5]], [[]]), Fixture.Options("recall@1") with { KeepSeen = true })));
        Assert.Throws<OptionException>(() => RankingEvaluator.Evaluate(recommender, set, Fixture.Options("recall@1") with { Threads = 0 }));
        Assert.Throws<OptionException>(() => RankingEvaluator.Evaluate(recommender, set, Fixture.Options("recall@1") with { Metrics = [] }));
    }

    [Fact]
    public void Progress_reaches_the_end_and_cancelling_stops()
    {
        (EvaluationSet set, float[][] scores) = Drawn(300, 30, seed: 1);
        var progress = new Collected();
        EvaluationOptions options = Fixture.Options("recall@1") with { Progress = progress };
        EvaluationResult result = RankingEvaluator.Evaluate(new TableRecommender(scores), set, options);
        Assert.Equal((result.Users.Length, result.Users.Length), ((int)progress.All[^1].Done, (int)progress.All[^1].Total));
        Assert.True(progress.All.Count > 1);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(
            () => RankingEvaluator.Evaluate(new TableRecommender(scores), set, options with { Cancellation = cancelled.Token }));
    }

    /// <summary>Cancelled on the way, an evaluation asks the model for no more than the blocks in hand.</summary>
    [Theory]
    [InlineData("recall@1", 1)]
    [InlineData("recall@1", 2)]
    [InlineData("link-auc", 1)]
    public void Cancelled_on_the_way_it_stops(string metrics, int threads)
    {
        EvaluationSet set = Fixture.Set(20, [.. Enumerable.Repeat(new[] { 0, 1 }, 200)], [.. Enumerable.Repeat(new[] { 2, 3 }, 200)]);
        using var stop = new CancellationTokenSource();
        int asked = 0;
        var recommender = new LambdaRecommender(20, (_, _) =>
        {
            if (Interlocked.Increment(ref asked) == 5)
            {
                stop.Cancel();
            }
        });
        EvaluationOptions options = Fixture.Options(metrics) with { Threads = threads, Cancellation = stop.Token };
        Assert.Throws<OperationCanceledException>(() => RankingEvaluator.Evaluate(recommender, set, options));
        Assert.InRange(asked, 5, 4 + threads);
    }

    [Fact]
    public void What_a_model_throws_arrives_as_itself_from_any_thread()
    {
        (EvaluationSet set, _) = Drawn(700, 30, seed: 1);
        var broken = new LambdaRecommender(30, (query, _) => throw new SegueException("broken"));
        Assert.Equal("broken", Assert.Throws<SegueException>(
            () => RankingEvaluator.Evaluate(broken, set, Fixture.Options("recall@1") with { Threads = 4 })).Message);
    }

    private static void AssertMetrics(EvaluationResult result, Dictionary<string, double> expected)
    {
        Assert.Equal(expected.Keys.Order(), result.Metrics.Keys.Order());
        foreach ((string name, double value) in expected)
        {
            Assert.True(Math.Abs(value - result.Metrics[name].Value) < 1e-12, $"{name}: expected {value}, got {result.Metrics[name].Value}");
        }
    }

    private static void AssertSame(EvaluationResult expected, EvaluationResult actual)
    {
        Assert.Equal(expected.Users, actual.Users);
        Assert.Equal(expected.Metrics, actual.Metrics);
        Assert.Equal(expected.PerUser, actual.PerUser);
    }

    /// <summary>Random scores on few levels (ties), some missing; every user knows some items and has some others held out.</summary>
    private static (EvaluationSet Set, float[][] Scores) Drawn(int users, int items, ulong seed)
    {
        var rng = new Rng(seed, "test/evaluation");
        int[][] known = new int[users][], relevant = new int[users][];
        var scores = new float[users][];
        for (int u = 0; u < users; u++)
        {
            int[] order = [.. Enumerable.Range(0, items)];
            rng.Shuffle<int>(order);
            known[u] = order[..(2 + rng.Next(5))];
            relevant[u] = order[7..(7 + rng.Next(6))];
            scores[u] = [.. Enumerable.Range(0, items).Select(_ => rng.Next(12) is var s && s == 0 ? float.NaN : s)];
        }

        return (Fixture.Set(items, known, relevant), scores);
    }

    private static Dataset Reorder(Dataset dataset, int[] order)
    {
        int[] start = dataset.UserStart();
        return Fixture.Dataset(
            dataset.Items.Count,
            [.. order.Select(u => dataset.ItemIndex[start[u]..start[u + 1]].ToArray())],
            userIds: [.. order.Select(u => dataset.Users[u])]);
    }

    private static DenseMatrix Whole(int rows, int columns, Rng rng)
    {
        var matrix = new DenseMatrix(rows, columns);
        for (int i = 0; i < matrix.Values.Length; i++)
        {
            matrix.Values[i] = rng.Next(7) - 3;
        }

        return matrix;
    }

    private sealed class Collected : IProgress<FitProgress>
    {
        public List<FitProgress> All { get; } = [];

        public void Report(FitProgress value) => All.Add(value);
    }
}
