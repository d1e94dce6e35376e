using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Evaluation.Metrics;
using Segue.Evaluation.Protocol;
using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Numerics.Selection;

namespace Segue.Evaluation;

/// <summary>Ranks the whole catalogue for every user with something held out, and measures the rankings.</summary>
/// <remarks>
/// <para>
/// Users: those with at least one relevant item; in discovery (seen items masked) a relevant item that is known already does not
/// count. Relevant items are distinct: an item held out five times is one right answer. Candidates: all items of the catalogue, or
/// <see cref="EvaluationSet.Candidates"/>, without the known ones in discovery.
/// </para>
/// <para>
/// An item scored NaN or −∞ is ranked nowhere, so a user who cannot be scored at all has 0 in every metric of accuracy (51
/// clicks) and still counts in the mean: staying silent never pays. Ties go by a random order, the same for all models, that depends on
/// the seed and the ids of user and item alone: items a model knows nothing of tie by the hundred, and in the order of a data set popular
/// items often stand first.
/// </para>
/// <para>
/// Cost: one scoring a user, and O(items · relevant) vectorised comparisons; the ranks of the right answers are counted, nothing
/// is sorted. No result depends on the number of threads or on the order of the users.
/// </para>
/// </remarks>
public static class RankingEvaluator
{
    /// <summary>Evaluates <paramref name="recommender"/> on <paramref name="set"/>.</summary>
    /// <exception cref="OptionException">No metric, one that is about predictions, or an option out of range.</exception>
    /// <exception cref="DatasetException">The set does not fit the recommender, has nobody to evaluate, or lacks artists a metric needs.</exception>
    /// <exception cref="OperationCanceledException">Cancelled through the options.</exception>
    public static EvaluationResult Evaluate(IRecommender recommender, EvaluationSet set, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(recommender);
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        using CancellationScope scope = CancellationScope.Enter(options.Cancellation);
        if (options.Metrics.FirstOrDefault(m => m.Metric.Kind == MetricKind.Prediction) is { } prediction)
        {
            throw new OptionException($"metric '{prediction}' is about predicted values, not rankings; evaluate it with {nameof(RegressionEvaluator)}");
        }

        if (options.Metrics.FirstOrDefault(m => m.Metric.Kind == MetricKind.PerStep) is { } step)
        {
            throw new OptionException($"metric '{step}' is about sessions revealed item by item; evaluate it with {nameof(SessionEvaluator)}");
        }

        if (recommender.Items.Count != set.Known.Items.Count)
        {
            throw new DatasetException(
                $"the recommender ranks {recommender.Items.Count} items, the evaluation set has {set.Known.Items.Count}; train on a part of the same split");
        }

        if (set.IsTransductive && set.IsFoldIn && recommender is IObserves graph)
        {
            var context = new FitContext { Seed = options.Seed, Threads = options.Threads, Cancellation = options.Cancellation };
            (recommender, set) = (graph.Observe(set.Known, context), set with { IsFoldIn = false });
        }

        var run = new RankingRun(recommender, set.For(recommender), options);
        try
        {
            return run.Evaluate();
        }
        catch (AggregateException error) when (error.Flatten().InnerExceptions is [var only, ..])
        {
            // What a model threw on a worker thread reads the same as on this one.
            ExceptionDispatchInfo.Throw(only);
            throw;
        }
    }

    /// <summary>How the protocol is called in reports.</summary>
    internal static string ProtocolName(EvaluationOptions options, EvaluationSet set) =>
        (options.SampledNegatives == 0 ? "full ranking" : $"sampled:{options.SampledNegatives} negatives")
        + (set.Candidates is { } only ? string.Create(CultureInfo.InvariantCulture, $" of {only.Length} held-out items") : string.Empty)
        + (options.KeepSeen ? ", seen items kept" : ", seen items masked") + (set.IsByDay ? ", every day of a listener asked on its own" : string.Empty);
}

/// <summary>One evaluation: what all threads share.</summary>
internal sealed class RankingRun
{
    private readonly EvaluationSet _set;
    private readonly EvaluationOptions _options;
    private readonly BlockScorer _scorer;
    private readonly RelevantItems _relevant;
    private readonly KnownPlays _known;
    private readonly double[] _relevantShare;
    private readonly TieOrders _ties;
    private readonly bool[] _isCandidate;
    private readonly ItemFacts _facts;
    private readonly MetricSpecification[] _perUser;
    private readonly MetricSpecification[] _allLists;
    private readonly double[][] _values;
    private readonly Func<int, Query> _queryOf;
    private readonly int _itemCount;
    private readonly int _candidateCount;
    private readonly int _listLength;
    private readonly bool _wantAuc;
    private readonly bool _wantPairLoss;
    private readonly bool _wantRelevantLongList;
    private int _done;

