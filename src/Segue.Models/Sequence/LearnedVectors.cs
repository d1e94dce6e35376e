using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics.Dense;

namespace Segue.Models.Sequence;

/// <summary>Vectors of items that another model learned, to begin from.</summary>
internal static class LearnedVectors
{
    /// <summary>Makes the model.</summary>
    /// <param name="specification">A model whose recommender has item vectors: a name, or <c>NAME:key=value;key=value</c>.</param>
    /// <param name="owner">Whose option <c>vectors</c> it is, for example <c>model 'taste-rnn'</c>.</param>
    /// <exception cref="OptionException">No such model, or its recommender has no item vectors.</exception>
    public static IModel Model(string specification, string owner)
    {
        IModel model = InnerModel.Create(specification, Place(specification, owner));
        return ModelCatalog.WithVectors.Contains(InnerModel.NameOf(specification)) ? model : throw None(specification, owner);
    }

    /// <summary>Trains the model and takes its item vectors, each brought to unit length.</summary>
    /// <param name="specification">As in <see cref="Model"/>.</param>
    /// <param name="train">What both models are trained on.</param>
    /// <param name="context">Seed, threads, progress; hooks are not called.</param>
    /// <param name="owner">As in <see cref="Model"/>.</param>
    /// <returns>Items × size, a copy; rows of NaN for items nobody played and where the model has a vector of zeros or none.</returns>
    /// <exception cref="OptionException">No such model, or its recommender, as it is given, has no item vectors.</exception>
    public static DenseMatrix Of(string specification, Dataset train, FitContext context, string owner)
    {
        IRecommender trained = Model(specification, owner).Fit(train, context with { OnEpoch = null, OnLoss = null });
        DenseMatrix vectors = trained is IVectorRecommender recommender ? recommender.ItemVectors : throw None(specification, owner);
        int[] count = OutputVectors.Count(train);
        var copy = new DenseMatrix(vectors.Rows, vectors.Columns);
        for (int i = 0; i < copy.Rows; i++)
        {
            float norm = TensorPrimitives.Norm<float>(vectors.Row(i));
            if (count[i] > 0 && norm > 0 && float.IsFinite(norm))
            {
                TensorPrimitives.Divide(vectors.Row(i), norm, copy.Row(i));
            }
            else
            {
                copy.Row(i).Fill(float.NaN);
            }
        }

        return copy;
    }

    private static string Place(string specification, string owner) => $"option 'vectors' of {owner} is '{specification}'";

    private static OptionException None(string specification, string owner) =>
        new($"{Place(specification, owner)}, whose recommender has no item vectors; name a model that has: {string.Join(", ", ModelCatalog.WithVectors)}");
}
