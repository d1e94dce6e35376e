using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Core.Splitting;
using Segue.Evaluation.Metrics;
using Segue.Evaluation.Protocol;
using Segue.Numerics;

namespace Segue.Evaluation;

/// <summary>Reveals every held-out session item by item, ranks the whole catalogue after each, and measures what comes next and what remains.</summary>
/// <remarks>
/// <para>
/// A session is what <see cref="EvaluationSet.Relevant"/> has of one user, in its order: items x₁ … x_n. After x₁ … x_t, t = 1 … n − 1, the
/// recommender is asked with that history (after the user's part of <see cref="EvaluationSet.Known"/>, where there is one) as somebody it was
/// not trained with; the right answer is x_{t+1} for <c>next-…</c>, the distinct items of x_{t+1} … x_n for <c>rest-…</c>. The moment of a query is
/// the time of the last item revealed, where times are known. The first item is never predicted, so a session of one item is left out.
/// </para>
/// <para>
/// In discovery what was revealed or known before is no candidate: a step whose next item is heard already does not count for <c>next-…</c>, and the
/// rest is what is left of it. In repeat listening (<see cref="EvaluationOptions.KeepSeen"/>) everything is a candidate and may be right.
/// Ties go by a random order of every step, as in <see cref="RankingEvaluator"/>; NaN and −∞ are ranked nowhere, so silence never pays.
/// </para>
/// <para>
/// A figure is the mean over all steps that have a right answer, as in session-rec (Ludewig and Jannach, UMUAI 2018), so a long session counts for
/// more; <see cref="EvaluationResult.PerUser"/> has the mean of each session and <see cref="EvaluationResult.PairCount"/> its steps, and the bootstrap and the paired
/// test draw whole sessions. With <see cref="EvaluationOptions.UpToOffset"/> the same ranking is asked for x_{t+2}, x_{t+3}, … too. One scoring a step and O(items · remaining) vectorised comparisons. No result depends on the number of threads.
/// </para>
/// </remarks>
public static class SessionEvaluator
{
    /// <summary>Evaluates <paramref name="recommender"/> on the sessions held out in <paramref name="set"/>.</summary>
    /// <exception cref="OptionException">A metric is not about steps of a session, negatives are sampled, or an option is out of range.</exception>
    /// <exception cref="DatasetException">The set does not fit the recommender, is unordered, has given candidates, or has no session of two items.</exception>
    /// <exception cref="OperationCanceledException">Cancelled through the options.</exception>
    public static EvaluationResult Evaluate(IRecommender recommender, EvaluationSet set, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(recommender);
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        using CancellationScope scope = CancellationScope.Enter(options.Cancellation);
        if (options.Metrics.FirstOrDefault(m => m.Metric.Kind != MetricKind.PerStep) is { } other)
        {
            throw new OptionException($"metric '{other}' is not about sessions revealed item by item; evaluate it with {nameof(RankingEvaluator)}");
        }

        if (options.SampledNegatives > 0)
        {
            throw new OptionException(
                $"sessions are revealed against the full catalogue, not {options.SampledNegatives} sampled negatives; leave the sample out");
        }

        if (options.UpToOffset > 0 && !options.Metrics.Any(m => m.Metric.HasOffsets))
        {
            throw new OptionException($"no metric can be asked of items up to {options.UpToOffset} ahead; name next-hr or next-mrr, for example next-hr@20");
        }

        if (recommender.Items.Count != set.Known.Items.Count)
        {
            throw new DatasetException(
                $"the recommender ranks {recommender.Items.Count} items, the evaluation set has {set.Known.Items.Count}; train on a part of the same split");
        }

        if (set.Candidates is not null || !(set.Relevant.IsOrdered || set.Relevant.HasTime))
        {
            throw new DatasetException(
                $"the held-out part of '{set.Relevant.Name}' {(set.Candidates is null ? "has no order" : "ranks given candidates only")}, so it cannot be "
                + "revealed item by item; use a split that holds out ordered sessions, for example 'given' or 'last-session'");
        }

        var run = new SessionRun(recommender, set, options);
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
}

/// <summary>One evaluation: what all threads share. Steps are numbered through all sessions.</summary>
internal sealed class SessionRun
{
    private static readonly ItemFacts NoFacts = new(ReadOnlyMemory<int>.Empty, [], 0);
    private static readonly HashSet<int> NoScratch = [];
    private readonly EvaluationOptions _options;
    private readonly EvaluationSet _set;
    private readonly BlockScorer _scorer;
    private readonly MetricSpecification[] _metrics;
    private readonly double[][] _values;
    private readonly int[] _users;
    private readonly TieOrders _ties;

    /// <summary>All sequences, what was known before the held-out items: a query's history is a slice of it.</summary>
    private readonly int[] _items;
    private readonly long[] _times;
    private readonly float[] _weights;

