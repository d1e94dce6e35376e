using Segue.Core;
using Segue.Core.Contracts;
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

/// <summary>The least squares behind <see cref="Slist"/> and <see cref="SWalk"/>: B = (G + λI)⁻¹ K over all items, sparse throughout.</summary>
/// <remarks>
/// G = α XᵀWX + (1 − α) ZᵀWZ and K = α XᵀWX̄ + (1 − α) ZᵀWY. X̄: a binary row a session, X the same divided by its items. Z and Y: a row a
/// cut of a session, plays before it and after it with weights e^(−distance / life), Z divided by its sum. W: weight of the session by its age.
/// </remarks>
internal sealed record SessionLeastSquares
{
    /// <summary>α: share of the loss of what is heard together, against what follows what.</summary>
    public required double TogetherShare { get; init; }

    public required TransitionInput Input { get; init; }

    public required double TargetLife { get; init; }

    public required double SessionLife { get; init; }

    public required int SessionLength { get; init; }

    public required double Regularization { get; init; }

    /// <summary>Entries kept of every row of B, the largest.</summary>
    public required int Neighbors { get; init; }

    /// <summary>Largest entry of a row's residual e_i − (G + λI) p that is left.</summary>
    public required double Tolerance { get; init; }

    /// <summary>The rows of B, cut to the largest entries.</summary>
    /// <exception cref="ModelFitException">The sessions have too many pairs, or a solution does not settle.</exception>
    public CsrMatrix Weights(SessionTable sessions, int itemCount, FitContext context, string stage)
    {
        context.Report(stage + ": pairs", 0, itemCount);
        CsrMatrix gram = PairSums.Of(itemCount, sums => AddAll(sessions, sums, isGram: true), context.Threads);
        context.Report(stage + ": pairs", 1, 2);
        CsrMatrix targets = PairSums.Of(itemCount, sums => AddAll(sessions, sums, isGram: false), context.Threads);
        var diagonal = new float[itemCount];
        for (int i = 0; i < itemCount; i++)
        {
            diagonal[i] = (float)(gram[i, i] + Regularization);
        }

        return Rows(itemCount, Neighbors, context, stage, row => new Solver(gram, targets, diagonal, Tolerance).Row(row));
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
        var block = new double[SessionLength * SessionLength];
        var place = new int[SessionLength];
        var distinct = new List<int>();
        var input = new double[SessionLength];
        long latest = sessions.HasTime && sessions.Count > 0 ? sessions.Time[^1] : -1;
        for (int s = 0; s < sessions.Count; s++)
        {
            double weight = SessionLife > 0 ? Math.Exp(-sessions.Age(s, latest) / SessionLife) : 1;
            ReadOnlySpan<int> all = sessions.Items(s);
            for (int from = 0; from < all.Length; from += SessionLength)
            {
                ReadOnlySpan<int> items = all[from..Math.Min(all.Length, from + SessionLength)];
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
                double together = TogetherShare * weight;
                cells.Fill(isGram ? together / ((double)m * m) : together / m);
                AddTransitions(place.AsSpan(0, items.Length), m, (1 - TogetherShare) * weight, cells, input.AsSpan(0, m), isGram);
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
        double total = 0, fade = Math.Exp(-1 / TargetLife);
        for (int t = 0; t < place.Length - 1; t++)
        {
            // Plays up to t, all faded by one more step, then divided by their sum.
            if (Input == TransitionInput.Last)
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
