using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Numerics.Tensors;
using System.Reflection;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Testing;

/// <summary>
/// What every model must do. A model's test class derives from it, says how the model is made and within which window its
/// accuracy lies, and inherits all tests. What a model cannot do is opted out of by a property that says why.
/// </summary>
/// <example>
/// <code>
/// public sealed class EaseTests : RecommenderContract
/// {
///     protected override IModel CreateModel() => new Ease(new EaseOptions { Regularization = 50 });
///     protected override (double Low, double High) NdcgWindow => (0.235, 0.247);
/// }
/// </code>
/// </example>
public abstract class RecommenderContract
{
    private readonly Lazy<IRecommender> _checkerboard;

    /// <summary>Fits nothing yet.</summary>
    protected RecommenderContract() => _checkerboard = new(() => CreateModel().Fit(Prepare(SmallWorld.Checkerboard()), Context()));

    /// <summary>The model, with options that suit data of this size.</summary>
    protected abstract IModel CreateModel();

    /// <summary>
    /// Bounds of NDCG@10 on <see cref="World"/>, at most 0.02 apart. Measure first, then write the window around the figure so that
    /// <see cref="Accuracy_window_rejects_broken_variants"/> and the model's own broken variants fall outside.
    /// </summary>
    protected abstract (double Low, double High) NdcgWindow { get; }

    /// <summary>Data of the accuracy window; <see cref="SmallWorld.TimeSplit"/> for models about time.</summary>
    protected virtual WorldSplit World => SmallWorld.PairSplit;

    /// <summary>True where the accuracy window is about hearing the same again: then heard items are not masked.</summary>
    protected virtual bool KeepSeen => false;

    /// <summary>Why the checkerboard has no right answer for this model (for example: not personal), or null.</summary>
    protected virtual string? NoCheckerboard => null;

    /// <summary>Why the result depends on the number of threads, or null.</summary>
    protected virtual string? DependsOnThreads => null;

    /// <summary>Why an unknown listener's history says nothing to this model, or null. Such queries must then score NaN everywhere.</summary>
    protected virtual string? NoFoldIn => null;

    /// <summary>Which answer a listener without any history gets, where it is not NaN everywhere (for example: popularity), or null.</summary>
    protected virtual string? AnswerWithoutHistory => null;

    /// <summary>What the model knows of an item that nobody heard in training (for example: its features), or null where it must score NaN.</summary>
    protected virtual string? KnowsUnheardItems => null;

    /// <summary>Why the model refuses data without times, or null.</summary>
    protected virtual string? NeedsTime => null;

    /// <summary>Adds to small data what the model cannot do without, for example weights that differ.</summary>
    protected virtual Dataset Prepare(Dataset data) => data;

    /// <summary>Names of the broken variants that the window cannot tell from the model, with the reason.</summary>
    protected virtual IReadOnlyDictionary<string, string> VariantsNotRejected => new Dictionary<string, string>();

    [Fact]
    public void Accuracy_lies_in_its_window()
    {
        (double low, double high) = NdcgWindow;
        Assert.True(high - low is > 0 and <= 0.0201, $"the window {low} … {high} is not between 0 and 0.02 wide");
        double ndcg = Ndcg(CreateModel().Fit(World.Train, Context()));
        Assert.True(ndcg >= low && ndcg <= high, string.Create(CultureInfo.InvariantCulture, $"NDCG@10 is {ndcg:F4}, outside {low} … {high}"));
    }

