using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Evaluation;
using Segue.Models;

namespace Segue.Pipeline;

/// <summary>One row of a comparison before it is run: which model, with which options, under which label.</summary>
/// <param name="Description">The model's entry in the catalog.</param>
/// <param name="Label">Unique within an experiment.</param>
/// <param name="Untrained">The model.</param>
public sealed record ModelSpecification(ModelDescription Description, string Label, IModel Untrained)
{
    /// <summary>
    /// Train on all that the test knows (for most splits training and validation part) instead of the training part: for options that were chosen before, and
    /// beside graph models, which get those edges too. Such a row is neither watched nor stopped early: its validation part trains.
    /// </summary>
    public bool IsRefit { get; init; }

    /// <summary>Parses <c>NAME[:key=value,…]</c>; the pair <c>label=…</c> names the row.</summary>
    /// <exception cref="OptionException">Unknown model or option, or a value out of range.</exception>
    public static ModelSpecification Parse(string text)
    {
        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, string? label) = OptionsText.ParseSpecification(text);
        return Create(name, pairs, label);
    }

    /// <summary>Makes a row from a name and its options.</summary>
    /// <exception cref="OptionException">Unknown model or option, or a value out of range.</exception>
    public static ModelSpecification Create(string name, IReadOnlyList<KeyValuePair<string, string>> options, string? label)
    {
        IModel model = ModelCatalog.Create(name, options);
        OptionsText.Validate(model.Options, $"model '{name}'");
        return new ModelSpecification(ModelCatalog.Get(name), label ?? name, model);
    }

    /// <summary>Makes sure that labels are unique: rows without one of their own get their changed options appended.</summary>
    /// <exception cref="OptionException">Two rows have the same label and the same options.</exception>
    public static IReadOnlyList<ModelSpecification> WithUniqueLabels(IReadOnlyList<ModelSpecification> models)
    {
        ArgumentNullException.ThrowIfNull(models);
        HashSet<string> repeated = [.. models.GroupBy(m => m.Label).Where(g => g.Count() > 1).Select(g => g.Key)];
        ModelSpecification[] named = [.. models.Select(m =>
            repeated.Contains(m.Label) && m.Label == m.Description.Name && OptionsText.ChangedText(m.Untrained.Options) is { Length: > 0 } changed
                ? m with { Label = $"{m.Label} {changed}" } : m)];
        string? twice = named.GroupBy(m => m.Label).FirstOrDefault(g => g.Count() > 1)?.Key;
        return twice is null ? named : throw new OptionException($"two rows are called '{twice}'; give one of them another label, for example {twice}:label=second");
    }
}

/// <summary>
/// One curve to draw: a metric of some models while one option of theirs takes many values. It is drawn on the validation part where there is one, and the best value
/// of every line is measured on the test part.
/// </summary>
/// <param name="Title">Title of the chart.</param>
/// <param name="Models">The models, one line each, as <c>NAME[:key=value,…]</c>.</param>
/// <param name="Option">Outside name of the option that varies.</param>
/// <param name="Values">Its values, ascending.</param>
/// <param name="Metric">What is drawn.</param>
/// <param name="Note">What to read from it, or null.</param>
public sealed record SweepSpecification(
    string Title, IReadOnlyList<string> Models, string Option, IReadOnlyList<double> Values, MetricSpecification Metric, string? Note = null);

/// <summary>A part of the split that models are asked about.</summary>
public enum JudgedPart
{
    /// <summary>What the table is about: the test part, or the validation part of a recipe that chooses options there.</summary>
    Table,

    /// <summary>The validation part.</summary>
    Validation,

    /// <summary>What the models trained on, every sequence revealed from its first play on; only for metrics of revealed sessions.</summary>
    Train,
}

/// <summary>Another way to judge the same trained models, shown as a table of its own.</summary>
/// <param name="Title">Title of the table.</param>
/// <param name="Metrics">The columns.</param>
/// <param name="SampledNegatives">Rank against this many sampled negatives instead of the catalogue; 0 for full ranking.</param>
/// <param name="Users">Ask only this many test users, drawn at random; 0 for all.</param>
/// <param name="KeepSeen">Rank items the listener already knows too.</param>
/// <param name="Note">What to read from it, or null.</param>
public sealed record ProtocolSpecification(
    string Title, IReadOnlyList<MetricSpecification> Metrics, int SampledNegatives = 0, int Users = 0, bool KeepSeen = false, string? Note = null)
{
    /// <summary>Rows published elsewhere, to be shown beside the measured ones.</summary>
    public IReadOnlyList<PublishedRow> Published { get; init; } = [];

    /// <summary>Curves by how far ahead of a revealed session the right item is; only where the metrics are of revealed sessions.</summary>
    public IReadOnlyList<OffsetSpecification> Offsets { get; init; } = [];

    /// <summary>Rows tested against each other under this protocol.</summary>
    public IReadOnlyList<PairSpecification> Pairs { get; init; } = [];

    /// <summary>What is asked about.</summary>
    public JudgedPart Part { get; init; }
}

