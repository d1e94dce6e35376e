using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Selection;
using Segue.Numerics.Sparse;

namespace Segue.Models.SessionBased;

/// <summary>Which part of a session predicts what follows it.</summary>
public enum TransitionInput
{
    /// <summary>The last item alone.</summary>
    Last,

    /// <summary>All items so far, later ones more.</summary>
    Past,
}

/// <summary>What models of sessions that solve for item-to-item weights share.</summary>
public abstract record SessionLinearOptions : ModelOptions
{
    /// <summary>L2 strength, in sessions.</summary>
    [Range(1e-6, 1e9)]
    [Description("L2 strength, in sessions")]
    public double Regularization { get; init; } = 10;

    /// <summary>What predicts what follows: the last item, or all so far.</summary>
    [Description("what predicts what follows: the last item, or all so far with later ones more")]
    public TransitionInput Input { get; init; } = TransitionInput.Last;

    /// <summary>Training: plays after which what follows (or what came before) counts 1/e.</summary>
    [Range(1e-3, 1e9)]
    [Description("training: plays after which what follows, or what came before, counts 1/e")]
    public double TargetLife { get; init; } = 1;

    /// <summary>Asking: plays before the last after which an item of the session counts 1/e.</summary>
    [Range(1e-3, 1e9)]
    [Description("asking: plays before the last after which an item of the session counts 1/e")]
    public double PositionLife { get; init; } = 1;

    /// <summary>Age after which a training session counts 1/e: days, or thousands of sessions where the data has no times; 0 for no decay.</summary>
    [Range(0.0, 1e9)]
    [Description("age after which a training session counts 1/e: days, or thousands of sessions where the data has no times; 0 for no decay")]
    public double SessionLife { get; init; } = 128;

    /// <summary>Entries kept of every item, the largest: of every matrix.</summary>
    [Range(1, 1_000_000)]
    [Description("entries kept of every item, the largest")]
    public int Neighbors { get; init; } = 200;

    /// <summary>Largest entry that is left of the residual of every item's equations, whose right side is 1.</summary>
    [Range(1e-12, 0.1)]
    [Description("largest entry that is left of the residual of every item's equations, whose right side is 1")]
    public double Tolerance { get; init; } = 1e-3;

    /// <summary>Longer sessions are cut into pieces of so many plays.</summary>
    [Range(2, 1000)]
    [Description("longer sessions are cut into pieces of so many plays")]
    public int SessionLength { get; init; } = 100;

    /// <summary>Minutes of pause that end a session, where the data has times.</summary>
    [Range(0.0, 1e7)]
    [Description("minutes of pause that end a session, where the data has times")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;
}

/// <summary>The least squares behind <see cref="Slist"/> and <see cref="SWalk"/>: B = (G + λI)⁻¹ K over all items, sparse throughout.</summary>
/// <remarks>
/// G = α XᵀWX + (1 − α) ZᵀWZ and K = α XᵀWX̄ + (1 − α) ZᵀWY. X̄: a binary row a session, X the same divided by its items. Z and Y: a row a
/// cut of a session, plays before it and after it with weights e^(−distance / life), Z divided by its sum. W: weight of the session by its age.
/// </remarks>
/// <param name="options">Lives, lengths, strength and what is kept.</param>
/// <param name="togetherShare">α: share of the loss of what is heard together, against what follows what.</param>
internal sealed class SessionLeastSquares(SessionLinearOptions options, double togetherShare)
{
    private const string Remedy = "lower session_length, or use fewer sessions";

    /// <summary>The rows of B, cut to the largest entries.</summary>
    /// <exception cref="ModelFitException">The sessions have too many pairs, or a solution does not settle.</exception>
    public CsrMatrix Weights(SessionTable sessions, int itemCount, FitContext context, string stage)
    {
        context.Report(stage + ": pairs", 0, itemCount);
        CsrMatrix gram = PairSums.Of(itemCount, sums => AddAll(sessions, sums, isGram: true), context.Threads, Remedy);
        context.Report(stage + ": pairs", 1, 2);
        CsrMatrix targets = PairSums.Of(itemCount, sums => AddAll(sessions, sums, isGram: false), context.Threads, Remedy);
        var diagonal = new float[itemCount];
        for (int i = 0; i < itemCount; i++)
        {
            diagonal[i] = (float)(gram[i, i] + options.Regularization);
        }

        return Rows(itemCount, options.Neighbors, context, stage, row => new Solver(gram, targets, diagonal, options.Tolerance).Row(row));
    }