    public RankingRun(IRecommender recommender, EvaluationSet set, EvaluationOptions options)
    {
        _set = set;
        _options = options;
        _itemCount = set.Known.Items.Count;
        _candidateCount = set.Candidates?.Length ?? _itemCount;
        _relevant = RelevantItems.From(set, options.KeepSeen);
        _known = new KnownPlays(set);
        _relevantShare = new double[_relevant.Users.Length];
        _ties = new TieOrders(set.Known.Items, set.Known.Users, options.Seed);
        _isCandidate = new bool[_itemCount];
        foreach (int item in set.Candidates is { } only ? only.Span : [])
        {
            _isCandidate[item] = true;
        }

        _scorer = new BlockScorer(recommender);
        _perUser = [.. options.Metrics.Where(m => m.Metric.Kind == MetricKind.PerUser)];
        _allLists = [.. options.Metrics.Where(m => m.Metric.Kind == MetricKind.AllLists)];
        _values = [.. _perUser.Select(_ => new double[_relevant.Users.Length])];
        _queryOf = QueryOf;

        RankingNeeds needs = _perUser.Aggregate(
            RankingNeeds.None, (all, m) => all | m.Metric.Needs | (m.Slice is null ? RankingNeeds.None : RankingNeeds.Listeners));
        ReadOnlyMemory<int> artists = set.Known.Catalog.ItemArtist;
        if (needs.HasFlag(RankingNeeds.Artists) && artists.IsEmpty)
        {
            throw new DatasetException(
                $"metric '{_perUser.First(m => m.Metric.Needs.HasFlag(RankingNeeds.Artists))}' needs the artist of every item, and "
                + $"'{set.Known.Name}' has none; leave the metric out, or import with artists");
        }

        _wantAuc = needs.HasFlag(RankingNeeds.Auc);
        _wantPairLoss = needs.HasFlag(RankingNeeds.PairLoss);
        _wantRelevantLongList = needs.HasFlag(RankingNeeds.RelevantLongList) && !artists.IsEmpty;
        _listLength = Math.Min(_candidateCount, _perUser.Where(m => m.Metric.Needs.HasFlag(RankingNeeds.List)).Concat(_allLists)
            .Select(m => m.K ?? 0).DefaultIfEmpty(0).Max());
        (int[] listeners, int userCount) = needs.HasFlag(RankingNeeds.Listeners) ? CountListeners() : ([], 0);
        _facts = new ItemFacts(artists, listeners, userCount);
    }

