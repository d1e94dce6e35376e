using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Neighbors;

/// <summary>What a listener's plays say about items: one value a distinct item, the same for a trained listener and a folded-in history.</summary>
/// <param name="isWeighted">Plays count (with their weights); else every distinct item counts 1.</param>
/// <param name="halfLifeDays">Days before the listener's latest play after which a play counts half; 0: time does not matter.</param>
/// <remarks>
/// A decayed item that is not weighted counts as its latest play. Plays of unknown time count as the listener's oldest known play, and a
/// history without times does not decay. Ages are taken from the listener's own latest play, because a later moment would fade
/// all values by the same factor and change no order.
/// </remarks>
internal readonly struct ListenerVector(bool isWeighted, double halfLifeDays)
{
    /// <summary>Users × items.</summary>
    public CsrMatrix OfAll(Dataset dataset)
    {
        int[] start = dataset.UserStart();
        var rowStart = new int[dataset.Users.Count + 1];
        var items = new List<int>(dataset.Count);
        var values = new List<float>(dataset.Count);
        for (int u = 0; u < dataset.Users.Count; u++)
        {
            CancellationScope.CheckAt(u);
            Range own = start[u]..start[u + 1];
            (int[] item, float[] value) = Of(
                dataset.ItemIndex.Span[own], dataset.HasWeight ? dataset.Weight.Span[own] : [], dataset.HasTime ? dataset.Time.Span[own] : []);
            items.AddRange(item);
            values.AddRange(value);
            rowStart[u + 1] = items.Count;
        }

        return new CsrMatrix(dataset.Users.Count, dataset.Items.Count, rowStart, [.. items], [.. values]);
    }

    /// <summary>The vector of a query: its row of <paramref name="listeners"/>, or that of its folded-in history.</summary>
    public HeardItems Of(Query query, CsrMatrix listeners)
    {
        if (!query.IsFoldIn)
        {
            return new HeardItems(listeners.RowColumns(query.UserIndex), listeners.RowValues(query.UserIndex));
        }

        (int[] items, float[] values) = Of(query.History.Span, query.HistoryWeight.Span, query.HistoryTime.Span);
        return new HeardItems(items, values);
    }

    private (int[] Items, float[] Values) Of(ReadOnlySpan<int> plays, ReadOnlySpan<float> weights, ReadOnlySpan<long> times)
    {
        int[] items = plays.ToArray();
        var values = new float[items.Length];
        double[] age = halfLifeDays > 0 ? Ages(times) : [];
        for (int n = 0; n < values.Length; n++)
        {
            double value = isWeighted && !weights.IsEmpty ? weights[n] : 1;
            values[n] = (float)(age.Length == 0 ? value : value * double.Exp2(-age[n]));
        }

        Array.Sort(items, values);
        int count = 0;
        for (int n = 0; n < items.Length; n++)
        {
            if (count > 0 && items[count - 1] == items[n])
            {
                values[count - 1] = isWeighted ? values[count - 1] + values[n] : Math.Max(values[count - 1], values[n]);
            }
            else
            {
                (items[count], values[count]) = (items[n], values[n]);
                count++;
            }
        }

        return count == items.Length ? (items, values) : (items[..count], values[..count]);
    }

    private double[] Ages(ReadOnlySpan<long> times)
    {
        long latest = -1, oldest = long.MaxValue;
        foreach (long time in times)
        {
            latest = Math.Max(latest, time);
            oldest = time >= 0 ? Math.Min(oldest, time) : oldest;
        }

        if (latest < 0)
        {
            return [];
        }

        var age = new double[times.Length];
        for (int n = 0; n < age.Length; n++)
        {
            age[n] = (latest - (times[n] < 0 ? oldest : times[n])) / (halfLifeDays * 86_400);
        }

        return age;
    }
}

/// <summary>A listener's items, ascending, and how much each counts.</summary>
internal readonly ref struct HeardItems(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
{
    public readonly ReadOnlySpan<int> Items = items;
    public readonly ReadOnlySpan<float> Values = values;

    public void Deconstruct(out ReadOnlySpan<int> ofItems, out ReadOnlySpan<float> ofValues)
    {
        ofItems = Items;
        ofValues = Values;
    }
}
