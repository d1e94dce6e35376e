using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.SessionBased;

/// <summary>
/// Scores by a sparse items × items matrix: the current session's items each bring their row, later ones more. See <see cref="Markov"/>,
/// <see cref="SequentialRules"/>, <see cref="Slist"/>, <see cref="SWalk"/>.
/// </summary>
/// <param name="items">The items.</param>
/// <param name="sessions">Says which session a query is in.</param>
/// <param name="weights">Row i: what a play of item i brings every item.</param>
/// <param name="positionLife">Plays before the last after which an item counts 1/e; 0: the last item that has a row counts alone.</param>
internal sealed class SessionWeightsRecommender(Vocabulary items, SessionTable sessions, CsrMatrix weights, double positionLife) : IExplains
{
    public Vocabulary Items => items;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, sessions.Users, items.Count);
        scores.Fill(float.NaN);
        ReadOnlySpan<int> current = sessions.Current(query);
        for (int p = current.Length - 1; p >= 0; p--)
        {
            double weight = Weight(current.Length - 1 - p);
            if ((float)weight == 0)
            {
                break;
            }

            ReadOnlySpan<int> to = weights.RowColumns(current[p]);
            ReadOnlySpan<float> value = weights.RowValues(current[p]);
            for (int n = 0; n < to.Length; n++)
            {
                ref float score = ref scores[to[n]];
                float part = (float)(weight * value[n]);
                score = float.IsNaN(score) ? part : score + part;
            }

            if (positionLife == 0 && to.Length > 0)
            {
                break;
            }
        }
    }

    /// <summary>The items of the current session by what they brought.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(query, sessions.Users, items.Count);
        ReadOnlySpan<int> current = sessions.Current(query);
        var parts = new Dictionary<int, double>();
        for (int p = current.Length - 1; p >= 0; p--)
        {
            parts[current[p]] = parts.GetValueOrDefault(current[p]) + (Weight(current.Length - 1 - p) * weights[current[p], itemIndex]);
            if (positionLife == 0 && weights.RowLength(current[p]) > 0)
            {
                break;
            }
        }

        return [.. parts.Where(p => p.Value > 0).Select(p => new Reason(p.Key, p.Value, "because_listened"))
            .OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    public void Save(ArtifactWriter artifact)
    {
        sessions.Save(artifact, items.Count);
        artifact.Add("weights", weights);
    }

    public static IRecommender Load(ArtifactReader artifact, Dataset train, double gapMinutes, double positionLife)
    {
        SessionTable sessions = SessionTable.Load(artifact, train, gapMinutes);
        CsrMatrix weights = artifact.Sparse("weights");
        return weights.Rows == train.Items.Count && weights.Columns == train.Items.Count
            ? new SessionWeightsRecommender(train.Items, sessions, weights, positionLife)
            : throw new DatasetException(
                $"array 'weights' is {weights.Rows} × {weights.Columns}, but the dataset has {train.Items.Count} items; give the dataset it was trained on");
    }

    private double Weight(int after) => positionLife == 0 ? 1 : Math.Exp(-after / positionLife);
}

/// <summary>Sums of entries that come in any order, without holding more than one pair of columns and values.</summary>
/// <param name="size">Rows and columns.</param>
internal sealed class PairSums(int size)
{
    private readonly long[] _start = new long[size + 1];
    private int[] _column = [];
    private float[] _value = [];
    private bool _isCounting = true;

    /// <summary>The sums of what <paramref name="each"/> adds; it is called twice and must do the same both times.</summary>
    /// <param name="size">Rows and columns.</param>
    /// <param name="each">Adds all entries.</param>
    /// <param name="threads">Threads that sort the rows; the sums do not depend on it.</param>
    /// <param name="remedy">What makes fewer pairs of the model that asks, for example <c>lower steps</c>.</param>
    /// <param name="most">Most entries; what an array can hold, less in tests.</param>
    /// <exception cref="ModelFitException">More entries than that.</exception>
    public static CsrMatrix Of(int size, Action<PairSums> each, int threads, string remedy, int most = 0x7FFF_FFC7)
    {
        var sums = new PairSums(size);
        each(sums);
        return sums.Merge(each, threads, remedy, most);
    }

    public void Add(int row, int column, double value)
    {
        if (_isCounting)
        {
            _start[row + 1]++;
            return;
        }

        long at = _start[row]++;
        (_column[at], _value[at]) = (column, (float)value);
    }

    private CsrMatrix Merge(Action<PairSums> each, int threads, string remedy, int most)
    {
        for (int i = 0; i < size; i++)
        {
            _start[i + 1] += _start[i];
        }

        if (_start[size] > most)
        {
            throw new ModelFitException(
                FormattableString.Invariant($"the sessions have {_start[size]:N0} pairs of items, more than one matrix can hold ({most:N0}); {remedy}"));
        }

        (_column, _value, _isCounting) = (new int[_start[size]], new float[_start[size]], false);
        each(this);
        var length = new int[size];

        // Writing moved every row's start to its end, which is the next row's start.
        Workers.Run(size, 256, threads, (first, end, _) =>
        {
            for (int i = first; i < end; i++)
            {
                int from = i == 0 ? 0 : (int)_start[i - 1], to = (int)_start[i];
                Array.Sort(_column, _value, from, to - from);
                int write = from;
                for (int n = from; n < to;)
                {
                    double sum = 0;
                    int column = _column[n];
                    for (; n < to && _column[n] == column; n++)
                    {
                        sum += _value[n];
                    }

                    (_column[write], _value[write]) = (column, (float)sum);
                    write++;
                }

                length[i] = write - from;
            }
        });
        var rowStart = new int[size + 1];
        for (int i = 0; i < size; i++)
        {
            rowStart[i + 1] = rowStart[i] + length[i];
            int from = i == 0 ? 0 : (int)_start[i - 1];
            Array.Copy(_column, from, _column, rowStart[i], length[i]);
            Array.Copy(_value, from, _value, rowStart[i], length[i]);
        }

        return new CsrMatrix(size, size, rowStart, _column[..rowStart[size]], _value[..rowStart[size]]);
    }
}
