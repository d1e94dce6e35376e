using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Segue.Pipeline.Description;

namespace Segue.Pipeline;

/// <summary>The result of comparing models on one split: what <c>report.json</c> holds and the HTML report shows.</summary>
public sealed record ExperimentReport
{
    /// <summary>What <see cref="Format"/> says.</summary>
    public const string FormatName = "segue-report";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Says that the file is one of Segue's, so that it may be replaced.</summary>
    [JsonPropertyOrder(-1)]
    public string Format => FormatName;

    /// <summary>A title for people, for example the recipe's.</summary>
    public string? Title { get; init; }

    /// <summary>What was evaluated on.</summary>
    public required DatasetSummary Dataset { get; init; }

    /// <summary>How it was cut.</summary>
    public required SplitSummary Split { get; init; }

    /// <summary>How lists were made and judged, for example <c>full ranking, seen items masked</c>. A sampled protocol says so here.</summary>
    public required string Protocol { get; init; }

    /// <summary>One row a model, in the order given.</summary>
    public required IReadOnlyList<ReportRow> Rows { get; init; }

    /// <summary>Rows published elsewhere, or null: nothing here is measured, tested or the best.</summary>
    public IReadOnlyList<PublishedRow>? Published { get; init; }

    /// <summary>Label of the best row by the first metric, or null where no row has it or a caution says that none is named (<see cref="Cautions"/>).</summary>
    public string? BestModel { get; init; }

    /// <summary>Label of the best trivial baseline by the first metric: what every row is tested against.</summary>
    public string? BestBaseline { get; init; }

    /// <summary>The row with the best figure tested against every other, or null where nothing was measured.</summary>
    public ReportVerdict? Verdict { get; init; }

    /// <summary>What a reader must know before believing a figure, or null.</summary>
    public IReadOnlyList<ReportCaution>? Cautions { get; init; }

    /// <summary>Rows tested against each other, or null.</summary>
    public IReadOnlyList<ReportPair>? Pairs { get; init; }

    /// <summary>What the recipe promises beside what was measured, or null where it promises nothing.</summary>
    public IReadOnlyList<ReportPromise>? Promises { get; init; }

    /// <summary>The same trained models judged in other ways, or null.</summary>
    public IReadOnlyList<ReportTable>? Also { get; init; }

    /// <summary>Losses and accuracies of training after the last epoch, or null.</summary>
    public ReportTable? Training { get; init; }

    /// <summary>Curves, for example AUC against the number of neighbours.</summary>
    public IReadOnlyList<ReportSeries>? Series { get; init; }

    /// <summary>The features of the items, or null where none is known.</summary>
    public FeatureCharts? Features { get; init; }

    /// <summary>Anything a reader must know, for example rows that failed or were stopped.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>One listener's history beside the best model's list.</summary>
    public ReportExample? Example { get; init; }

    /// <summary>Where it ran.</summary>
    public required EnvironmentSummary Environment { get; init; }

    /// <summary>The report as indented JSON, snake_case, ending in a line feed.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">Not a report.</exception>
    public static ExperimentReport FromJson(string json) =>
        JsonSerializer.Deserialize<ExperimentReport>(json, Json) ?? throw new JsonException("the report is null");
}

/// <summary>Sizes of a dataset after the k-core.</summary>
/// <param name="Name">Name of the dataset.</param>
/// <param name="Users">Number of users.</param>
/// <param name="Items">Number of items.</param>
/// <param name="Interactions">Number of interactions, repeats included.</param>
/// <param name="KCore">K of the k-core it was reduced to, or null.</param>
/// <param name="Weights">Transformation of the weights, or null for none.</param>
public sealed record DatasetSummary(string Name, int Users, int Items, int Interactions, int? KCore = null, string? Weights = null);

