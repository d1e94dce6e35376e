using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Segue.Evaluation;

namespace Segue.Pipeline;

public static partial class Experiment
{
    /// <summary>
    /// The curves of all sweeps, on the validation part where there is one. The best value of every line is then measured on the test part, once, with the
    /// model as it was trained for the curve.
    /// </summary>
    private static List<ReportSeries> RunSweeps(
        ExperimentSpecification specification, Split split, EvaluationSet stage,
        IProgress<ExperimentProgress>? progress, List<string> warnings, CancellationToken cancellation)
    {
        EvaluationSet? validation = split.Validation is { } part && specification.TestUsers > 0
            ? EvaluationSample.OfUsers(part, specification.TestUsers, specification.KeepSeen, specification.Seed) : split.Validation;
        EvaluationSet? test = validation is null || specification.OnValidation ? null : stage;
        var series = new List<ReportSeries>();
        foreach (SweepSpecification sweep in specification.Sweeps)
        {
            ExperimentSpecification one = specification with { Metrics = [sweep.Metric], Offsets = [] };
            var lines = new List<ReportLine>();
            foreach (string text in sweep.Models)
            {
                string? label = OptionsText.ParseSpecification(text).Label;
                var x = new List<double>();
                var y = new List<double>();
                FinishedRow? best = null;
                int bestAt = -1;
                foreach (double value in sweep.Values)
                {
                    string valueText = value.ToString(CultureInfo.InvariantCulture);
                    ModelSpecification model = SweptModel(sweep, text, value);
                    Forward(progress, sweep.Title, x.Count + 1, sweep.Values.Count)?.Report(new($"{model.Label} {sweep.Option}={valueText}", x.Count, sweep.Values.Count));
                    FinishedRow row = RunRow(one, model, split, validation ?? stage, null, cancellation);
                    if (row.Error is not null)
                    {
                        warnings.Add($"{sweep.Title}, {model.Label} at {sweep.Option}={valueText}: {row.Error}");
                        continue;
                    }

                    x.Add(value);
                    y.Add(row.Metric(sweep.Metric.Name)!.Value);
                    if (bestAt < 0 || (sweep.Metric.Metric.HigherIsBetter ? y[^1] > y[bestAt] : y[^1] < y[bestAt]))
                    {
                        (best, bestAt) = (row, y.Count - 1);
                    }
                }

                ReportChoice? chosen = null;
                if (test is not null && best is not null)
                {
                    MetricValue measured = Evaluate(one, best.Recommender!, split.Train, test, null, cancellation)[0].Metrics[sweep.Metric.Name];
                    chosen = new ReportChoice(x[bestAt], y[bestAt], measured.Value, measured.Low, measured.High);
                }

                lines.Add(new ReportLine(label ?? text, x, y, chosen));
            }

            string where = validation is null ? "There is no validation part: the curve is drawn on the test part, so its best value is no result." : "Drawn on the validation part.";
            IEnumerable<string> choices = lines.Where(l => l.Chosen is not null).Select(l => Chosen(sweep, l));
            series.Add(new ReportSeries(
                sweep.Title, sweep.Option.Replace('_', ' '), validation is null ? sweep.Metric.Name : $"{sweep.Metric.Name} on validation", lines,
                string.Join(' ', new[] { sweep.Note, where }.OfType<string>().Concat(choices))));
        }

        return series;
    }

    private static string Chosen(SweepSpecification sweep, ReportLine line) => string.Create(
        CultureInfo.InvariantCulture,
        $"{line.Label}: best at {sweep.Option}={line.Chosen!.X} ({line.Chosen.Validation:F4}), which has {line.Chosen.Test:F4} ({line.Chosen.Low:F4}–{line.Chosen.High:F4}) on test.");
}
