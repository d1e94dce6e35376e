using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Data;
using Segue.Neural.Autodiff;
using Segue.Numerics.Dense;

namespace Segue.Models.Sequence;

/// <summary>The vectors by which a model of sequences predicts items.</summary>
internal static class OutputVectors
{
    /// <summary>Weights with the bias behind them; items nobody played have a vector of zeros and the least bias of those somebody did.</summary>
    public static DenseMatrix Of(Parameter weight, Parameter bias, int[] itemCount)
    {
        int size = weight.Columns;
        var vectors = new DenseMatrix(weight.Rows, size + 1);
        float least = 0f;
        bool isFirst = true;
        for (int i = 0; i < itemCount.Length; i++)
        {
            if (itemCount[i] > 0)
            {
                (least, isFirst) = (isFirst ? bias.Value[i] : Math.Min(least, bias.Value[i]), false);
            }
        }

        for (int i = 0; i < itemCount.Length; i++)
        {
            Span<float> row = vectors.Row(i);
            row[size] = itemCount[i] > 0 ? bias.Value[i] : least;
            if (itemCount[i] > 0)
            {
                weight.Row(i).CopyTo(row);
            }
        }

        return vectors;
    }

    /// <summary>Plays of every item.</summary>
    public static int[] Count(Dataset train)
    {
        var count = new int[train.Items.Count];
        foreach (int item in train.ItemIndex.Span)
        {
            count[item]++;
        }

        return count;
    }

    /// <summary>Reads the item vectors of an artifact; of any length where no number of columns is given. Songs without a vector have a row of NaN, where that is allowed.</summary>
    /// <exception cref="DatasetException">They do not fit the data or the options.</exception>
    public static DenseMatrix Load(ArtifactReader artifact, Dataset train, int? columns, string model, ArrayValues allowed = ArrayValues.Finite)
    {
        DenseMatrix vectors = artifact.Dense(SequenceRecommender.ItemVectorsName, allowed);
        return vectors.Rows == train.Items.Count && (columns is null ? vectors.Columns > 0 : vectors.Columns == columns)
            ? vectors
            : throw new DatasetException(
                $"model '{model}' was stored with {vectors.Rows} × {vectors.Columns} item vectors, this dataset and its options make {train.Items.Count} × {columns ?? vectors.Columns}; "
                + "load it with the dataset it was trained on");
    }
}
