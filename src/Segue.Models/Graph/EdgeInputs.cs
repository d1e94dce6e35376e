using System.Collections.Concurrent;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>What is known of a listener and an item before their edge is: numbers made from the graph around the two.</summary>
/// <remarks>
/// Of the listener: bias, number of items, quantiles and spread of the weights. Of the item: bias, listeners, spread, how often on top. Of
/// both: friends who listen to it and how much, listeners of it who are alike, how central it is among the listener's items (by common
/// listeners and by tags), and what the listener made of items like it. All from one <see cref="EdgeGraph"/>.
/// </remarks>
internal sealed class EdgeInputs
{
    /// <summary>Most items of a listener whose common listeners are counted; the heaviest ones.</summary>
    private const int MostItems = 256;

    private const float Shrink = 3f;

    private static readonly float[] Quantiles = [0f, 0.1f, 0.25f, 0.5f, 0.75f, 0.9f];

    private readonly EdgeGraph _graph;
    private readonly CsrMatrix _common;
    private readonly float[] _itemSpread, _itemRank;
    private readonly ConcurrentStack<Scratch> _spare = new();

    /// <summary>Counts what all listeners share. O(Σ items of a listener²).</summary>
    public EdgeInputs(EdgeGraph graph, int threads)
    {
        _graph = graph;
        _common = CommonListeners(graph, threads);
        (_itemSpread, _itemRank) = ItemSpread(graph);
    }