    /// <summary>A matrix whose rows <paramref name="makeRow"/> computes one by one, each cut to its <paramref name="neighbors"/> largest entries.</summary>
    public static CsrMatrix Rows(int count, int neighbors, FitContext context, string stage, Func<RowScratch, Func<int, RowScratch>> makeRow)
    {
        var columns = new int[count][];
        var values = new float[count][];
        var workers = new Func<int, RowScratch>?[context.Threads];
        int done = 0;
        Workers.Run(count, 64, context.Threads, (start, end, worker) =>
        {
            Func<int, RowScratch> row = workers[worker] ??= makeRow(new RowScratch(count));
            for (int i = start; i < end; i++)
            {
                (columns[i], values[i]) = row(i).TakeLargest(neighbors);
            }

            context.Report(stage + ": rows", Interlocked.Add(ref done, end - start), count);
        }, context.Cancellation);
        var rowStart = new int[count + 1];
        for (int i = 0; i < count; i++)
        {
            rowStart[i + 1] = checked(rowStart[i] + columns[i].Length);
        }

        var column = new int[rowStart[count]];
        var value = new float[rowStart[count]];
        for (int i = 0; i < count; i++)
        {
            columns[i].CopyTo(column, rowStart[i]);
            values[i].CopyTo(value, rowStart[i]);
            (columns[i], values[i]) = ([], []);
        }

        return new CsrMatrix(count, count, rowStart, column, value);
    }

    private void AddAll(SessionTable sessions, PairSums sums, bool isGram)
    {
        var block = new double[options.SessionLength * options.SessionLength];
        var place = new int[options.SessionLength];
        var distinct = new List<int>();
        var input = new double[options.SessionLength];
        long latest = sessions.HasTime && sessions.Count > 0 ? sessions.Time[^1] : -1;
        for (int s = 0; s < sessions.Count; s++)
        {
            CancellationScope.CheckAt(s);
            double weight = options.SessionLife > 0 ? Math.Exp(-sessions.Age(s, latest) / options.SessionLife) : 1;
            ReadOnlySpan<int> all = sessions.Items(s);
            for (int from = 0; from < all.Length; from += options.SessionLength)
            {
                CancellationScope.Check();
                ReadOnlySpan<int> items = all[from..Math.Min(all.Length, from + options.SessionLength)];
                distinct.Clear();
                for (int p = 0; p < items.Length; p++)
                {
                    place[p] = distinct.IndexOf(items[p]);
                    if (place[p] < 0)
                    {
                        place[p] = distinct.Count;
                        distinct.Add(items[p]);
                    }
                }

                int m = distinct.Count;
                Span<double> cells = block.AsSpan(0, m * m);
                double together = togetherShare * weight;
                cells.Fill(isGram ? together / ((double)m * m) : together / m);
                AddTransitions(place.AsSpan(0, items.Length), m, (1 - togetherShare) * weight, cells, input.AsSpan(0, m), isGram);
                for (int a = 0; a < m; a++)
                {
                    for (int b = 0; b < m; b++)
                    {
                        if (cells[(a * m) + b] > 0)
                        {
                            sums.Add(distinct[a], distinct[b], cells[(a * m) + b]);
                        }
                    }
                }
            }
        }
    }

    private void AddTransitions(ReadOnlySpan<int> place, int m, double weight, Span<double> cells, Span<double> input, bool isGram)
    {
        if (weight == 0)
        {
            return;
        }

        input.Clear();
        double total = 0, fade = Math.Exp(-1 / options.TargetLife);
        for (int t = 0; t < place.Length - 1; t++)
        {
            // Plays up to t, all faded by one more step, then divided by their sum.
            if (options.Input == TransitionInput.Last)
            {
                input.Clear();
                total = 0;
            }

            foreach (ref double x in input)
            {
                x *= fade;
            }

            input[place[t]] += 1;
            total = (total * fade) + 1;
            for (int a = 0; a < m; a++)
            {
                double x = weight * input[a] / total;
                if (x == 0)
                {
                    continue;
                }

                if (isGram)
                {
                    for (int b = 0; b < m; b++)
                    {
                        cells[(a * m) + b] += x * input[b] / total;
                    }

                    continue;
                }

                double target = x;
                for (int s = t + 1; s < place.Length; s++, target *= fade)
                {
                    cells[(a * m) + place[s]] += target;
                }
            }
        }
    }

    /// <summary>One row of (G + λI)⁻¹ K after another, for one thread.</summary>
    /// <remarks>
    /// p_i = (G + λI)⁻¹ e_i by coordinate descent on the residual: whoever has more than the tolerance left is solved for and passes the change on. G + λI is
    /// symmetric and positive definite, so every step brings p nearer in its norm and the descent ends; λ makes entries fade with every step away from i, so few
    /// items are ever touched. The order is that of a queue: nothing is drawn.
    /// </remarks>
    private sealed class Solver(CsrMatrix gram, CsrMatrix targets, float[] diagonal, double tolerance)
    {
        private const long MostSteps = 50_000_000;
        private readonly double[] _residual = new double[gram.Rows], _solution = new double[gram.Rows];
        private readonly bool[] _isQueued = new bool[gram.Rows], _isTouched = new bool[gram.Rows];
        private readonly List<int> _touched = [], _solved = [];
        private readonly Queue<int> _queue = [];