/// <summary>Metrics on the validation part while models train.</summary>
/// <param name="Title">Title of the chart.</param>
/// <param name="Models">Labels of the rows to watch; empty for all that train in epochs.</param>
/// <param name="Metrics">What is drawn: one line a row and metric. About rankings, not predicted values.</param>
/// <param name="Every">Measure after the first epoch and after every so many.</param>
/// <param name="Note">What to read from it, or null.</param>
public sealed record CurveSpecification(
    string Title, IReadOnlyList<string> Models, IReadOnlyList<MetricSpecification> Metrics, int Every = 1, string? Note = null);

/// <summary>A metric of revealed sessions by how far ahead the right item is: one line a row.</summary>
/// <param name="Title">Title of the chart.</param>
/// <param name="Metric">What is drawn: <c>next-hr</c> or <c>next-mrr</c>, asked of the item 1, 2, … ahead.</param>
/// <param name="UpTo">Farthest item ahead.</param>
/// <param name="Note">What to read from it, or null.</param>
public sealed record OffsetSpecification(string Title, MetricSpecification Metric, int UpTo = 50, string? Note = null);

/// <summary>Two rows to be compared with each other, listener by listener.</summary>
/// <param name="First">Label of a row.</param>
/// <param name="Second">Label of another.</param>
/// <param name="Metrics">Names of metrics of the table; empty for the first of it.</param>
public sealed record PairSpecification(string First, string Second, IReadOnlyList<string> Metrics)
{
    /// <summary>
    /// Items so far ahead, ends included, by which metrics of the table's offsets are compared instead of as a whole; none for the metrics
    /// of the table.
    /// </summary>
    public IReadOnlyList<(int From, int To)> Ahead { get; init; } = [];
}

/// <summary>A whole comparison: everything but the dataset and the machine.</summary>
public sealed record ExperimentSpecification
{
    /// <summary>A title for people, or null.</summary>
    public string? Title { get; init; }

    /// <summary>Keep only the K-core; 0 or 1 for all.</summary>
    public int KCore { get; init; }

    /// <summary>Transformation of the weights before the split, or null for none.</summary>
    public WeightMode? Weights { get; init; }

    /// <summary>How the dataset is cut.</summary>
    public required ISplitter Split { get; init; }

    /// <summary>The rows.</summary>
    public required IReadOnlyList<ModelSpecification> Models { get; init; }

    /// <summary>The columns; the first decides which model is best.</summary>
    public required IReadOnlyList<MetricSpecification> Metrics { get; init; }

    /// <summary>Curves beside the table.</summary>
    public IReadOnlyList<SweepSpecification> Sweeps { get; init; } = [];

    /// <summary>Curves by epoch, and where there is one, of the training losses.</summary>
    public IReadOnlyList<CurveSpecification> Curves { get; init; } = [];

    /// <summary>Curves by how far ahead of a revealed session the right item is.</summary>
    public IReadOnlyList<OffsetSpecification> Offsets { get; init; } = [];

    /// <summary>Rows tested against each other, beside the test of every row against the best trivial baseline.</summary>
    public IReadOnlyList<PairSpecification> Pairs { get; init; } = [];

    /// <summary>Further tables: the same trained models under other protocols.</summary>
    public IReadOnlyList<ProtocolSpecification> Also { get; init; } = [];

    /// <summary>Rows published elsewhere, shown beside the measured ones; they decide nothing.</summary>
    public IReadOnlyList<PublishedRow> Published { get; init; } = [];

    /// <summary>Losses and accuracies of training published elsewhere, by the names models tell them by.</summary>
    public IReadOnlyList<PublishedRow> PublishedTraining { get; init; } = [];

    /// <summary>Stop models that train in epochs where the validation part says so, and judge their best state; null to train all epochs.</summary>
    public EarlyStoppingSpecification? EarlyStopping { get; init; }

    /// <summary>Rank items the listener already knows too (replay) instead of masking them (discovery).</summary>
    public bool KeepSeen { get; init; }

    /// <summary>Rank against this many sampled negatives instead of the catalogue; 0 for full ranking.</summary>
    public int SampledNegatives { get; init; }

    /// <summary>Judge only this many users (sessions) of the evaluated part, drawn at random by the seed; 0 for all. For models too slow for all.</summary>
    public int TestUsers { get; init; }

    /// <summary>Judge on the validation part: for choosing options without looking at the test part.</summary>
    public bool OnValidation { get; init; }

    /// <summary>Train and ask every model on a tiny world before it is timed, so that no row pays for compilation. Changes no figure.</summary>
    public bool WarmUp { get; init; } = true;

    /// <summary>Add the trivial baselines that apply and are not listed.</summary>
    public bool AddBaselines { get; init; } = true;

    /// <summary>Seed of the cut, the models and the bootstrap.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Threads; at least 1.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>A transformation of weights by its outside name; null gives null.</summary>
    /// <exception cref="OptionException">No such transformation.</exception>
    public static WeightMode? ParseWeights(string? name) => name is null ? null : (WeightMode)OptionsText.ParseChoice(typeof(WeightMode), name, "weights");
}
