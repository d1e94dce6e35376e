using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Segue.Benchmarks;

/// <summary>A benchmark class that knows how many floating-point operations one of its calls takes.</summary>
public interface ICountsOperations
{
    /// <summary>Operations of one call with the parameters now set; a multiply-add counts 2.</summary>
    double Operations { get; }
}

/// <summary>Floating-point operations a second, for benchmark classes that count them.</summary>
public sealed class OperationsColumn : IColumn
{
    public string Id => nameof(OperationsColumn);

    public string ColumnName => "GF/s";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "Floating-point operations a second / 10⁹ (all threads together, mean time)";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        object benchmark = Activator.CreateInstance(benchmarkCase.Descriptor.Type)!;
        if (benchmark is not ICountsOperations counted || summary[benchmarkCase]?.ResultStatistics is not { } statistics)
        {
            return "-";
        }

        foreach (var parameter in benchmarkCase.Parameters.Items)
        {
            benchmarkCase.Descriptor.Type.GetProperty(parameter.Name)!.SetValue(benchmark, parameter.Value);
        }

        return (counted.Operations / statistics.Mean).ToString("F1", CultureInfo.InvariantCulture);
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public bool IsAvailable(Summary summary) => true;
}
