using System.Diagnostics;
using System.Globalization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Segue.Evaluation;

namespace Segue.Pipeline;

/// <summary>When to stop training: once a metric on the validation part has not become better for some measurements; the best state is kept.</summary>
/// <param name="Metric">What is watched: of rankings, or of predicted values for models that predict them.</param>
/// <param name="Every">Measure after every so many epochs.</param>
/// <param name="Patience">Stop after so many measurements in a row without a new best.</param>
/// <remarks>Source: Prechelt, "Early stopping — but when?", in Neural Networks: Tricks of the Trade, Springer 1998.</remarks>
public sealed record EarlyStoppingSpecification(MetricSpecification Metric, int Every = 1, int Patience = 5)
{
    /// <summary>Parses <c>METRIC[:every=N,patience=N]</c>, for example <c>ndcg@20:every=2,patience=3</c>.</summary>
    /// <exception cref="OptionException">Unknown metric or key, or a number below 1.</exception>
    public static EarlyStoppingSpecification Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        (string metric, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = OptionsText.ParseSpecification(text);
        int every = 1, patience = 5;
        foreach ((string key, string value) in pairs)
        {
            if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number < 1)
            {
                throw new OptionException($"early stopping with {key}={value}; give a whole number of at least 1");
            }

            switch (key)
            {
                case "every":
                    every = number;
                    break;
                case "patience":
                    patience = number;
                    break;
                default:
                    throw NearMatches.Error("key of early stopping", key, ["every", "patience"]);
            }
        }

        return new EarlyStoppingSpecification(MetricCatalog.Parse(metric), every, patience);
    }
}

/// <summary>Watches one training run, see <see cref="EarlyStoppingSpecification"/>.</summary>
/// <remarks>Models without epochs never call the hook and are trained as ever.</remarks>
internal sealed class EarlyStopping(EarlyStoppingSpecification specification, EvaluationSet validation, EvaluationOptions options)
{
    private readonly Stopwatch _spent = new();
    private IRecommender? _best;
    private double _bestValue;
    private int _withoutGain;

    /// <summary>Epoch of the state that is kept, or null where the model has no epochs or predicts nothing to measure.</summary>
    public int? BestEpoch { get; private set; }

    /// <summary>Epochs trained.</summary>
    public int Epochs { get; private set; }

    /// <summary>Seconds spent measuring instead of training.</summary>
    public double SpentSeconds => _spent.Elapsed.TotalSeconds;

    /// <summary>The context with a hook that measures and stops; hooks it already has are called first, and may stop too.</summary>
    public FitContext Watch(FitContext context)
    {
        Func<int, IRecommender, bool>? other = context.OnEpoch;

        // Every epoch is watched: how many were trained is reported.
        return context with
        {
            WatchedEpochs = null,
            OnEpoch = (epoch, recommender) => other?.Invoke(epoch, recommender) != false & GoesOn(epoch, recommender),
        };
    }

    /// <summary>The best state, or <paramref name="last"/> where none was measured.</summary>
    public IRecommender Choose(IRecommender last) => _best ?? last;

    private bool GoesOn(int epoch, IRecommender recommender)
    {
        Epochs = epoch;
        if (epoch % specification.Every != 0)
        {
            return true;
        }

        _spent.Start();
        double? measured = Measure(recommender);
        _spent.Stop();
        if (measured is not { } value || double.IsNaN(value))
        {
            return true;
        }

        if (_best is null || (specification.Metric.Metric.HigherIsBetter ? value > _bestValue : value < _bestValue))
        {
            (_best, _bestValue, BestEpoch, _withoutGain) = (recommender, value, epoch, 0);
            return true;
        }

        return ++_withoutGain < specification.Patience;
    }

    private double? Measure(IRecommender recommender)
    {
        EvaluationOptions quick = options with { Metrics = [specification.Metric], BootstrapSamples = 0 };
        EvaluationResult? result = specification.Metric.Metric.Kind != MetricKind.Prediction
            ? Experiment.Judge(quick.Metrics)(recommender, validation, quick)
            : recommender is IRegressor regressor ? RegressionEvaluator.Evaluate(regressor, validation, quick) : null;
        return result?.Metrics[specification.Metric.Name].Value;
    }
}