    /// <summary>By session: first place of its user in <see cref="_items"/>, first place of the session, and the place after it.</summary>
    private readonly int[] _start;
    private readonly int[] _held;
    private readonly int[] _end;

    /// <summary>By session: first step; one more at the end.</summary>
    private readonly int[] _step;
    private readonly int[] _days;
    private readonly double[] _relevantShare;
    private readonly int[] _candidates;
    private readonly int[] _sessionOfStep;
    private readonly int _longest;

    /// <summary>By step and offset − 1: rank of the item so far ahead, or one of the two below.</summary>
    private readonly int[] _rankAhead;
    private const int NotAsked = -1, NotRanked = 0;
    private int _done;

    public SessionRun(IRecommender recommender, EvaluationSet set, EvaluationOptions options)
    {
        (_set, _options, _metrics) = (set, options, [.. options.Metrics]);
        _scorer = new BlockScorer(recommender);
        _ties = new TieOrders(set.Known.Items, set.Known.Users, options.Seed);
        Dataset known = set.Known, held = set.Relevant;
        int[] knownStart = known.UserStart(), heldStart = held.UserStart();
        RelevantItems.RequireDays(set);
        var sessions = new List<(int User, int From, int End)>();
        for (int u = 0; u < held.Users.Count; u++)
        {
            for (int from = heldStart[u]; from < heldStart[u + 1];)
            {
                int end = RelevantItems.EndOfQuestion(set, from, heldStart[u + 1]);
                if (end - from >= 2)
                {
                    sessions.Add((u, from, end));
                }

                from = end;
            }
        }

        _users = [.. sessions.Select(s => s.User)];
        if (_users.Length == 0)
        {
            throw new DatasetException(
                $"the held-out part of '{held.Name}' has no session of two items or more, so nothing can be revealed; choose a split that holds out whole sessions");
        }

        _days = set.IsByDay ? [.. sessions.Select(s => (int)(held.Time.Span[s.From] / RelevantItems.Day))] : [];
        (_start, _held, _end, _step) = (new int[_users.Length], new int[_users.Length], new int[_users.Length], new int[_users.Length + 1]);
        int place = 0;
        for (int s = 0; s < _users.Length; s++)
        {
            CancellationScope.CheckAt(s);
            (int u, int from, int end) = sessions[s];
            bool isNew = s == 0 || _users[s - 1] != u;
            _start[s] = isNew ? place : _start[s - 1];
            place += isNew ? knownStart[u + 1] - knownStart[u] + heldStart[u + 1] - heldStart[u] : 0;
            _held[s] = _start[s] + (knownStart[u + 1] - knownStart[u]) + (from - heldStart[u]);
            _end[s] = _held[s] + (end - from);
            _step[s + 1] = _step[s] + (end - from) - 1;
            _longest = Math.Max(_longest, end - from);
        }

        _items = new int[place];
        _times = new long[held.HasTime ? place : 0];
        _weights = new float[held.HasWeight ? place : 0];
        _sessionOfStep = new int[_step[^1]];
        _relevantShare = new double[_step[^1]];
        _candidates = new int[_step[^1]];
        for (int s = 0; s < _users.Length; s++)
        {
            CancellationScope.CheckAt(s);
            _sessionOfStep.AsSpan(_step[s].._step[s + 1]).Fill(s);
            int u = _users[s], at = _start[s], middle = at + knownStart[u + 1] - knownStart[u];
            if (s > 0 && _users[s - 1] == u)
            {
                continue;
            }

            Range before = knownStart[u]..knownStart[u + 1], after = heldStart[u]..heldStart[u + 1];
            known.ItemIndex.Span[before].CopyTo(_items.AsSpan(at));
            held.ItemIndex.Span[after].CopyTo(_items.AsSpan(middle));
            if (_times.Length > 0)
            {
                known.Time.Span[before].CopyTo(_times.AsSpan(at));
                held.Time.Span[after].CopyTo(_times.AsSpan(middle));
            }

            if (_weights.Length > 0)
            {
                known.Weight.Span[before].CopyTo(_weights.AsSpan(at));
                held.Weight.Span[after].CopyTo(_weights.AsSpan(middle));
            }
        }

        _values = [.. _metrics.Select(_ => new double[_step[^1]])];
        long ranks = (long)_step[^1] * options.UpToOffset;
        _rankAhead = ranks <= Array.MaxLength
            ? new int[ranks] : throw new OptionException($"{_step[^1]} steps with items up to {options.UpToOffset} ahead are {ranks} ranks; look less far, or evaluate fewer sessions");
        Array.Fill(_rankAhead, NotAsked);
    }

