using Segue.Numerics.Dense;
using Segue.Numerics.Sparse;

namespace Segue.Models;

/// <summary>Items that no interaction of the training data names: what a model has of them was never trained, and is no score.</summary>
internal static class UnheardItems
{
    /// <summary>True for every item that somebody heard.</summary>
    /// <param name="byUser">Listeners × items.</param>
    public static bool[] Heard(CsrMatrix byUser)
    {
        var heard = new bool[byUser.Columns];
        foreach (int item in byUser.ColumnIndex)
        {
            heard[item] = true;
        }

        return heard;
    }

    /// <summary>The vectors that items are ranked by: rows of NaN for items nobody heard. A copy where there are such items, else the vectors themselves.</summary>
    public static DenseMatrix Hide(DenseMatrix vectors, Predicate<int> isHeard)
    {
        DenseMatrix hidden = vectors;
        for (int i = 0; i < vectors.Rows; i++)
        {
            if (!isHeard(i))
            {
                hidden = hidden == vectors ? new DenseMatrix(vectors.Rows, vectors.Columns, [.. vectors.Values]) : hidden;
                hidden.Row(i).Fill(float.NaN);
            }
        }

        return hidden;
    }

    /// <summary>The same for vectors that are 0 throughout where nothing was learned.</summary>
    public static DenseMatrix HideZeros(DenseMatrix vectors) => Hide(vectors, i => vectors.Row(i).ContainsAnyExcept(0f));

    /// <summary>NaN for items nobody heard.</summary>
    public static void Hide(Span<float> scores, ReadOnlySpan<bool> isHeard)
    {
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = isHeard[i] ? scores[i] : float.NaN;
        }
    }
}
