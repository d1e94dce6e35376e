using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Baselines;

/// <summary>Options of <see cref="Bias"/>.</summary>
public sealed record BiasOptions : ModelOptions
{
    /// <summary>Pull of every user's bias to 0, in pairs: a user with as many items keeps half of its mean difference.</summary>
    [Range(0.0, 1e9)]
    [Description("pull of every user's bias to 0, in pairs: a user with as many items keeps half of its difference")]
    public double UserRegularization { get; init; } = 1;

    /// <summary>Pull of every item's bias to 0, in pairs.</summary>
    [Range(0.0, 1e9)]
    [Description("pull of every item's bias to 0, in pairs: an item with as many listeners keeps half of its difference")]
    public double ItemRegularization { get; init; } = 5;

    /// <summary>Passes over users and items.</summary>
    [Range(1, 10_000)]
    [Description("passes over users and items")]
    public int Epochs { get; init; } = 20;
}

/// <summary>
/// Regression baseline: the weight of a pair is predicted as global mean + user bias + item bias, by regularised alternating least squares.
/// </summary>
/// <remarks>
/// Minimises Σ (w_ui − μ − b_u − b_i)² + λ_U Σ b_u² + λ_I Σ b_i² over the pairs that occur (weights of repeated pairs added up). Users and
/// items without pairs have bias 0, an unknown user is predicted as μ + b_i, and a history with weights gets the b_u that fits it.
/// The score is the prediction, so the order of items is the same for everybody. O(epochs · pairs).
/// Source: Koren, "Factorization meets the neighborhood", KDD 2008, section 2.1.
/// </remarks>
public sealed class Bias(BiasOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'bias'");
        context.Report("bias", 0, options.Epochs);
        CsrMatrix byUser = UserItemMatrix.Sum(train), byItem = byUser.Transpose();
        double total = 0;
        foreach (float value in byUser.Values)
        {
            total += value;
        }

        double mean = byUser.Count == 0 ? 0 : total / byUser.Count;
        if (!double.IsFinite(mean))
        {
            throw new ModelFitException(string.Create(
                CultureInfo.InvariantCulture, $"model 'bias': the mean weight of '{train.Name}' is {mean}; import the data with finite weights"));
        }

        var userBias = new double[train.Users.Count];
        var itemBias = new double[train.Items.Count];
        for (int epoch = 1; epoch <= options.Epochs; epoch++)
        {
            Solve(byItem, mean, userBias, itemBias, options.ItemRegularization);
            Solve(byUser, mean, itemBias, userBias, options.UserRegularization);
            context.Report("bias", epoch, options.Epochs);
            if (!context.GoesOn(epoch, Recommender))
            {
                break;
            }
        }

        return Recommender();

        BiasRecommender Recommender() => new(train.Items, options.UserRegularization, mean, [.. userBias], [.. itemBias]);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        double[] mean = artifact.Doubles("mean"), userBias = artifact.Doubles("user_bias"), itemBias = artifact.Doubles("item_bias");
        return mean.Length == 1 && userBias.Length == train.Users.Count && itemBias.Length == train.Items.Count
            ? new BiasRecommender(train.Items, options.UserRegularization, mean[0], userBias, itemBias)
            : throw new DatasetException(
                $"the model knows {userBias.Length} users and {itemBias.Length} items, "
                + $"the dataset has {train.Users.Count} and {train.Items.Count}; give the dataset it was trained on");
    }

    private static void Solve(CsrMatrix matrix, double mean, double[] fixedBias, double[] bias, double regularization)
    {
        for (int r = 0; r < matrix.Rows; r++)
        {
            CancellationScope.CheckAt(r);
            ReadOnlySpan<int> columns = matrix.RowColumns(r);
            ReadOnlySpan<float> values = matrix.RowValues(r);
            double sum = 0;
            for (int n = 0; n < columns.Length; n++)
            {
                sum += values[n] - mean - fixedBias[columns[n]];
            }

            bias[r] = columns.Length == 0 ? 0 : sum / (columns.Length + regularization);
        }
    }
}

internal sealed class BiasRecommender(Vocabulary items, double userRegularization, double mean, double[] userBias, double[] itemBias)
    : IRecommender, IRegressor
{
    public Vocabulary Items => items;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, userBias.Length, items.Count);
        double user = query.IsFoldIn ? FoldIn(query) : userBias[query.UserIndex];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = (float)(mean + user + itemBias[i]);
        }
    }

    public float Predict(int userIndex, int itemIndex)
    {
        if (itemIndex != -1)
        {
            ScoreBuffer.CheckItem(itemIndex, items);
        }

        if (userIndex < -1 || userIndex >= userBias.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(userIndex), $"user {userIndex} is not one of {userBias.Length}; give −1 for an unknown user");
        }

        return (float)(mean + (userIndex < 0 ? 0 : userBias[userIndex]) + (itemIndex < 0 ? 0 : itemBias[itemIndex]));
    }

    public void Save(ArtifactWriter artifact)
    {
        artifact.Add("mean", [mean]);
        artifact.Add("user_bias", userBias);
        artifact.Add("item_bias", itemBias);
    }

    private double FoldIn(Query query)
    {
        // Without weights a history says what was heard, not how much: nothing to fit.
        if (query.HistoryWeight.IsEmpty)
        {
            return 0;
        }

        var weights = new SortedDictionary<int, double>();
        for (int n = 0; n < query.History.Length; n++)
        {
            weights[query.History.Span[n]] = weights.GetValueOrDefault(query.History.Span[n]) + query.HistoryWeight.Span[n];
        }

        return weights.Sum(w => w.Value - mean - itemBias[w.Key]) / (weights.Count + userRegularization);
    }
}