    public EvaluationResult Evaluate()
    {
        long started = Stopwatch.GetTimestamp();
        var workers = new Worker?[_options.Threads];
        Workers.Run(_sessionOfStep.Length, _scorer.BlockSize, _options.Threads, (start, end, worker) =>
        {
            (workers[worker] ??= new Worker(this)).Evaluate(start, end);
            _options.Progress?.Report(new FitProgress("evaluate", Interlocked.Add(ref _done, end - start), _sessionOfStep.Length));
        }, _options.Cancellation);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        int[] clusters = _set.ClustersOf(_users);
        var perSession = new Dictionary<string, double[]>();
        var steps = new Dictionary<string, double[]>();
        var metrics = new Dictionary<string, MetricValue>();
        for (int m = 0; m < _metrics.Length; m++)
        {
            string name = _metrics[m].Name;
            (perSession[name], steps[name]) = OfSessions(_values[m]);
            metrics[name] = Bootstrap.Mean(perSession[name], steps[name], _options, clusters);
        }

        return new EvaluationResult
        {
            Users = _users,
            PerUser = perSession,
            PairCount = steps,
            Metrics = metrics,
            ByOffset = _options.UpToOffset > 0 ? _metrics.Where(m => m.Metric.HasOffsets).ToDictionary(m => m.Name, ByOffset) : [],
            ScoreSeconds = seconds,
            Lists = _sessionOfStep.Length,
            RelevantShare = _relevantShare.Order().Average(),
            CandidateCount = _candidates.Average(),
            Days = _days,
            Clusters = clusters,
            TiedLists = workers.Sum(w => w?.TiedLists ?? 0),
            Protocol = "sessions revealed item by item, " + RankingEvaluator.ProtocolName(_options, _set),
        };
    }

    /// <summary>Mean over the steps of every session that have a value, and how many these are.</summary>
    private (double[] Mean, double[] Steps) OfSessions(double[] values)
    {
        var mean = new double[_users.Length];
        var steps = new double[_users.Length];
        for (int s = 0; s < _users.Length; s++)
        {
            double sum = 0;
            for (int n = _step[s]; n < _step[s + 1]; n++)
            {
                if (!double.IsNaN(values[n]))
                {
                    sum += values[n];
                    steps[s]++;
                }
            }

            mean[s] = steps[s] > 0 ? sum / steps[s] : double.NaN;
        }

        return (mean, steps);
    }

    private OffsetCurve ByOffset(MetricSpecification metric)
    {
        int upTo = _options.UpToOffset;
        var sum = new double[upTo];
        var steps = new int[upTo];
        double[][] sumOf = [.. _users.Select(_ => new double[upTo])];
        int[][] stepsOf = [.. _users.Select(_ => new int[upTo])];
        for (int n = 0; n < _rankAhead.Length; n++)
        {
            if (_rankAhead[n] != NotAsked)
            {
                var ranking = new UserRanking
                {
                    HitRanks = _rankAhead[n] == NotRanked ? [] : _rankAhead.AsSpan(n, 1),
                    Relevant = [0],
                    List = [],
                    Auc = double.NaN,
                    PairLoss = double.NaN,
                    Facts = NoFacts,
                    Scratch = NoScratch,
                };
                double value = metric.Metric.ForUser!(in ranking, metric.K ?? _set.Known.Items.Count);
                int session = _sessionOfStep[n / upTo];
                sum[n % upTo] += value;
                steps[n % upTo]++;
                sumOf[session][n % upTo] += value;
                stepsOf[session][n % upTo]++;
            }
        }

        return new OffsetCurve([.. sum.Select((s, l) => steps[l] > 0 ? s / steps[l] : double.NaN)], steps) { SumPerUser = sumOf, StepsPerUser = stepsOf };
    }

    private Range HistoryOf(int n)
    {
        int s = _sessionOfStep[n];
        return _start[s]..(_held[s] + (n - _step[s]) + 1);
    }

    private Query QueryOf(int n)
    {
        Range history = HistoryOf(n);
        long last = _times.Length > 0 ? _times[history.End.Value - 1] : -1;
        return Query.ForHistory(
            _items.AsMemory(history),
            _weights.Length > 0 ? _weights.AsMemory(history) : default,
            _times.Length > 0 ? _times.AsMemory(history) : default,
            last >= 0 ? last : _set.Moment);
    }

    /// <summary>What one thread needs; all of it is made once.</summary>
    private sealed class Worker
    {
        private readonly SessionRun _run;
        private readonly ScoreBlock _block;
        private readonly RelevantRanks _next;
        private readonly RelevantRanks _rest;
        private readonly HashSet<int> _distinct = [];
        private readonly int[] _relevant;
        private readonly ItemFacts _facts = new(ReadOnlyMemory<int>.Empty, [], 0);
        private readonly HashSet<int> _scratch = [];
        private readonly bool _wantNext;
        private readonly bool _wantLoss;
        private readonly bool _wantRest;
        private readonly RelevantRanks _ahead;
        private readonly int[] _aheadItems;
        private readonly Dictionary<int, int> _aheadRank = [];