        public Func<int, RowScratch> Row(RowScratch scratch) => i =>
        {
            Solve(i);

            // In the order of the descent, which is always the same.
            foreach (int j in _solved)
            {
                scratch.AddRow(targets, j, _solution[j]);
                _solution[j] = 0;
            }

            foreach (int j in _touched)
            {
                _residual[j] = 0;
                _isTouched[j] = false;
            }

            _solved.Clear();
            _touched.Clear();
            return scratch;
        };

        private void Solve(int i)
        {
            Touch(i);
            _residual[i] = 1;
            _queue.Enqueue(i);
            _isQueued[i] = true;
            long steps = 0;
            while (_queue.TryDequeue(out int j))
            {
                CancellationScope.CheckAt((int)steps);
                _isQueued[j] = false;
                double change = _residual[j] / diagonal[j];
                _residual[j] = 0;
                if (_solution[j] == 0)
                {
                    _solved.Add(j);
                }

                _solution[j] += change;
                ReadOnlySpan<int> to = gram.RowColumns(j);
                ReadOnlySpan<float> value = gram.RowValues(j);
                for (int n = 0; n < to.Length; n++)
                {
                    int k = to[n];
                    double before = _residual[k], after = before - (change * value[n]);
                    if (k == j)
                    {
                        continue;
                    }

                    _residual[k] = after;
                    if (before == 0 && !_isTouched[k])
                    {
                        Touch(k);
                    }

                    if (Math.Abs(after) > tolerance && !_isQueued[k])
                    {
                        _isQueued[k] = true;
                        _queue.Enqueue(k);
                    }
                }

                if (++steps > MostSteps)
                {
                    throw new ModelFitException(
                        $"the weights of item {i} do not settle within {MostSteps:N0} steps at tolerance={OptionsText.Format(tolerance)}; "
                        + "raise regularization or tolerance");
                }
            }
        }

        private void Touch(int item)
        {
            _isTouched[item] = true;
            _touched.Add(item);
        }
    }
}

/// <summary>A row that is summed up sparsely; one thread's.</summary>
/// <param name="size">Columns.</param>
internal sealed class RowScratch(int size)
{
    private readonly double[] _sum = new double[size];
    private readonly bool[] _isTouched = new bool[size];
    private readonly List<int> _touched = [];
    private float[] _values = new float[256], _best = new float[256];
    private int[] _index = new int[256];

    /// <summary>Columns touched since the last <see cref="Clear"/>, in no order but always the same.</summary>
    public IReadOnlyList<int> Touched => _touched;

    public double this[int column] => _sum[column];

    public void Add(int column, double value)
    {
        if (!_isTouched[column])
        {
            _isTouched[column] = true;
            _touched.Add(column);
        }

        _sum[column] += value;
    }

    public void AddRow(CsrMatrix matrix, int row, double factor)
    {
        ReadOnlySpan<int> to = matrix.RowColumns(row);
        ReadOnlySpan<float> value = matrix.RowValues(row);
        for (int n = 0; n < to.Length; n++)
        {
            Add(to[n], factor * value[n]);
        }
    }

    public void Clear()
    {
        foreach (int column in _touched)
        {
            _sum[column] = 0;
            _isTouched[column] = false;
        }

        _touched.Clear();
    }

    /// <summary>The <paramref name="count"/> largest sums by ascending column, of equal ones those touched first; then the row is empty again.</summary>
    public (int[] Columns, float[] Values) TakeLargest(int count)
    {
        if (_values.Length < _touched.Count)
        {
            _values = new float[2 * _touched.Count];
        }

        if (_best.Length < Math.Min(count, _touched.Count))
        {
            (_best, _index) = (new float[count], new int[count]);
        }

        for (int n = 0; n < _touched.Count; n++)
        {
            _values[n] = (float)_sum[_touched[n]];
        }

        int k = Math.Min(count, _touched.Count);
        int found = TopK.Select(_values.AsSpan(0, _touched.Count), _index.AsSpan(0, k), _best.AsSpan(0, k));
        int[] columns = _index[..found];
        float[] values = _best[..found];
        for (int n = 0; n < found; n++)
        {
            columns[n] = _touched[columns[n]];
        }

        Array.Sort(columns, values);
        Clear();
        return (columns, values);
    }
}