    public EvaluationResult Evaluate()
    {
        long started = Stopwatch.GetTimestamp();
        var workers = new Worker?[_options.Threads];
        Workers.Run(_relevant.Users.Length, _scorer.BlockSize, _options.Threads, (start, end, worker) =>
        {
            (workers[worker] ??= new Worker(this)).Evaluate(start, end);
            int done = Interlocked.Add(ref _done, end - start);
            _options.Progress?.Report(new FitProgress("evaluate", done, _relevant.Users.Length));
        }, _options.Cancellation);

        var exposure = new Dictionary<string, double>();
        for (int m = 0; m < _allLists.Length; m++)
        {
            var counts = new int[_itemCount];
            foreach (Worker? worker in workers)
            {
                for (int i = 0; worker is not null && i < counts.Length; i++)
                {
                    counts[i] += worker.Exposure[m][i];
                }
            }

            exposure[_allLists[m].Name] = _allLists[m].Metric.ForExposure!(
                _set.Candidates is { } only ? Array.ConvertAll(only.ToArray(), item => counts[item]) : counts);
        }

        var perUser = new Dictionary<string, double[]>();
        var pairCount = new Dictionary<string, double[]>();
        if (_options.Metrics.Any(m => m.Metric.Kind == MetricKind.Link))
        {
            (perUser, pairCount) = new LinkEvaluator(_set, _relevant, _options).Evaluate(_scorer.Recommender, _queryOf);
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        for (int m = 0; m < _perUser.Length; m++)
        {
            perUser[_perUser[m].Name] = _values[m];
        }

        int[] clusters = _set.ClustersOf(_relevant.Users);
        var metrics = new Dictionary<string, MetricValue>();
        foreach (MetricSpecification metric in _options.Metrics)
        {
            metrics[metric.Name] = perUser.TryGetValue(metric.Name, out double[]? values)
                ? Bootstrap.Mean(values, pairCount.GetValueOrDefault(metric.Name), _options, clusters)
                : new MetricValue(exposure[metric.Name], exposure[metric.Name], exposure[metric.Name], _relevant.Users.Length);
        }

        return new EvaluationResult
        {
            Users = _relevant.Users,
            PerUser = perUser,
            PairCount = pairCount,
            Metrics = metrics,
            ScoreSeconds = seconds,
            TiedLists = workers.Sum(w => w?.TiedLists ?? 0),
            Lists = _relevant.Users.Length,
            RelevantShare = _relevantShare.Order().Average(),
            CandidateCount = _relevantShare.Select((share, n) => _relevant.Of(n).Length / share).Order().Average(),
            Days = _relevant.Days,
            Clusters = clusters,
            Protocol = RankingEvaluator.ProtocolName(_options, _set),
        };
    }

    private ReadOnlySpan<int> KnownOf(int n) => _known.Of(_relevant.Users[n], _relevant.Before[n]);

    private Query QueryOf(int n)
    {
        int user = _relevant.Users[n];
        if (_set.IsByDay)
        {
            // The morning of the day, but never before the part begins.
            return _known.Ask(user, _relevant.Before[n], Math.Max(_set.Moment, _relevant.Days[n] * RelevantItems.Day));
        }

        return _set.IsFoldIn ? _known.Ask(user, 0, _set.Moment) : Query.ForUser(user, _set.Moment);
    }

    private (int[] Listeners, int UserCount) CountListeners()
    {
        Dataset train = _options.Train ?? _set.Known;
        if (train.Items.Count != _itemCount)
        {
            throw new DatasetException($"popularity is counted in {train.Items.Count} items, the evaluation set has {_itemCount}; give a part of the same split");
        }

        var binary = UserItemMatrix.Binary(train);
        var listeners = new int[_itemCount];
        foreach (int item in binary.ColumnIndex)
        {
            listeners[item]++;
        }

        int users = 0;
        for (int user = 0; user < binary.Rows; user++)
        {
            users += binary.RowLength(user) > 0 ? 1 : 0;
        }

        // Nobody listened to anything: every item is as popular as with one listener, and no share is above 1.
        return (listeners, Math.Max(1, users));
    }

    /// <summary>What one thread needs; all of it is made once.</summary>
    private sealed class Worker
    {
        private readonly RankingRun _run;
        private readonly ScoreBlock _block;
        private readonly RelevantRanks _ranks;
        private readonly HashSet<int> _scratch = [];
        private readonly int[] _list;
        private readonly float[] _listScores;
        private readonly ulong[] _listKeys;
        private readonly Negatives? _negatives;
        private readonly int[] _sliceRelevant;
        private readonly int[] _sliceRanks;
        private readonly float[] _sampled = [];

        public Worker(RankingRun run)
        {
            _run = run;
            _block = run._scorer.NewBlock();
            int maxRelevant = run._relevant.MaxCount;
            _ranks = new RelevantRanks(run._itemCount, maxRelevant);
            _sliceRelevant = new int[maxRelevant];
            _sliceRanks = new int[maxRelevant];
            int longest = run._wantRelevantLongList ? Math.Max(run._listLength, maxRelevant) : run._listLength;
            _list = new int[longest];
            _listScores = new float[longest];
            _listKeys = new ulong[longest];
            Exposure = [.. run._allLists.Select(_ => new int[run._itemCount])];
            if (run._options.SampledNegatives > 0)
            {
                _negatives = new Negatives(run._itemCount, run._set.Candidates);
                _sampled = new float[run._itemCount];
            }
        }

        /// <summary>By metric over all lists: how often every item was recommended.</summary>
        public int[][] Exposure { get; }

        /// <summary>How many lists had one score for everything that was ranked.</summary>
        public int TiedLists { get; private set; }

        public void Evaluate(int start, int end)
        {
            _block.Score(start, end, _run._queryOf);
            for (int n = start; n < end; n++)
            {
                Evaluate(n, _block.Row(n - start));
            }
        }

        private void Evaluate(int n, Span<float> scores)
        {
            int user = _run._relevant.Users[n];
            ReadOnlySpan<int> relevant = _run._relevant.Of(n);
            int others = _run._candidateCount - relevant.Length;
            if (!_run._options.KeepSeen)
            {
                foreach (int item in _run.KnownOf(n))
                {
                    scores[item] = float.NaN;
                }

                others -= _run._relevant.KnownDistinct[n];
            }

            if (_negatives is not null)
            {
                others = KeepSample(n, relevant, scores);
            }

            if (_run._set.Candidates is not null)
            {
                KeepCandidates(scores);
            }

            _run._relevantShare[n] = relevant.Length / (double)(relevant.Length + others);
            TieOrder ties = _run._ties.Of(user, _run._set.IsByDay ? _run._relevant.Days[n] : 0);
            TiedLists += TieOrder.AreAllTied(scores) ? 1 : 0;
            _ranks.Find(scores, relevant, others, _run._wantAuc, ties);
            int wanted = Math.Max(_run._listLength, _run._wantRelevantLongList ? relevant.Length : 0);
            int length = wanted == 0 ? 0 : ties.Select(scores, _list.AsSpan(0, wanted), _listScores.AsSpan(0, wanted), _listKeys.AsSpan(0, wanted));
            var ranking = new UserRanking
            {
                HitRanks = _ranks.Ranks,
                Relevant = relevant,
                List = _list.AsSpan(0, length),
                Auc = RocAuc.FromWins(_ranks.Wins, relevant.Length, others),
                PairLoss = _run._wantPairLoss ? PairLoss(user, relevant, scores) : double.NaN,
                Facts = _run._facts,
                Scratch = _scratch,
            };
            for (int m = 0; m < _run._perUser.Length; m++)
            {
                MetricSpecification metric = _run._perUser[m];
                _run._values[m][n] = metric.Slice is { } slice
                    ? OfSlice(in ranking, metric, slice)
                    : metric.Metric.ForUser!(in ranking, metric.K ?? int.MaxValue);
            }

            for (int m = 0; m < Exposure.Length; m++)
            {
                foreach (int item in ranking.List[..Math.Min(length, _run._allLists[m].K!.Value)])
                {
                    Exposure[m][item]++;
                }
            }
        }

        /// <summary>Mean of −ln σ(relevant − other), one other a relevant item, drawn by the user's id.</summary>
        private double PairLoss(int user, ReadOnlySpan<int> relevant, ReadOnlySpan<float> scores)
        {
            var rng = new Rng(_run._options.Seed, "evaluation/pairs/" + _run._set.Known.Users[user]);
            double sum = 0;
            int pairs = 0;
            foreach (int item in relevant)
            {
                for (int attempt = 0; attempt < 100; attempt++)
                {
                    int place = rng.Next(_run._candidateCount);
                    int other = _run._set.Candidates is { } only ? only.Span[place] : place;
                    if (float.IsFinite(scores[other]) && !relevant.Contains(other))
                    {
                        double margin = float.IsFinite(scores[item]) ? (double)scores[item] - scores[other] : 0;
                        sum += Math.Max(-margin, 0) + double.LogP1(Math.Exp(-Math.Abs(margin)));
                        pairs++;
                        break;
                    }
                }
            }

            return pairs == 0 ? double.NaN : sum / pairs;
        }

        /// <summary>The metric as if only the right answers of the slice were right; NaN where there is none. The ranks stay those among all.</summary>
        private double OfSlice(in UserRanking ranking, MetricSpecification metric, PopularitySlice slice)
        {
            int[] listeners = _run._facts.Listeners;
            int relevant = 0, hits = 0;
            foreach (int item in ranking.Relevant)
            {
                if (slice.Contains(listeners[item]))
                {
                    _sliceRelevant[relevant++] = item;
                }
            }

            if (relevant == 0)
            {
                return double.NaN;
            }

            for (int h = 0; h < _ranks.Ranks.Length; h++)
            {
                if (slice.Contains(listeners[_ranks.Items[h]]))
                {
                    _sliceRanks[hits++] = _ranks.Ranks[h];
                }
            }

            var part = new UserRanking
            {
                HitRanks = _sliceRanks.AsSpan(0, hits),
                Relevant = _sliceRelevant.AsSpan(0, relevant),
                List = ranking.List,
                Auc = double.NaN,
                PairLoss = double.NaN,
                Facts = ranking.Facts,
                Scratch = ranking.Scratch,
            };
            return metric.Metric.ForUser!(in part, metric.K ?? int.MaxValue);
        }

        /// <summary>Takes everything but the relevant items and the user's sample out of the ranking; returns the sample's size.</summary>
        private int KeepSample(int n, ReadOnlySpan<int> relevant, Span<float> scores)
        {
            // Named by the user's id: the sample stays the same whoever else is evaluated, and in whatever order.
            string day = _run._set.IsByDay ? string.Create(CultureInfo.InvariantCulture, $"/{_run._relevant.Days[n]}") : string.Empty;
            var rng = new Rng(_run._options.Seed, $"evaluation/negatives/{_run._set.Known.Users[_run._relevant.Users[n]]}{day}");
            ReadOnlySpan<int> sample = _negatives!.Draw(_run._options.SampledNegatives, _run.KnownOf(n), relevant, rng);
            scores.CopyTo(_sampled);
            scores.Fill(float.NaN);
            foreach (int item in sample)
            {
                scores[item] = _sampled[item];
            }

            foreach (int item in relevant)
            {
                scores[item] = _sampled[item];
            }

            return sample.Length;
        }

        /// <summary>Takes everything but the candidates out of the ranking.</summary>
        private void KeepCandidates(Span<float> scores)
        {
            ReadOnlySpan<bool> isCandidate = _run._isCandidate;
            for (int item = 0; item < scores.Length; item++)
            {
                scores[item] = isCandidate[item] ? scores[item] : float.NaN;
            }
        }
    }
}