        public Worker(SessionRun run)
        {
            _run = run;
            _block = run._scorer.NewBlock();
            int items = run._scorer.Recommender.Items.Count;
            _next = new RelevantRanks(items, 1);
            _rest = new RelevantRanks(items, run._longest);
            _relevant = new int[run._longest];
            int upTo = Math.Min(run._options.UpToOffset, run._longest);
            _ahead = new RelevantRanks(items, upTo);
            _aheadItems = new int[upTo];
            _wantNext = Array.Exists(run._metrics, m => m.Metric.IsAboutNext);
            _wantLoss = Array.Exists(run._metrics, m => m.Metric.Needs.HasFlag(RankingNeeds.PairLoss));
            _wantRest = Array.Exists(run._metrics, m => !m.Metric.IsAboutNext);
        }

        /// <summary>How many lists had one score for everything that was ranked.</summary>
        public int TiedLists { get; private set; }

        public void Evaluate(int start, int end)
        {
            _block.Score(start, end, _run.QueryOf);
            for (int n = start; n < end; n++)
            {
                Evaluate(n, _block.Row(n - start));
            }
        }

        private void Evaluate(int n, Span<float> scores)
        {
            Range range = _run.HistoryOf(n);
            ReadOnlySpan<int> heard = _run._items.AsSpan(range);
            ReadOnlySpan<int> rest = _run._items.AsSpan(range.End.Value.._run._end[_run._sessionOfStep[n]]);
            _distinct.Clear();
            if (!_run._options.KeepSeen)
            {
                foreach (int item in heard)
                {
                    scores[item] = float.NaN;
                    _distinct.Add(item);
                }
            }

            TieOrder ties = _run._ties.Of(_run._users[_run._sessionOfStep[n]], heard.Length);
            TiedLists += TieOrder.AreAllTied(scores) ? 1 : 0;

            // Until here the distinct items are those that are no candidates.
            RankAhead(ties, scores, rest[..Math.Min(rest.Length, _aheadItems.Length)], _run._rankAhead.AsSpan(n * _run._options.UpToOffset));
            int candidates = scores.Length - _distinct.Count;
            bool nextCounts = !_distinct.Contains(rest[0]);
            int count = 0;
            foreach (int item in rest)
            {
                if (_distinct.Add(item))
                {
                    _relevant[count++] = item;
                }
            }

            _run._candidates[n] = candidates;
            _run._relevantShare[n] = candidates == 0 ? 1 : Math.Min(1, (_wantRest ? Math.Max(count, 1) : 1) / (double)candidates);
            if (_wantNext && nextCounts)
            {
                _next.Find(scores, rest[..1], 0, wantWins: false, ties);
            }

            double loss = _wantLoss && nextCounts ? NextCrossEntropy.Of(scores, rest[0], candidates) : double.NaN;
            if (_wantRest && count > 0)
            {
                _rest.Find(scores, _relevant.AsSpan(0, count), 0, wantWins: false, ties);
            }

            for (int m = 0; m < _run._metrics.Length; m++)
            {
                MetricSpecification metric = _run._metrics[m];
                bool isNext = metric.Metric.IsAboutNext;
                var ranking = new UserRanking
                {
                    HitRanks = isNext ? _next.Ranks : _rest.Ranks,
                    Relevant = isNext ? rest[..1] : _relevant.AsSpan(0, count),
                    List = [],
                    Auc = double.NaN,
                    PairLoss = loss,
                    Facts = _facts,
                    Scratch = _scratch,
                };
                _run._values[m][n] = (isNext ? nextCounts : count > 0) ? metric.Metric.ForUser!(in ranking, metric.K ?? scores.Length) : double.NaN;
            }
        }

        private void RankAhead(TieOrder ties, ReadOnlySpan<float> scores, ReadOnlySpan<int> ahead, Span<int> ranks)
        {
            _aheadRank.Clear();
            int count = 0;
            foreach (int item in ahead)
            {
                if (_aheadRank.TryAdd(item, _distinct.Contains(item) ? NotAsked : NotRanked) && !_distinct.Contains(item))
                {
                    _aheadItems[count++] = item;
                }
            }

            _ahead.Find(scores, _aheadItems.AsSpan(0, count), 0, wantWins: false, ties);
            for (int r = 0; r < _ahead.Ranks.Length; r++)
            {
                _aheadRank[_ahead.Items[r]] = _ahead.Ranks[r];
            }

            for (int l = 0; l < ahead.Length; l++)
            {
                ranks[l] = _aheadRank[ahead[l]];
            }
        }
    }
}
