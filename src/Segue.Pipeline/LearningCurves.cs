using System.Diagnostics;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Segue.Evaluation;

namespace Segue.Pipeline;

/// <summary>Watches models while they train: metrics on the validation part every few epochs, and the losses they report.</summary>
/// <remarks>Watching changes no result: every epoch goes on. Its time is measured, so that it can be taken off that of training.</remarks>
internal sealed class LearningCurves(ExperimentSpecification specification, EvaluationSet? validation, EvaluationOptions options)
{
    private readonly List<(CurveSpecification Curve, List<ReportLine> Lines)> _curves = [.. specification.Curves.Select(c => (c, new List<ReportLine>()))];
    private readonly List<ReportLine> _losses = [];
    private readonly List<ReportLine> _accuracies = [];
    private readonly List<(string Label, Dictionary<string, double> Last)> _training = [];
    private readonly Stopwatch _spent = new();

    /// <summary>Seconds spent measuring instead of training since the last <see cref="Watch"/>.</summary>
    public double SpentSeconds => _spent.Elapsed.TotalSeconds;

    /// <summary>The context of a training run with hooks that watch it, where a curve wants the row.</summary>
    public FitContext Watch(FitContext context, string label)
    {
        _spent.Reset();
        var watching = _curves.Where(c => c.Curve.Models.Count == 0 || c.Curve.Models.Contains(label)).ToList();
        var last = new Dictionary<string, double>();
        _training.Add((label, last));
        return watching.Count == 0 ? context : context with
        {
            WatchedEpochs = epoch => watching.Exists(c => IsDue(c.Curve, epoch)),
            OnEpoch = (epoch, recommender) =>
            {
                _spent.Start();
                Measure(watching, label, epoch, recommender);
                _spent.Stop();
                return true;
            },
            OnLoss = (epoch, name, value) =>
            {
                last[name] = value;
                Add(name.EndsWith("accuracy", StringComparison.Ordinal) ? _accuracies : _losses, name == "loss" ? label : $"{label}: {name}", epoch, value);
            },
        };
    }

    /// <summary>The charts, as far as anything was measured.</summary>
    public IEnumerable<ReportSeries> Series()
    {
        if (_losses.Count > 0)
        {
            yield return new ReportSeries("Training loss", "epoch", "loss", _losses, "Mean over the epoch, on each model's own scale.");
        }

        if (_accuracies.Count > 0)
        {
            yield return new ReportSeries("Training accuracy", "epoch", "accuracy", _accuracies, "Share of examples told rightly, as the model itself takes and draws them.");
        }

        foreach ((CurveSpecification curve, List<ReportLine> lines) in _curves.Where(c => c.Lines.Count > 0))
        {
            string what = curve.Metrics.Count == 1 ? curve.Metrics[0].Name : "value";
            yield return new ReportSeries(curve.Title, "epoch", $"{what} on validation", lines, curve.Note);
        }
    }

    /// <summary>What the rows told of their training after their last epoch; null where none did.</summary>
    public ReportTable? Training(IReadOnlyList<PublishedRow> published)
    {
        ReportTableRow[] rows = [.. _training.Where(t => t.Last.Count > 0).Select(t => new ReportTableRow(
            t.Label, t.Last.ToDictionary(l => l.Key, l => new ReportMetric(l.Value, l.Value, l.Value))))];
        return rows.Length == 0 ? null : new ReportTable(
            "After the last epoch", "losses and accuracies of training, as each model takes and draws its own examples", 0, rows, Published: published.Count > 0 ? published : null);
    }

    private static bool IsDue(CurveSpecification curve, int epoch) => epoch == 1 || epoch % curve.Every == 0;

    private void Measure(List<(CurveSpecification Curve, List<ReportLine> Lines)> watching, string label, int epoch, IRecommender recommender)
    {
        var due = watching.Where(c => IsDue(c.Curve, epoch)).ToList();
        if (due.Count == 0)
        {
            // Others may watch more epochs.
            return;
        }

        MetricSpecification[] metrics = [.. due.SelectMany(c => c.Curve.Metrics).DistinctBy(m => m.Name)];
        Dictionary<string, MetricValue> values = metrics.GroupBy(m => m.Metric.Kind == MetricKind.PerStep)
            .SelectMany(kind => Experiment.Judge([.. kind])(recommender, validation!, options with { Metrics = [.. kind], BootstrapSamples = 0 }).Metrics)
            .ToDictionary();
        foreach ((CurveSpecification curve, List<ReportLine> lines) in due)
        {
            foreach (MetricSpecification metric in curve.Metrics)
            {
                string name = curve.Metrics.Count == 1 ? label : curve.Models.Count == 1 ? metric.Name : $"{label}: {metric.Name}";
                Add(lines, name, epoch, values[metric.Name].Value);
            }
        }
    }

    private static void Add(List<ReportLine> lines, string label, int epoch, double value)
    {
        ReportLine? line = lines.Find(l => l.Label == label);
        if (line is null)
        {
            line = new ReportLine(label, new List<double>(), new List<double>());
            lines.Add(line);
        }

        ((List<double>)line.X).Add(epoch);
        ((List<double>)line.Y).Add(value);
    }
}
