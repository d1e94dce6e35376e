using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>Which edges are predicted in training, where a split sets some apart.</summary>
public enum TrainingEdges
{
    /// <summary>Those the split sets apart, from the messages of the others; all of them where it sets none apart.</summary>
    Split,

    /// <summary>All of them, and all carry messages.</summary>
    All,
}

/// <summary>
/// What a transductive split says about training, as all models that pass messages read it: S is predicted from M, and M and S are all there is.
/// </summary>
internal static class SupervisionEdges
{
    /// <summary>Marks the edges that are predicted and carry no messages in training.</summary>
    /// <param name="model">Name of the model, for messages.</param>
    /// <param name="wanted">The model's option.</param>
    /// <param name="pairs">Users × items: all edges of training.</param>
    /// <param name="train">What they are of.</param>
    /// <param name="context">Its <see cref="FitContext.Message"/> is M.</param>
    /// <returns>True for every entry of <paramref name="pairs"/> that is in S; null where every edge does both.</returns>
    /// <exception cref="DatasetException">M has other users and items, an edge that training has not, or all edges.</exception>
    public static bool[]? Of(string model, TrainingEdges wanted, CsrMatrix pairs, Dataset train, FitContext context)
    {
        if (wanted == TrainingEdges.All || context.Message is not { } data)
        {
            return null;
        }

        SameNodes.Check(train, data);
        CsrMatrix message = UserItemMatrix.Binary(data);
        var isLabel = new bool[pairs.Count];
        int carrying = 0;
        for (int u = 0; u < pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            ReadOnlySpan<int> heard = message.RowColumns(u);
            for (int n = pairs.RowStart[u]; n < pairs.RowStart[u + 1]; n++)
            {
                isLabel[n] = heard.BinarySearch(pairs.ColumnIndex[n]) < 0;
                carrying += isLabel[n] ? 0 : 1;
            }
        }

        return carrying == message.Count && carrying < pairs.Count ? isLabel : throw new DatasetException(carrying == message.Count
            ? $"model '{model}': all {carrying} edges of '{train.Name}' carry messages, so that none is left to predict; "
                + "raise supervision of the split, or give supervision=all"
            : $"model '{model}': {message.Count - carrying} of {message.Count} edges that carry messages are none of '{train.Name}'; "
                + "give parts of one split");
    }
}