    /// <summary>Names of the columns.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "base", "user_bias", "item_bias", "user_items", "item_listeners",
        .. Quantiles.Select(q => $"user_quantile_{q * 100:0}"), "user_spread", "user_residual_spread",
        "item_residual_spread", "item_rank",
        "friends", "friends_listening", "friends_share", "friends_residual",
        "alike_sum", "alike_mean", "alike_max", "alike_residual",
        "common_mean", "common_max", "common_root", "common_relative", "common_residual",
        "tag_mean", "tag_max", "tag_root", "tag_relative", "tag_residual", "item_tags",
    ];

    /// <summary>Writes the inputs of (user, item) pairs, users ascending.</summary>
    /// <param name="users">User of every pair.</param>
    /// <param name="items">Item of every pair.</param>
    /// <param name="output">Pairs × <see cref="Names"/>.</param>
    /// <param name="threads">At most this many threads.</param>
    public void Fill(ReadOnlyMemory<int> users, ReadOnlyMemory<int> items, DenseMatrix output, int threads)
    {
        var starts = new List<int>();
        for (int n = 0; n < users.Length; n++)
        {
            if (n == 0 || users.Span[n] != users.Span[n - 1])
            {
                starts.Add(n);
            }
        }

        starts.Add(users.Length);
        Workers.Run(starts.Count - 1, 4, threads, (start, end, _) =>
        {
            Scratch own = Rent();
            for (int s = start; s < end; s++)
            {
                CancellationScope.Check();
                int from = starts[s], user = users.Span[from];
                ReadOnlySpan<int> history = _graph.ByUser.RowColumns(user);
                FillUser(
                    user, history, _graph.ByUser.RowValues(user), items.Span[from..starts[s + 1]],
                    output.Values.AsSpan(from * output.Columns, (starts[s + 1] - from) * output.Columns), own);
            }

            _spare.Push(own);
        });
    }

    /// <summary>Writes the inputs of some items for one known listener.</summary>
    public void FillUser(int user, ReadOnlySpan<int> items, Span<float> output)
    {
        Scratch own = Rent();
        FillUser(user, _graph.ByUser.RowColumns(user), _graph.ByUser.RowValues(user), items, output, own);
        _spare.Push(own);
    }

    /// <summary>Writes the inputs of some items for a listener with a history of its own.</summary>
    /// <param name="history">Items, ascending and distinct.</param>
    /// <param name="weights">Weight of each.</param>
    /// <param name="items">The items asked for.</param>
    /// <param name="output">Items × <see cref="Names"/>.</param>
    public void FillHistory(ReadOnlySpan<int> history, ReadOnlySpan<float> weights, ReadOnlySpan<int> items, Span<float> output)
    {
        Scratch own = Rent();
        FillUser(-1, history, weights, items, output, own);
        _spare.Push(own);
    }

    private Scratch Rent() => _spare.TryPop(out Scratch? spare) ? spare : new Scratch(_graph.ByUser.Rows, _graph.ByUser.Columns, _graph.ItemTags.Columns);

    private static float Spread(double squares, int count, double prior) => (float)Math.Sqrt((squares + (5 * prior)) / (count + 5));

    private static (float[] Spread, float[] Rank) ItemSpread(EdgeGraph graph)
    {
        CsrMatrix byUser = graph.ByUser;
        var rankByUser = new float[byUser.Count];
        for (int u = 0; u < byUser.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            int start = byUser.RowStart[u], length = byUser.RowLength(u);
            int[] order = [.. Enumerable.Range(start, length).OrderBy(n => byUser.Values[n]).ThenBy(n => n)];
            for (int r = 0; r < length; r++)
            {
                rankByUser[order[r]] = (r + 0.5f) / length;
            }
        }

        CsrMatrix ranks = byUser.WithValues(rankByUser).Transpose();
        float[] spread = new float[byUser.Columns], rank = new float[byUser.Columns];
        double prior = MeanSquare(graph.Residual);
        for (int i = 0; i < byUser.Columns; i++)
        {
            double squares = 0, sum = 2.5;
            for (int n = ranks.RowStart[i]; n < ranks.RowStart[i + 1]; n++)
            {
                squares += Math.Pow(graph.ResidualByItem[n], 2);
                sum += ranks.Values[n];
            }

            spread[i] = Spread(squares, ranks.RowLength(i), prior);
            rank[i] = (float)(sum / (ranks.RowLength(i) + 5));
        }

        return (spread, rank);
    }

    private static double MeanSquare(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
        {
            sum += (double)value * value;
        }

        return sum / Math.Max(1, values.Length);
    }

    /// <summary>Items × items: how many listeners two items have in common.</summary>
    private static CsrMatrix CommonListeners(EdgeGraph graph, int threads)
    {
        CsrMatrix byUser = Heaviest(graph.ByUser), byItem = byUser.Transpose();
        int items = byItem.Rows;
        var rows = new (int[] Index, float[] Count)[items];
        var counts = new int[threads][];
        Workers.Run(items, 64, threads, (start, end, worker) =>
        {
            int[] count = counts[worker] ??= new int[items];
            var touched = new List<int>();
            for (int i = start; i < end; i++)
            {
                CancellationScope.Check();
                foreach (int u in byItem.RowColumns(i))
                {
                    foreach (int other in byUser.RowColumns(u))
                    {
                        if (other != i && count[other]++ == 0)
                        {
                            touched.Add(other);
                        }
                    }
                }

                rows[i] = ([.. touched], [.. touched.Select(t => (float)count[t])]);
                foreach (int t in touched)
                {
                    count[t] = 0;
                }

                touched.Clear();
            }
        });
        var rowStart = new int[items + 1];
        for (int i = 0; i < items; i++)
        {
            CancellationScope.CheckAt(i);
            rowStart[i + 1] = rowStart[i] + rows[i].Index.Length;
        }

        return new CsrMatrix(items, items, rowStart, [.. rows.SelectMany(r => r.Index)], [.. rows.SelectMany(r => r.Count)]);
    }

    private static CsrMatrix Heaviest(CsrMatrix byUser)
    {
        if (Enumerable.Range(0, byUser.Rows).All(u => byUser.RowLength(u) <= MostItems))
        {
            return byUser;
        }

        var rows = new List<int>();
        var columns = new List<int>();
        for (int u = 0; u < byUser.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            int start = byUser.RowStart[u];
            foreach (int n in Enumerable.Range(start, byUser.RowLength(u)).OrderByDescending(n => byUser.Values[n]).ThenBy(n => n).Take(MostItems))
            {
                rows.Add(u);
                columns.Add(byUser.ColumnIndex[n]);
            }
        }

        return CsrMatrix.FromTriplets(byUser.Rows, byUser.Columns, [.. rows], [.. columns], []);
    }

    private void FillUser(
        int user, ReadOnlySpan<int> history, ReadOnlySpan<float> weights, ReadOnlySpan<int> items, Span<float> output, Scratch scratch)
    {
        int width = Names.Count, count = history.Length;
        float userBias = user >= 0 ? _graph.UserBias[user] : BiasOf(history, weights);
        var residual = new float[count];
        var sorted = weights.ToArray();
        Array.Sort(sorted);
        double mean = 0, squares = 0, residualSquares = 0;
        for (int n = 0; n < count; n++)
        {
            residual[n] = weights[n] - _graph.Mean - userBias - _graph.ItemBias[history[n]];
            mean += weights[n] / count;
            residualSquares += residual[n] * residual[n];
        }

        foreach (float weight in weights)
        {
            squares += Math.Pow(weight - mean, 2);
        }

        float spread = Spread(squares, count, 0.017), residualSpread = Spread(residualSquares, count, 0.009);
        Alike(user, history, scratch);
        Place(items, history, scratch);
        for (int n = 0; n < count; n++)
        {
            CommonNear(history[n], residual[n], scratch);
            TagNear(history[n], residual[n], items, history, scratch);
        }

        (float commonMean, float commonSpread) = scratch.Common.OwnMoments(items.Length, count);
        (float tagMean, float tagSpread) = scratch.Tags.OwnMoments(items.Length, count);
        float friends = user < 0 ? 0f : _graph.Friends.RowLength(user);
        for (int q = 0; q < items.Length; q++)
        {
            int item = items[q], at = 0;
            Span<float> x = output.Slice(q * width, width);
            x[at++] = _graph.Mean + userBias + _graph.ItemBias[item];
            x[at++] = userBias;
            x[at++] = _graph.ItemBias[item];
            x[at++] = MathF.Log(1f + count);
            x[at++] = MathF.Log(1f + _graph.ByItem.RowLength(item));
            foreach (float quantile in Quantiles)
            {
                x[at++] = count == 0 ? _graph.Mean : sorted[(int)(quantile * (count - 1))];
            }

            x[at++] = spread;
            x[at++] = residualSpread;
            x[at++] = _itemSpread[item];
            x[at++] = _itemRank[item];
            at = Listeners(item, friends, scratch, x, at);
            at = scratch.Common.Write(q, count, commonMean, commonSpread, 0.005f, 0.3f, x, at);
            at = scratch.Tags.Write(q, count, tagMean, tagSpread, 0.02f, 1f, x, at);
            x[at] = MathF.Log(1f + _graph.ItemTags.RowLength(item));
        }

        scratch.Clear(items, history);
    }

    private float BiasOf(ReadOnlySpan<int> history, ReadOnlySpan<float> weights)
    {
        double sum = 0;
        for (int n = 0; n < history.Length; n++)
        {
            sum += weights[n] - _graph.Mean - _graph.ItemBias[history[n]];
        }

        return (float)(sum / (history.Length + 1));
    }

    /// <summary>Cosine of every other listener's items with the history, and who is a friend.</summary>
    private void Alike(int user, ReadOnlySpan<int> history, Scratch scratch)
    {
        foreach (int item in history)
        {
            foreach (int other in _graph.ByItem.RowColumns(item))
            {
                if (other != user)
                {
                    if (scratch.Alike[other] == 0f)
                    {
                        scratch.TouchedUsers.Add(other);
                    }

                    scratch.Alike[other]++;
                }
            }
        }

        foreach (int other in scratch.TouchedUsers)
        {
            scratch.Alike[other] /= MathF.Sqrt((float)history.Length * _graph.ByUser.RowLength(other));
        }

        if (user >= 0)
        {
            foreach (int friend in _graph.Friends.RowColumns(user))
            {
                scratch.IsFriend[friend] = true;
                scratch.TouchedFriends.Add(friend);
            }
        }
    }

    /// <summary>Gives the asked and the heard items a place in the scratch tables.</summary>
    private static void Place(ReadOnlySpan<int> items, ReadOnlySpan<int> history, Scratch scratch)
    {
        scratch.Common.Start(items.Length + history.Length);
        scratch.Tags.Start(items.Length + history.Length);
        for (int n = 0; n < items.Length; n++)
        {
            scratch.Asked[items[n]] = n;
        }

        for (int n = 0; n < history.Length; n++)
        {
            scratch.Heard[history[n]] = items.Length + n;
        }
    }

    /// <summary>Adds what a heard item says about the asked ones, and about the other heard ones, by their common listeners.</summary>
    private void CommonNear(int item, float residual, Scratch scratch)
    {
        float own = _graph.ByItem.RowLength(item);
        for (int p = _common.RowStart[item]; p < _common.RowStart[item + 1]; p++)
        {
            int other = _common.ColumnIndex[p], asked = scratch.Asked[other], heard = scratch.Heard[other];
            if (asked < 0 && heard < 0)
            {
                continue;
            }

            float listeners = _graph.ByItem.RowLength(other);
            if (asked >= 0)
            {
                scratch.Common.Add(asked, _common.Values[p] / (MathF.Sqrt(own * listeners) + Shrink), residual);
            }

            if (heard >= 0)
            {
                // Two heard items have the listener itself in common, which an asked item has not.
                scratch.Common.Add(
                    heard, (_common.Values[p] - 1f) / (MathF.Sqrt(Math.Max(0f, (own - 1f) * (listeners - 1f))) + Shrink), residual);
            }
        }
    }

    /// <summary>The same by their tags.</summary>
    private void TagNear(int item, float residual, ReadOnlySpan<int> asked, ReadOnlySpan<int> history, Scratch scratch)
    {
        CsrMatrix tags = _graph.ItemTags;
        ReadOnlySpan<int> own = tags.RowColumns(item);
        ReadOnlySpan<float> weights = tags.RowValues(item);
        if (own.IsEmpty)
        {
            return;
        }

        for (int t = 0; t < own.Length; t++)
        {
            scratch.TagWeight[own[t]] = weights[t];
        }

        for (int n = 0; n < asked.Length; n++)
        {
            AddTagNear(asked[n], n, item, residual, scratch);
        }

        for (int n = 0; n < history.Length; n++)
        {
            AddTagNear(history[n], asked.Length + n, item, residual, scratch);
        }

        foreach (int tag in own)
        {
            scratch.TagWeight[tag] = 0f;
        }
    }

    private void AddTagNear(int other, int place, int item, float residual, Scratch scratch)
    {
        CsrMatrix tags = _graph.ItemTags;
        float similarity = 0f;
        for (int p = tags.RowStart[other]; p < tags.RowStart[other + 1]; p++)
        {
            similarity += scratch.TagWeight[tags.ColumnIndex[p]] * tags.Values[p];
        }

        if (similarity > 0f && other != item)
        {
            scratch.Tags.Add(place, similarity, residual);
        }
    }

    /// <summary>What the item's listeners say: friends among them, and those alike.</summary>
    private int Listeners(int item, float friends, Scratch scratch, Span<float> x, int at)
    {
        CsrMatrix byItem = _graph.ByItem;
        float friendCount = 0f, friendSum = 0f, alike = 0f, largest = 0f, alikeSum = 0f;
        for (int n = byItem.RowStart[item]; n < byItem.RowStart[item + 1]; n++)
        {
            int other = byItem.ColumnIndex[n];
            float similarity = scratch.Alike[other], residual = _graph.ResidualByItem[n];
            alike += similarity;
            alikeSum += similarity * residual;
            largest = MathF.Max(largest, similarity);
            if (scratch.IsFriend[other])
            {
                friendCount++;
                friendSum += residual;
            }
        }

        x[at++] = MathF.Log(1f + friends);
        x[at++] = friendCount;
        x[at++] = friendCount / (friends + 2f);
        x[at++] = friendSum / (friendCount + 2f);
        x[at++] = alike;
        x[at++] = alike / Math.Max(1, byItem.RowLength(item));
        x[at++] = largest;
        x[at++] = alikeSum / (alike + 0.5f);
        return at;
    }

    /// <summary>Sums over the heard items near an item, for the asked ones first, then for the heard ones.</summary>
    private sealed class Nearness
    {
        private float[] _sum = [], _squares = [], _largest = [], _residual = [];

        public void Start(int count)
        {
            if (_sum.Length < count)
            {
                (_sum, _squares, _largest, _residual) = (new float[2 * count], new float[2 * count], new float[2 * count], new float[2 * count]);
            }
            else
            {
                Array.Clear(_sum, 0, count);
                Array.Clear(_squares, 0, count);
                Array.Clear(_largest, 0, count);
                Array.Clear(_residual, 0, count);
            }
        }

        public void Add(int place, float similarity, float residual)
        {
            _sum[place] += similarity;
            _squares[place] += similarity * similarity;
            _largest[place] = MathF.Max(_largest[place], similarity);
            _residual[place] += similarity * residual;
        }

        /// <summary>Mean and deviation of the mean nearness of the heard items to each other.</summary>
        public (float Mean, float Deviation) OwnMoments(int asked, int heard)
        {
            double sum = 0, squares = 0;
            for (int n = asked; n < asked + heard; n++)
            {
                double mean = _sum[n] / Math.Max(1, heard - 1);
                sum += mean;
                squares += mean * mean;
            }

            double center = sum / Math.Max(1, heard);
            return ((float)center, (float)Math.Sqrt(Math.Max(0, (squares / Math.Max(1, heard)) - (center * center))));
        }

        public int Write(int place, int heard, float ownMean, float ownDeviation, float floor, float pull, Span<float> x, int at)
        {
            float mean = _sum[place] / Math.Max(1, heard);
            x[at++] = mean;
            x[at++] = _largest[place];
            x[at++] = MathF.Sqrt(_squares[place] / Math.Max(1, heard));
            x[at++] = (mean - ownMean) / (ownDeviation + floor);
            x[at++] = _residual[place] / (_sum[place] + pull);
            return at;
        }
    }

    private sealed class Scratch(int users, int items, int tags)
    {
        public float[] Alike { get; } = new float[users];

        public bool[] IsFriend { get; } = new bool[users];

        public int[] Asked { get; } = Filled(items);

        public int[] Heard { get; } = Filled(items);

        public float[] TagWeight { get; } = new float[tags];

        public List<int> TouchedUsers { get; } = [];

        public List<int> TouchedFriends { get; } = [];

        public Nearness Common { get; } = new();

        public Nearness Tags { get; } = new();

        public void Clear(ReadOnlySpan<int> asked, ReadOnlySpan<int> heard)
        {
            foreach (int user in TouchedUsers)
            {
                Alike[user] = 0f;
            }

            foreach (int friend in TouchedFriends)
            {
                IsFriend[friend] = false;
            }

            foreach (int item in asked)
            {
                Asked[item] = -1;
            }

            foreach (int item in heard)
            {
                Heard[item] = -1;
            }

            TouchedUsers.Clear();
            TouchedFriends.Clear();
        }

        private static int[] Filled(int count)
        {
            var places = new int[count];
            Array.Fill(places, -1);
            return places;
        }
    }
}