/// <summary>Protocol and sizes of the cut.</summary>
/// <param name="Name">Name of the protocol.</param>
/// <param name="Options">All options by outside name.</param>
/// <param name="Seed">Seed of the cut and of the models.</param>
/// <param name="Train">Interactions models train on.</param>
/// <param name="Validation">Interactions for choosing options; 0 where there are none.</param>
/// <param name="Test">Held-out interactions.</param>
/// <param name="TestUsers">Users the figures are means over.</param>
/// <param name="TestDays">Days of these users, where every day is a question of its own; else null.</param>
public sealed record SplitSummary(
    string Name, IReadOnlyDictionary<string, object> Options, ulong Seed, int Train, int Validation, int Test, int TestUsers, int? TestDays = null);

/// <summary>One model's figures.</summary>
public sealed record ReportRow
{
    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>What the row is called; two rows of one model differ here.</summary>
    public required string Label { get; init; }

    /// <summary>Every option of the model.</summary>
    public required IReadOnlyDictionary<string, object> Options { get; init; }

    /// <summary>The options that differ from their default, as <c>key=value,…</c>.</summary>
    public string? ChangedOptions { get; init; }

    /// <summary>Figures by metric name.</summary>
    public required IReadOnlyDictionary<string, ReportMetric> Metrics { get; init; }

    /// <summary>True for the trivial models every comparison includes.</summary>
    public bool IsBaseline { get; init; }

    /// <summary>Wall-clock seconds of training.</summary>
    public double FitSeconds { get; init; }

    /// <summary>Wall-clock seconds of scoring and ranking all test users.</summary>
    public double ScoreSeconds { get; init; }

    /// <summary>Highest memory of the process while this model was trained and evaluated, in MB (10⁶ bytes).</summary>
    public double PeakMb { get; init; }

    /// <summary>Why there are no figures, or null.</summary>
    public string? Error { get; init; }

    /// <summary>With early stopping, the epoch whose state was judged; null without, and for models without epochs.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>With early stopping, the epochs trained.</summary>
    public int? Epochs { get; init; }
}

/// <summary>One figure with its uncertainty.</summary>
/// <param name="Value">Mean over users (or the figure itself where it is not a mean).</param>
/// <param name="Low">Lower end of the 95 % bootstrap interval over users; equal to the value where there is none.</param>
/// <param name="High">Upper end.</param>
/// <param name="PVsBestBaseline">Two-sided paired test against the best baseline; null for that baseline itself and for figures without users.</param>
public sealed record ReportMetric(double Value, double Low, double High, double? PVsBestBaseline = null);

/// <summary>A figure a recipe promises, beside what was measured.</summary>
/// <param name="Label">Row.</param>
/// <param name="Metric">Column.</param>
/// <param name="Promised">The accepted values in words, for example <c>≥ 0.282</c>.</param>
/// <param name="Value">What was measured; NaN where the row or figure is missing.</param>
/// <param name="Reached">True where the value is accepted.</param>
/// <param name="Missed">Why it is known not to be reached, or null.</param>
public sealed record ReportPromise(string Label, string Metric, string Promised, double Value, bool Reached, string? Missed = null);

/// <summary>Two rows compared user by user.</summary>
/// <param name="First">Label of a row.</param>
/// <param name="Second">Label of another.</param>
/// <param name="Metric">What is compared.</param>
/// <param name="Difference">Mean of first − second over the users both have a value for.</param>
/// <param name="Low">Lower end of its 95 % bootstrap interval over users.</param>
/// <param name="High">Upper end.</param>
/// <param name="P">Two-sided paired test.</param>
/// <param name="Wins">Users for whom the first value is higher.</param>
/// <param name="Losses">Users for whom the second value is higher.</param>
/// <param name="Users">Users compared.</param>
public sealed record ReportPair(
    string First, string Second, string Metric, double Difference, double Low, double High, double P, int Wins, int Losses, int Users);