    [Fact]
    public void Accuracy_window_rejects_broken_variants()
    {
        WorldSplit world = World;
        IRecommender right = CreateModel().Fit(world.Train, Context());
        IRecommender cheating = CreateModel().Fit(SmallWorld.Genres, Context());
        var listeners = new float[world.Train.Items.Count];
        foreach ((int _, int item) in Pairs(world.Train).Distinct())
        {
            listeners[item]++;
        }

        var noise = new Rng(1, "contract/noise");
        var variants = new (string Name, double Ndcg)[]
        {
            ("lost sign", SmallWorld.Ndcg(world, KeepSeen, (u, s) => { right.Score(Query.ForUser(u), s); TensorPrimitives.Negate(s, s); })),
            (KeepSeen ? "seen items masked" : "seen items kept", SmallWorld.Ndcg(world, !KeepSeen, (u, s) => right.Score(Query.ForUser(u), s))),
            ("test data in training", SmallWorld.Ndcg(world, KeepSeen, (u, s) => cheating.Score(Query.ForUser(u), s))),
            ("answers of another user", SmallWorld.Ndcg(world, KeepSeen, (u, s) => right.Score(Query.ForUser((u + 1) % world.Train.Users.Count), s))),
            ("popularity", SmallWorld.Ndcg(world, KeepSeen, (_, s) => listeners.CopyTo(s, 0))),
            ("random", SmallWorld.Ndcg(world, KeepSeen, (_, s) => { for (int i = 0; i < s.Length; i++) { s[i] = noise.NextSingle(); } })),
        };
        (double low, double high) = NdcgWindow;
        string[] passed = [.. variants
            .Where(v => v.Ndcg >= low && v.Ndcg <= high && !VariantsNotRejected.ContainsKey(v.Name))
            .Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Name} ({v.Ndcg:F4})"))];
        Assert.True(passed.Length == 0, $"the window {low} … {high} lets through: {string.Join(", ", passed)}");
        Assert.All(VariantsNotRejected.Keys, name => Assert.Contains(name, variants.Select(v => v.Name)));
    }

    [Fact]
    public void Checkerboard_finds_the_one_right_answer()
    {
        Assert.SkipWhen(NoCheckerboard is not null, NoCheckerboard ?? string.Empty);
        for (int u = 0; u < SmallWorld.CheckerboardSize; u++)
        {
            float[] scores = Scores(_checkerboard.Value, Query.ForUser(u));
            Assert.Equal(u, BestUnheard(scores, u));
        }
    }

    [Fact]
    public void Fold_in_finds_the_one_right_answer_or_scores_NaN()
    {
        for (int u = 0; u < SmallWorld.CheckerboardSize; u += 7)
        {
            int[] history = [.. Enumerable.Range(0, SmallWorld.CheckerboardSize).Where(i => i % 2 == u % 2 && i != u)];
            float[] scores = Scores(_checkerboard.Value, Query.ForHistory(history));
            if (NoFoldIn is not null)
            {
                Assert.All(scores, s => Assert.True(AnswerWithoutHistory is null ? float.IsNaN(s) : !float.IsInfinity(s)));
            }
            else if (NoCheckerboard is not null)
            {
                Assert.All(scores, s => Assert.False(float.IsInfinity(s)));
                Assert.Contains(scores, float.IsFinite);
            }
            else
            {
                Assert.Equal(u, BestUnheard(scores, u));
            }
        }
    }

    [Fact]
    public void Fold_in_takes_repeats_weights_times_and_a_moment()
    {
        long latest = SmallWorld.Checkerboard().LatestTime;
        Query[] queries =
        [
            Query.ForHistory(new[] { 0, 2, 2, 4 }),
            Query.ForHistory(new[] { 0, 2, 2, 4 }, weight: new[] { 1f, 3f, 2f, 1f }),
            Query.ForHistory(new[] { 0, 2, 2, 4 }, time: new long[] { -1, latest - 9, latest - 5, latest }),
            Query.ForHistory(new[] { 0, 2, 2, 4 }, new[] { 1f, 3f, 2f, 1f }, new[] { latest - 9, latest - 8, latest - 5, latest }, latest + 60),
            Query.ForHistory(new[] { SmallWorld.CheckerboardSize }),
            new Query { UserIndex = 1, History = new[] { 0, 2 } },
        ];
        Assert.All(queries, query => Assert.All(Scores(_checkerboard.Value, query), s => Assert.False(float.IsInfinity(s))));
        if (NoFoldIn is null)
        {
            Assert.All(queries[..4], query => Assert.Contains(Scores(_checkerboard.Value, query), float.IsFinite));
            Assert.Equal(
                Bits(Scores(_checkerboard.Value, queries[5])), Bits(Scores(_checkerboard.Value, queries[5] with { UserIndex = -1 })));
        }
    }