/// <summary>The trained models of a report under another protocol.</summary>
/// <param name="Title">Title of the table.</param>
/// <param name="Protocol">How lists were made and judged; a sampled protocol says so here.</param>
/// <param name="Users">Users the figures are means over.</param>
/// <param name="Rows">One row a model that could be judged this way, in the order of the report.</param>
/// <param name="Note">What to read from it, or null.</param>
/// <param name="Published">Rows published elsewhere, or null.</param>
/// <param name="Pairs">Rows tested against each other, or null.</param>
public sealed record ReportTable(
    string Title, string Protocol, int Users, IReadOnlyList<ReportTableRow> Rows, string? Note = null, IReadOnlyList<PublishedRow>? Published = null,
    IReadOnlyList<ReportPair>? Pairs = null);

/// <summary>One model's figures under another protocol.</summary>
/// <param name="Label">What the row is called in the report.</param>
/// <param name="Metrics">Figures by metric name.</param>
public sealed record ReportTableRow(string Label, IReadOnlyDictionary<string, ReportMetric> Metrics);

/// <summary>Figures somebody else published: shown beside the measured rows, without interval, time or test.</summary>
/// <param name="Label">What the row is called.</param>
/// <param name="Source">Where the figures stand, for example <c>author, title, table 1</c>.</param>
/// <param name="Metrics">Figures by metric name.</param>
/// <param name="Note">What differs from what was measured here, or null.</param>
public sealed record PublishedRow(string Label, string Source, IReadOnlyDictionary<string, double> Metrics, string? Note = null)
{
    /// <summary>Always true: marks the row for whoever reads the JSON.</summary>
    [JsonPropertyName("published")]
    public bool IsPublished => true;
}

/// <summary>A curve or several over one axis.</summary>
/// <param name="Title">Title of the chart.</param>
/// <param name="XLabel">Name of the horizontal axis.</param>
/// <param name="YLabel">Name of the vertical axis.</param>
/// <param name="Lines">The lines.</param>
/// <param name="Note">What to read from it, or null.</param>
public sealed record ReportSeries(string Title, string XLabel, string YLabel, IReadOnlyList<ReportLine> Lines, string? Note = null);

/// <summary>One line of a chart.</summary>
/// <param name="Label">Name in the legend.</param>
/// <param name="X">Horizontal positions.</param>
/// <param name="Y">Heights; same length.</param>
/// <param name="Chosen">Of a sweep, the best value on the validation part and what it has on test; else null.</param>
public sealed record ReportLine(string Label, IReadOnlyList<double> X, IReadOnlyList<double> Y, ReportChoice? Chosen = null);

/// <summary>The value of an option that a sweep chooses.</summary>
/// <param name="X">The value.</param>
/// <param name="Validation">Its figure on the validation part, by which it was chosen: the best of several, so too good.</param>
/// <param name="Test">Its figure on the test part.</param>
/// <param name="Low">Lower end of the 95 % bootstrap interval of that.</param>
/// <param name="High">Upper end.</param>
public sealed record ReportChoice(double X, double Validation, double Test, double Low, double High);

/// <summary>One listener's recent history beside a list of recommendations.</summary>
/// <param name="User">Id of the listener.</param>
/// <param name="Model">Label of the model.</param>
/// <param name="History">Names of recent items, newest first; of data without an order some of the items.</param>
/// <param name="Recommendations">The list.</param>
/// <param name="IsOrdered">False where nothing says in which order the listener heard them.</param>
public sealed record ReportExample(
    string User, string Model, IReadOnlyList<string> History, IReadOnlyList<ExampleRecommendation> Recommendations, bool IsOrdered = true);

/// <summary>One recommended item.</summary>
/// <param name="Item">Id of the item.</param>
/// <param name="Name">Name to show.</param>
/// <param name="Score">Score of the model.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record ExampleRecommendation(string Item, string Name, double Score, string Reason);

/// <summary>Where an experiment ran.</summary>
/// <param name="Cores">Logical processors.</param>
/// <param name="Cpu">Processor name.</param>
/// <param name="Runtime">.NET version.</param>
/// <param name="Commit">Commit of Segue, or <c>unknown</c>.</param>
/// <param name="Threads">Threads the run was allowed.</param>
/// <param name="Os">Operating system.</param>
public sealed record EnvironmentSummary(int Cores, string Cpu, string Runtime, string Commit, int Threads, string Os);