    [Fact]
    public void Somebody_without_history_gets_NaN_everywhere_or_the_documented_answer()
    {
        foreach (Query query in new[] { new Query(), Query.ForUser(SmallWorld.CheckerboardSize) })
        {
            float[] scores = Scores(_checkerboard.Value, query);
            if (AnswerWithoutHistory is null)
            {
                Assert.All(scores, s => Assert.True(float.IsNaN(s), $"score {s} for a query without history; write NaN everywhere"));
            }
            else
            {
                Assert.Contains(scores, float.IsFinite);
                Assert.All(scores, s => Assert.False(float.IsInfinity(s)));
            }
        }
    }

    [Fact]
    public void Scores_are_finite_or_NaN()
    {
        for (int u = 0; u <= SmallWorld.CheckerboardSize; u++)
        {
            Assert.All(Scores(_checkerboard.Value, Query.ForUser(u)), s => Assert.False(float.IsInfinity(s)));
        }
    }

    /// <summary>A vector that was never trained, or a sum of nothing, is no score: 0 would stand above everything the model advises against.</summary>
    [Fact]
    public void An_item_nobody_heard_scores_NaN_or_what_is_known_of_it()
    {
        Query[] queries =
        [
            Query.ForUser(0), Query.ForUser(1), Query.ForHistory(new[] { 0, 2, 4, 6 }),
            Query.ForHistory(new[] { 1, 3 }, moment: SmallWorld.Checkerboard().LatestTime + 5),
        ];
        float[] unheard = [.. queries.Select(query => Scores(_checkerboard.Value, query)[SmallWorld.CheckerboardSize])];
        if (KnowsUnheardItems is null)
        {
            Assert.All(unheard, score => Assert.True(float.IsNaN(score), $"an item nobody heard scores {score}; write NaN"));
        }
        else
        {
            Assert.Contains(unheard, float.IsFinite);
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        IRecommender recommender = _checkerboard.Value;
        int users = SmallWorld.CheckerboardSize + 1, items = recommender.Items.Count;
        Assert.Equal(SmallWorld.CheckerboardSize + 1, items);
        Assert.ThrowsAny<ArgumentException>(() => recommender.Score(Query.ForUser(0), new float[items - 1]));
        Assert.ThrowsAny<ArgumentException>(() => recommender.Score(Query.ForUser(0), new float[items + 1]));
        Assert.ThrowsAny<ArgumentException>(() => recommender.Score(Query.ForUser(0), []));
        Query[] wrong =
        [
            Query.ForUser(users), Query.ForUser(-2), Query.ForHistory(new[] { 0, items }), Query.ForHistory(new[] { -1 }),
            Query.ForHistory(new[] { 0, 2 }, weight: new[] { 1f }), Query.ForHistory(new[] { 0, 2 }, time: new long[] { 1, 2, 3 }),
        ];
        Assert.All(wrong, query => Assert.ThrowsAny<ArgumentException>(() => recommender.Score(query, new float[items])));
    }

    [Fact]
    public void Refit_gives_the_same_bits()
    {
        WorldSplit world = World;
        Assert.Equal(
            AllBits(CreateModel().Fit(world.Train, Context()), world.Train), AllBits(CreateModel().Fit(world.Train, Context()), world.Train));
    }

    [Fact]
    public void Number_of_threads_does_not_change_a_bit()
    {
        Assert.SkipWhen(DependsOnThreads is not null, DependsOnThreads ?? string.Empty);
        WorldSplit world = World;
        int[] one = AllBits(CreateModel().Fit(world.Train, Context()), world.Train);
        Assert.Equal(one, AllBits(CreateModel().Fit(world.Train, Context() with { Threads = 2 }), world.Train));
        Assert.Equal(one, AllBits(CreateModel().Fit(world.Train, Context() with { Threads = 3 }), world.Train));
    }

    [Fact]
    public async Task Threads_may_share_a_recommender()
    {
        WorldSplit world = World;
        IRecommender recommender = CreateModel().Fit(world.Train, Context());
        int[] alone = AllBits(recommender, world.Train);
        Task<int[]>[] others = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() => AllBits(recommender, world.Train), TestContext.Current.CancellationToken))];
        foreach (int[] other in await Task.WhenAll(others))
        {
            Assert.Equal(alone, other);
        }
    }

    /// <summary>Who observes other edges answers from those: the training data change nothing, more edges do, and other nodes are refused.</summary>
    [Fact]
    public void Observed_edges_take_the_place_of_those_trained_on()
    {
        if (_checkerboard.Value is not IObserves)
        {
            return;
        }

        WorldSplit world = World;
        var trained = (IObserves)CreateModel().Fit(world.Train, Context());
        IRecommender same = trained.Observe(world.Train, Context()), more = trained.Observe(SmallWorld.Genres, Context());
        int[] before = AllBits(trained, world.Train);
        Assert.Equal(before, AllBits(same, world.Train));
        Assert.NotEqual(before, AllBits(more, world.Train));
        Assert.Equal(before, AllBits(trained, world.Train));
        Assert.Contains("trained with", Assert.Throws<DatasetException>(() => trained.Observe(SmallWorld.Checkerboard(), Context())).Message, StringComparison.Ordinal);

        // A stored model observes as the one it was stored from.
        using TemporaryFolder folder = TestData.NewFolder();
        var loaded = (IObserves)CreateModel().Load(SaveAndOpen(trained, folder.File("model.safetensors")), world.Train);
        Assert.Equal(AllBits(more, world.Train), AllBits(loaded.Observe(SmallWorld.Genres, Context()), world.Train));
    }

    [Fact]
    public void Artifact_round_trip_keeps_every_bit()
    {
        Dataset train = Prepare(SmallWorld.Checkerboard());
        using TemporaryFolder folder = TestData.NewFolder();
        ArtifactReader artifact = SaveAndOpen(_checkerboard.Value, folder.File("model.safetensors"));
        IRecommender loaded = CreateModel().Load(artifact, train);
        Assert.Equal(AllBits(_checkerboard.Value, train), AllBits(loaded, train));
        foreach (Query query in new[] { new Query(), Query.ForHistory(new[] { 1, 3, 5 }) })
        {
            Assert.Equal(Bits(Scores(_checkerboard.Value, query)), Bits(Scores(loaded, query)));
        }

        Assert.Equal(loaded is IExplains, _checkerboard.Value is IExplains);
        Assert.Equal(loaded is IVectorRecommender, _checkerboard.Value is IVectorRecommender);
        Assert.Equal(loaded is IRegressor, _checkerboard.Value is IRegressor);
    }

    [Fact]
    public void Artifact_without_the_arrays_or_of_another_dataset_is_refused()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        new ArtifactWriter().Write(folder.File("empty.safetensors"));
        Assert.Throws<DatasetException>(() => CreateModel().Load(ArtifactReader.Open(folder.File("empty.safetensors")), Prepare(SmallWorld.Checkerboard())));
        ArtifactReader artifact = SaveAndOpen(_checkerboard.Value, folder.File("model.safetensors"));
        Assert.Throws<DatasetException>(() => CreateModel().Load(artifact, SmallWorld.Genres));
    }

    [Fact]
    public void Options_survive_a_round_trip_through_text()
    {
        ModelOptions options = CreateModel().Options;
        IEnumerable<KeyValuePair<string, string>> pairs = OptionsText.ToPairs(options)
            .Select(p => new KeyValuePair<string, string>(p.Key, OptionsText.Format(p.Value)));
        Assert.Equal(options, OptionsText.FromPairs(options.GetType(), pairs, "the model"));
        OptionsText.Validate((ModelOptions)Activator.CreateInstance(options.GetType())!, "the model");
    }

    [Fact]
    public void Options_have_a_meaning_and_numbers_a_range_that_fit_enforces()
    {
        Type type = CreateModel().Options.GetType();
        Assert.True(type.IsSealed, $"{type.Name} must be sealed");
        foreach (PropertyInfo property in type.GetProperties().Where(p => p.CanWrite))
        {
            Assert.True(property.GetCustomAttribute<DescriptionAttribute>() is not null, $"{type.Name}.{property.Name} has no [Description]");
            if (property.PropertyType != typeof(int) && property.PropertyType != typeof(double))
            {
                continue;
            }

            var range = property.GetCustomAttribute<RangeAttribute>();
            Assert.True(range is not null, $"{type.Name}.{property.Name} has no [Range]");
            foreach (double outside in new[] { Convert.ToDouble(range.Minimum) - 1, Convert.ToDouble(range.Maximum) + 1, double.NaN })
            {
                object? value = property.PropertyType == typeof(double) ? outside : outside is >= int.MinValue and <= int.MaxValue ? (int)outside : null;
                if (value is null || (value is double d && d >= Convert.ToDouble(range.Minimum) && d <= Convert.ToDouble(range.Maximum)))
                {
                    continue;
                }

                // A copy with one value changed; records clone themselves through this compiler-made method.
                object copy = type.GetMethod("<Clone>$")!.Invoke(CreateModel().Options, null)!;
                property.SetValue(copy, value);
                var model = (IModel)Activator.CreateInstance(CreateModel().GetType(), copy)!;
                Assert.Throws<OptionException>(() => model.Fit(Prepare(SmallWorld.Checkerboard()), Context()));
            }
        }
    }

    [Fact]
    public void Constructing_keeps_the_options_and_does_nothing_else()
    {
        ModelOptions options = CreateModel().Options;
        var model = (IModel)Activator.CreateInstance(CreateModel().GetType(), options)!;
        Assert.Same(options, model.Options);
    }

    [Fact]
    public void Cancelled_fit_stops()
    {
        FitContext context = Context() with { Cancellation = new CancellationToken(canceled: true) };
        Assert.ThrowsAny<OperationCanceledException>(() => CreateModel().Fit(Prepare(SmallWorld.Checkerboard()), context));
    }

    [Fact]
    public void A_fit_cancelled_at_its_first_progress_gives_no_answer_and_goes_no_further()
    {
        using var stop = new CancellationTokenSource();
        int reports = 0;
        var progress = new CallbackProgress<FitProgress>(_ =>
        {
            reports++;
            stop.Cancel();
        });
        FitContext context = Context() with { Cancellation = stop.Token, Progress = progress };
        Assert.ThrowsAny<OperationCanceledException>(() => CreateModel().Fit(Prepare(SmallWorld.Checkerboard()), context));
        Assert.Equal(1, reports);
    }

    [Fact]
    public void Training_ends_where_the_epoch_hook_says_so()
    {
        int calls = 0;
        CreateModel().Fit(Prepare(SmallWorld.Checkerboard()), Context() with
        {
            OnEpoch = (epoch, recommender) =>
            {
                Assert.Equal(++calls, epoch);
                Scores(recommender, Query.ForUser(0));
                return false;
            },
        });
        Assert.True(calls <= 1, $"{calls} epochs although the first call said stop");
    }

    [Fact]
    public void Watched_epochs_alone_are_handed_over_and_watching_changes_nothing()
    {
        List<int> asked = [], seen = [];
        Dataset train = Prepare(SmallWorld.Checkerboard());
        IRecommender watched = CreateModel().Fit(train, Context() with
        {
            WatchedEpochs = epoch =>
            {
                asked.Add(epoch);
                return epoch % 2 == 0;
            },
            OnEpoch = (epoch, _) =>
            {
                seen.Add(epoch);
                return true;
            },
        });
        Assert.Equal(Enumerable.Range(1, asked.Count), asked);
        Assert.Equal(asked.Where(epoch => epoch % 2 == 0), seen);
        Assert.Equal(AllBits(_checkerboard.Value, train), AllBits(watched, train));
    }

    [Fact]
    public void Losses_are_reported_once_an_epoch_and_listening_changes_nothing()
    {
        var losses = new List<(int Epoch, string Name, double Value)>();
        Dataset train = Prepare(SmallWorld.Checkerboard());
        IRecommender listened = CreateModel().Fit(train, Context() with { OnLoss = (epoch, name, value) => losses.Add((epoch, name, value)) });
        Assert.Equal(AllBits(_checkerboard.Value, train), AllBits(listened, train));
        foreach (IGrouping<string, (int Epoch, string Name, double Value)> loss in losses.GroupBy(l => l.Name))
        {
            Assert.Equal(Enumerable.Range(1, loss.Count()), loss.Select(l => l.Epoch));
            Assert.All(loss, l => Assert.True(double.IsFinite(l.Value), $"{l.Name} of epoch {l.Epoch} is {l.Value}"));
        }
    }

    [Fact]
    public void Smallest_data_is_enough()
    {
        (int Users, int Items, (int, int)[] Pairs)[] cases =
        [
            (1, 1, [(0, 0)]), (1, 3, [(0, 1)]), (3, 1, [(0, 0), (2, 0)]), (2, 2, [(0, 0), (0, 0), (0, 0)]), (3, 3, [(0, 0), (0, 1), (1, 1), (2, 2)]),
        ];
        foreach ((int users, int items, (int, int)[] pairs) in cases)
        {
            IRecommender recommender = CreateModel().Fit(Prepare(SmallWorld.Of(users, items, pairs, withTime: true)), Context() with { Threads = 2 });
            for (int u = -1; u < users; u++)
            {
                Assert.All(Scores(recommender, Query.ForUser(u)), s => Assert.False(float.IsInfinity(s)));
            }
        }
    }

    [Fact]
    public void Data_without_interactions_gives_an_answer_or_a_clear_error()
    {
        try
        {
            IRecommender recommender = CreateModel().Fit(SmallWorld.Of(2, 3, []), Context());
            Assert.All(Scores(recommender, Query.ForUser(1)), s => Assert.False(float.IsInfinity(s)));
        }
        catch (SegueException e)
        {
            Assert.NotEmpty(e.Message);
        }
    }

    [Fact]
    public void Data_without_times_is_used_or_refused_by_name()
    {
        Dataset train = Prepare(SmallWorld.Checkerboard(withTime: false));
        if (NeedsTime is not null)
        {
            Assert.Contains("time", Assert.Throws<DatasetException>(() => CreateModel().Fit(train, Context())).Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains(Scores(CreateModel().Fit(train, Context()), Query.ForUser(0)), float.IsFinite);
        }
    }

    [Fact]
    public void Reasons_name_heard_items_and_finite_weights()
    {
        if (_checkerboard.Value is not IExplains explains)
        {
            return;
        }

        foreach (Query query in new[] { Query.ForUser(4), Query.ForHistory(new[] { 0, 2, 6, 8 }), Query.ForUser(SmallWorld.CheckerboardSize), new Query() })
        {
            HashSet<int> heard = query.IsFoldIn
                ? [.. query.History.Span]
                : [.. Pairs(SmallWorld.Checkerboard()).Where(p => p.User == query.UserIndex).Select(p => p.Item)];
            IReadOnlyList<Reason> reasons = explains.Explain(query, 4, 3);
            Assert.InRange(reasons.Count, 0, 3);
            Assert.Empty(explains.Explain(query, 4, 0));
            for (int n = 0; n < reasons.Count; n++)
            {
                Assert.True(double.IsFinite(reasons[n].Weight));
                Assert.True(reasons[n].HistoryItemIndex == -1 || heard.Contains(reasons[n].HistoryItemIndex));
                Assert.NotEmpty(reasons[n].Kind);
                Assert.True(n == 0 || reasons[n - 1].Weight >= reasons[n].Weight, "reasons must stand strongest first");
            }
        }

        if (NoCheckerboard is null)
        {
            Assert.NotEmpty(explains.Explain(Query.ForUser(4), 4, 3));
        }

        Assert.ThrowsAny<ArgumentException>(() => explains.Explain(Query.ForUser(0), explains.Items.Count, 1));
        Assert.ThrowsAny<ArgumentException>(() => explains.Explain(Query.ForUser(0), -1, 1));
    }

    [Fact]
    public void Vector_scores_are_dot_products()
    {
        if (_checkerboard.Value is not IVectorRecommender vectors)
        {
            return;
        }

        Assert.Equal(vectors.Items.Count, vectors.ItemVectors.Rows);
        foreach (Query query in new[] { Query.ForUser(3), Query.ForUser(SmallWorld.CheckerboardSize), new Query(), Query.ForHistory(new[] { 0, 2, 6, 8 }) })
        {
            float[] scores = Scores(vectors, query);
            var vector = new float[vectors.ItemVectors.Columns];
            if (!vectors.TryGetUserVector(query, vector))
            {
                Assert.All(scores, s => Assert.True(float.IsNaN(s)));
                continue;
            }

            for (int i = 0; i < scores.Length; i++)
            {
                float expected = TensorPrimitives.Dot(vectors.ItemVectors.Row(i), vector);
                float scale = TensorPrimitives.Norm(vectors.ItemVectors.Row(i)) * TensorPrimitives.Norm<float>(vector);
                bool isRight = float.IsNaN(expected) ? float.IsNaN(scores[i]) : Math.Abs(scores[i] - expected) <= 1e-5f * scale;
                Assert.True(isRight, $"item {i} scores {scores[i]}, its dot product is {expected}");
            }
        }
    }

    [Fact]
    public void Similarity_is_NaN_on_itself_and_finds_the_same_colour()
    {
        if (_checkerboard.Value is not IItemSimilarity similarity)
        {
            return;
        }

        var scores = new float[similarity.Items.Count];
        for (int item = 0; item < SmallWorld.CheckerboardSize; item++)
        {
            similarity.Similarity(item, scores);
            Assert.True(float.IsNaN(scores[item]));
            int best = Enumerable.Range(0, scores.Length).Where(i => !float.IsNaN(scores[i])).MaxBy(i => scores[i]);
            Assert.True(best < SmallWorld.CheckerboardSize && best % 2 == item % 2, $"item {best} is not like item {item}");
        }

        Assert.ThrowsAny<ArgumentException>(() => similarity.Similarity(0, new float[3]));
        Assert.ThrowsAny<ArgumentException>(() => similarity.Similarity(-1, scores));
        Assert.ThrowsAny<ArgumentException>(() => similarity.Similarity(scores.Length, scores));
    }

    [Fact]
    public void Predictions_are_finite_for_known_and_unknown()
    {
        if (_checkerboard.Value is not IRegressor regressor)
        {
            return;
        }

        foreach ((int user, int item) in new[] { (0, 0), (0, 1), (-1, 0), (0, -1), (-1, -1), (SmallWorld.CheckerboardSize, SmallWorld.CheckerboardSize) })
        {
            Assert.True(float.IsFinite(regressor.Predict(user, item)));
        }

        Assert.ThrowsAny<ArgumentException>(() => regressor.Predict(SmallWorld.CheckerboardSize + 1, 0));
        Assert.ThrowsAny<ArgumentException>(() => regressor.Predict(0, -2));
    }

    [Fact]
    public void Latest_time_is_that_of_the_training_data()
    {
        if (_checkerboard.Value is ITimeAware timed)
        {
            Assert.Equal(SmallWorld.Checkerboard().LatestTime, timed.LatestTime);
        }
    }

    /// <summary>Who does not say that it asks when must give the same bits whatever the moment: users are told that it changes nothing.</summary>
    [Fact]
    public void A_moment_changes_nothing_where_the_model_does_not_ask_when()
    {
        long latest = SmallWorld.Checkerboard().LatestTime;
        Query[] queries =
        [
            Query.ForUser(1), Query.ForUser(SmallWorld.CheckerboardSize), Query.ForHistory(new[] { 0, 2, 2, 4 }),
            Query.ForHistory(new[] { 0, 2, 2, 4 }, time: new long[] { -1, -1, -1, -1 }),
            Query.ForHistory(new[] { 0, 2, 2, 4 }, time: new long[] { -1, latest - 9, latest - 5, latest }),
        ];
        foreach (Query query in queries.Where(q => _checkerboard.Value is not ITimeAware timed || !timed.AsksWhen(q)))
        {
            int[] expected = Bits(Scores(_checkerboard.Value, query));
            Assert.All([0, latest - 20, latest - 5, latest + 9, latest + 10_000_000], moment =>
                Assert.Equal(expected, Bits(Scores(_checkerboard.Value, query with { Moment = moment }))));
        }
    }

    /// <summary>Mean NDCG@10 of a recommender on <see cref="World"/>.</summary>
    protected double Ndcg(IRecommender recommender) =>
        SmallWorld.Ndcg(World, KeepSeen, (u, scores) => recommender.Score(Query.ForUser(u), scores));

    /// <summary>The context the contract fits with: one thread, seed 7.</summary>
    protected static FitContext Context() => new() { Seed = 7, Threads = 1, Cancellation = TestContext.Current.CancellationToken };

    /// <summary>The scores of a query.</summary>
    protected static float[] Scores(IRecommender recommender, Query query)
    {
        // Filled with a value no model writes, so that a place left alone is found.
        var scores = new float[recommender.Items.Count];
        Array.Fill(scores, float.NegativeInfinity);
        recommender.Score(query, scores);
        return scores;
    }

    /// <summary>Writes a recommender to a file and opens it again.</summary>
    protected static ArtifactReader SaveAndOpen(IRecommender recommender, string path)
    {
        var writer = new ArtifactWriter();
        recommender.Save(writer);
        writer.Write(path);
        return ArtifactReader.Open(path);
    }

    private static int BestUnheard(float[] scores, int user) => Enumerable.Range(0, scores.Length)
        .Where(i => (i == user || i % 2 != user % 2 || i == SmallWorld.CheckerboardSize) && !float.IsNaN(scores[i]))
        .OrderByDescending(i => scores[i]).ThenByDescending(i => i == user ? 0 : 1)
        .DefaultIfEmpty(-1).First();

    private static IEnumerable<(int User, int Item)> Pairs(Dataset dataset) => dataset.UserIndex.ToArray().Zip(dataset.ItemIndex.ToArray());

    private static int[] AllBits(IRecommender recommender, Dataset train) =>
        [.. Enumerable.Range(0, train.Users.Count).SelectMany(u => Bits(Scores(recommender, Query.ForUser(u))))];

    private static int[] Bits(float[] scores) => Array.ConvertAll(scores, BitConverter.SingleToInt32Bits);
}
