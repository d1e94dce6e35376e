using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Evaluation;
using Segue.Import;

namespace Segue.Pipeline;

/// <summary>A whole experiment in one JSON file: where the data comes from, how it is cut, what is compared, what it promises.</summary>
/// <remarks>
/// <code>
/// {
///   "title": "…",
///   "dataset": { "format": "csv", "paths": ["playlists-50k-20k.zip!train.reconstructed.csv"], "map": "user=…,item=…", "k_core": 10, "weights": "binary" },
///   "split": "random:train=0.85,validation=0,test=0.15",
///   "metrics": ["recall@20", "ndcg@20"],
///   "models": ["popularity", { "model": "als", "label": "ALS 128", "options": { "embedding_size": 128 } }],
///   "sweeps": [{ "title": "…", "models": ["user-knn"], "option": "neighbors", "values": [1, 10, 100], "metric": "auc" }],
///   "curves": [{ "title": "…", "metrics": ["ndcg@20"], "every": 2, "models": ["ALS 128"] }],
///   "offsets": [{ "title": "…", "metric": "next-hr@20", "up_to": 50 }],
///   "pairs": [{ "first": "ALS 128", "second": "popularity", "metrics": ["recall@20"] }],
///   "also": [{ "title": "…", "sampled_negatives": 100, "users": 100, "part": "validation", "metrics": ["hitrate@10", "mrr"], "offsets": […], "pairs": […], "note": "…" }],
///   "published": [{ "label": "WMF", "source": "author, title, table 2", "note": "…", "metrics": { "recall@20": 0.282 }, "training": { "validation loss": 0.1 } }],
///   "promises": [{ "label": "ALS 128", "metric": "recall@20", "low": 0.282, "high": 1 }],
///   "seed": 42, "keep_seen": false, "sampled_negatives": 0, "test_users": 0, "on_validation": false, "baselines": true, "early_stopping": "ndcg@20:every=1,patience=5"
/// }
/// </code>
/// "curves" are measured on the validation part while the named rows train (all rows without "models"), with their training losses beside them; "early_stopping"
/// measures there too, and keeps every model's best epoch. "offsets" ask the rankings of revealed sessions for the song 1, 2, … "up_to" ahead. "pairs" tests two rows against each other. "also"
/// judges the same trained models in other ways. "published" (of the recipe, or of an entry of "also") are rows of others, shown beside the measured
/// ones and never tested, promised or the best. "test_users" asks only so many users (or sessions), drawn at random; "on_validation" judges on the validation part. Instead of "format" and "paths", "dataset" may have "folder" (an imported dataset) or "synthetic" (options of the synthetic
/// world); "join_features" lists tables of audio features to join, and "only_with_features": true keeps the items that got any. Relative paths are looked up beside the recipe, in the folder named by SEGUE_DATA, in <c>../shared/data</c> above the
/// recipe's repository, then in the current folder.
/// </remarks>
public sealed record Recipe
{
    /// <summary>What is run.</summary>
    public required ExperimentSpecification Specification { get; init; }

    /// <summary>Figures the recipe says it reaches.</summary>
    public IReadOnlyList<Promise> Promises { get; init; } = [];

    /// <summary>Name of the recipe: its file name without ending.</summary>
    public required string Name { get; init; }

    private JsonObject DatasetNode { get; init; } = [];

    private string Folder { get; init; } = ".";

    /// <summary>Reads and checks a recipe; data is not touched yet.</summary>
    /// <exception cref="OptionException">Not JSON, an unknown key, name or value; the message says where.</exception>
    public static Recipe Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new OptionException($"no recipe at '{path}'; recipes are JSON files, see recipes/");
        }

        try
        {
            JsonObject root = JsonNode.Parse(File.ReadAllText(path), null, new JsonDocumentOptions
            {
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
                AllowDuplicateProperties = false,
            })!.AsObject();
            CheckKeys(root, path, "title", "dataset", "split", "metrics", "models", "sweeps", "curves", "offsets", "pairs", "also", "published", "promises", "seed", "keep_seen", "sampled_negatives", "test_users", "on_validation", "baselines", "early_stopping", "note");
            JsonObject dataset = root["dataset"] as JsonObject ?? throw new OptionException($"recipe '{path}' has no \"dataset\" object");
            CheckKeys(dataset, path, "name", "folder", "format", "paths", "level", "map", "synthetic", "k_core", "weights", "join_features", "only_with_features");
            var recipe = new Recipe
            {
                Name = Path.GetFileNameWithoutExtension(path),
                DatasetNode = dataset,
                Folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".",
                Specification = new ExperimentSpecification
                {
                    Title = (string?)root["title"],
                    KCore = (int?)dataset["k_core"] ?? 0,
                    Weights = ExperimentSpecification.ParseWeights((string?)dataset["weights"]),
                    Split = ParseSplit(root["split"] ?? throw new OptionException($"recipe '{path}' has no \"split\"")),
                    Models = [.. (root["models"]?.AsArray() ?? []).Select(m => ParseModel(m!, path))],
                    Metrics = [.. (root["metrics"]?.AsArray() ?? throw new OptionException($"recipe '{path}' has no \"metrics\"")).SelectMany(m => MetricCatalog.ParseList((string)m!)).DistinctBy(m => m.Name)],
                    Sweeps = [.. (root["sweeps"]?.AsArray() ?? []).Select(s => ParseSweep(s!.AsObject(), path))],
                    Curves = [.. (root["curves"]?.AsArray() ?? []).Select(c => ParseCurve(c!.AsObject(), path))],
                    Offsets = [.. (root["offsets"]?.AsArray() ?? []).Select(o => ParseOffsets(o!.AsObject(), path))],
                    Pairs = [.. (root["pairs"]?.AsArray() ?? []).Select(p => ParsePair(p!.AsObject(), path))],
                    Also = [.. (root["also"]?.AsArray() ?? []).Select(a => ParseProtocol(a!.AsObject(), path))],
                    KeepSeen = (bool?)root["keep_seen"] ?? false,
                    SampledNegatives = (int?)root["sampled_negatives"] ?? 0,
                    TestUsers = (int?)root["test_users"] ?? 0,
                    OnValidation = (bool?)root["on_validation"] ?? false,
                    EarlyStopping = root["early_stopping"] is { } early ? EarlyStoppingSpecification.Parse((string)early!) : null,
                    AddBaselines = (bool?)root["baselines"] ?? true,
                    Seed = (ulong?)root["seed"] ?? 42,
                },
                Promises = [.. (root["promises"]?.AsArray() ?? []).Select(p => ParsePromise(p!.AsObject(), path))],
            };
            recipe = recipe with
            {
                Specification = recipe.Specification with
                {
                    Published = ParsePublished(root, recipe.Specification.Metrics, "the recipe", path),
                    PublishedTraining = ParsePublishedTraining(root, recipe.Specification.Curves.Count > 0, path),
                },
            };
            if (recipe.Specification.TestUsers < 0)
            {
                throw new OptionException($"recipe '{path}' has test_users={recipe.Specification.TestUsers}; give 0 for all, or at least 1");
            }

            CheckLabels(recipe, path);
            return recipe;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NullReferenceException)
        {
            throw new OptionException($"recipe '{path}' cannot be read: {e.Message}");
        }
    }

    /// <summary>Opens, imports or makes the data the recipe names.</summary>
    /// <exception cref="SegueException">The data is absent or cannot be imported.</exception>
    public Dataset OpenDataset(IProgress<ImportProgress>? progress = null, CancellationToken cancellation = default)
    {
        string? name = (string?)DatasetNode["name"];
        Dataset dataset;
        if (DatasetNode["folder"] is { } folder)
        {
            dataset = DatasetStore.Open(Find((string)folder!));
        }
        else if (DatasetNode["synthetic"] is JsonObject synthetic)
        {
            var options = (SyntheticWorldOptions)OptionsText.FromPairs(typeof(SyntheticWorldOptions), Pairs(synthetic), "the synthetic world");
            dataset = SyntheticWorld.Generate(options, new FitContext { Seed = Specification.Seed }).Dataset;
        }
        else
        {
            string format = (string?)DatasetNode["format"] ?? throw new OptionException($"recipe '{Name}' names neither \"folder\", \"synthetic\" nor \"format\" with \"paths\" for its dataset");
            string[] paths = [.. (DatasetNode["paths"]?.AsArray() ?? throw new OptionException($"recipe '{Name}' has no \"paths\" for format '{format}'")).Select(p => Find((string)p!))];
            dataset = FormatCatalog.Import(format, paths, new ImportOptions
            {
                Name = name ?? Name,
                Level = (string?)DatasetNode["level"],
                Map = DatasetNode["map"] is { } map ? ColumnMap.Parse((string)map!) : null,
                Progress = progress,
                Cancellation = cancellation,
            }).Dataset;
        }

        if (DatasetNode["join_features"] is JsonArray features)
        {
            dataset = FormatCatalog.Import("audio-features", [.. features.Select(p => Find((string)p!))], new ImportOptions
            {
                JoinTo = dataset,
                Progress = progress,
                Cancellation = cancellation,
            }).Dataset;
        }

        if ((bool?)DatasetNode["only_with_features"] ?? false)
        {
            dataset = FeatureFilter.OnlyKnown(dataset);
        }

        return name is null ? dataset : dataset with { Name = name };
    }

    /// <summary>Compares a report with the promises, one line each.</summary>
    public IReadOnlyList<PromiseResult> Check(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return [.. Promises.Select(promise =>
        {
            ReportRow? row = report.Rows.FirstOrDefault(r => r.Label == promise.Label);
            double value = row is not null && row.Metrics.TryGetValue(promise.Metric, out ReportMetric? metric) ? metric.Value : double.NaN;
            return new PromiseResult(promise, value, value >= promise.Low && value <= promise.High);
        })];
    }

    private static ISplitter ParseSplit(JsonNode node)
    {
        if (node is JsonObject split)
        {
            return SplitCatalog.Create((string)split["name"]!, Pairs(split["options"] as JsonObject ?? []));
        }

        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = OptionsText.ParseSpecification((string)node!);
        return SplitCatalog.Create(name, pairs);
    }

    private static ModelSpecification ParseModel(JsonNode node, string path)
    {
        if (node is not JsonObject model)
        {
            return ModelSpecification.Parse((string)node!);
        }

        CheckKeys(model, path, "model", "label", "options", "refit");
        string name = (string?)model["model"] ?? throw new OptionException($"a row of \"models\" in '{path}' has no \"model\"; `segue models` lists them");
        bool isRefit = (bool?)model["refit"] ?? false;
        string? label = (string?)model["label"] ?? (isRefit ? $"{name}, refit" : null);
        return ModelSpecification.Create(name, Pairs(model["options"] as JsonObject ?? []), label) with { IsRefit = isRefit };
    }

    private static SweepSpecification ParseSweep(JsonObject sweep, string path)
    {
        CheckKeys(sweep, path, "title", "models", "option", "values", "metric", "note");
        return new SweepSpecification(
            (string)sweep["title"]!, [.. sweep["models"]!.AsArray().Select(m => (string)m!)], (string)sweep["option"]!,
            [.. sweep["values"]!.AsArray().Select(v => (double)v!)], MetricCatalog.Parse((string)sweep["metric"]!), (string?)sweep["note"]);
    }

    private static CurveSpecification ParseCurve(JsonObject curve, string path)
    {
        CheckKeys(curve, path, "title", "models", "metrics", "every", "note");
        int every = (int?)curve["every"] ?? 1;
        return every >= 1
            ? new CurveSpecification(
                (string)curve["title"]!, [.. (curve["models"]?.AsArray() ?? []).Select(m => (string)m!)], ParseMetrics(curve, path), every, (string?)curve["note"])
            : throw new OptionException($"a curve of recipe '{path}' has every={every}; give at least 1 epoch");
    }

    private static OffsetSpecification ParseOffsets(JsonObject offsets, string path)
    {
        CheckKeys(offsets, path, "title", "metric", "up_to", "note");
        string title = (string)offsets["title"]!;
        MetricSpecification metric = MetricCatalog.Parse((string)offsets["metric"]!);
        int upTo = (int?)offsets["up_to"] ?? 50;
        return !metric.Metric.HasOffsets
            ? throw new OptionException($"'{title}' in recipe '{path}' asks for '{metric.Name}' by offset; give next-hr or next-mrr, for example next-hr@20")
            : upTo >= 1
            ? new OffsetSpecification(title, metric, upTo, (string?)offsets["note"])
            : throw new OptionException($"'{title}' in recipe '{path}' has up_to={upTo}; give at least 1 song ahead");
    }

    private static PairSpecification ParsePair(JsonObject pair, string path)
    {
        CheckKeys(pair, path, "first", "second", "metrics");
        return new PairSpecification(
            (string?)pair["first"] ?? throw new OptionException($"a pair of recipe '{path}' has no \"first\"; give the label of a row"),
            (string?)pair["second"] ?? throw new OptionException($"a pair of recipe '{path}' has no \"second\"; give the label of a row"),
            [.. (pair["metrics"]?.AsArray() ?? []).SelectMany(m => MetricCatalog.ParseList((string)m!)).Select(m => m.Name).Distinct()]);
    }

    private static ProtocolSpecification ParseProtocol(JsonObject protocol, string path)
    {
        CheckKeys(protocol, path, "title", "metrics", "sampled_negatives", "users", "keep_seen", "part", "offsets", "pairs", "published", "note");
        int negatives = (int?)protocol["sampled_negatives"] ?? 0, users = (int?)protocol["users"] ?? 0;
        string title = (string)protocol["title"]!;
        IReadOnlyList<MetricSpecification> metrics = ParseMetrics(protocol, path);
        OffsetSpecification[] offsets = [.. (protocol["offsets"]?.AsArray() ?? []).Select(o => ParseOffsets(o!.AsObject(), path))];
        if (metrics.Concat(offsets.Select(o => o.Metric)).DistinctBy(m => m.Metric.Kind == MetricKind.PerStep).Count() > 1)
        {
            throw new OptionException($"'{title}' in recipe '{path}' mixes metrics of revealed sessions (next-…, rest-…) with others; write an entry for each");
        }

        return negatives >= 0 && users >= 0
            ? new ProtocolSpecification(title, metrics, negatives, users, (bool?)protocol["keep_seen"] ?? false, (string?)protocol["note"])
            {
                Published = ParsePublished(protocol, metrics, $"'{title}'", path),
                Offsets = offsets,
                Pairs = [.. (protocol["pairs"]?.AsArray() ?? []).Select(p => ParsePair(p!.AsObject(), path))],
                Part = protocol["part"] is { } part ? (JudgedPart)OptionsText.ParseChoice(typeof(JudgedPart), (string)part!, $"part of '{title}'") : JudgedPart.Table,
            }
            : throw new OptionException($"recipe '{path}' has sampled_negatives={negatives}, users={users} under \"also\"; give 0 or more");
    }

    private static IReadOnlyList<MetricSpecification> ParseMetrics(JsonObject node, string path)
    {
        IReadOnlyList<MetricSpecification> metrics =
            [.. (node["metrics"]?.AsArray() ?? []).SelectMany(m => MetricCatalog.ParseList((string)m!)).DistinctBy(m => m.Name)];
        return metrics.Count > 0 && metrics.All(m => m.Metric.Kind != MetricKind.Prediction)
            ? metrics
            : throw new OptionException($"'{(string?)node["title"]}' in recipe '{path}' needs \"metrics\" of rankings, for example [\"ndcg@20\"]");
    }

    private static PublishedRow[] ParsePublished(JsonObject table, IReadOnlyList<MetricSpecification> metrics, string what, string path)
    {
        PublishedRow[] rows =
            [.. (table["published"]?.AsArray() ?? []).Select(p => p!.AsObject()).Where(p => p["training"] is null || p["metrics"] is not null).Select(p => ParsePublishedRow(p, metrics, what, path))];
        string? twice = rows.GroupBy(r => r.Label).FirstOrDefault(g => g.Count() > 1)?.Key;
        return twice is null ? rows : throw new OptionException($"recipe '{path}' has two published rows called '{twice}' in {what}; name one of them otherwise");
    }

    // Names are those by which a model tells its losses: they are known only once it trains.
    private static PublishedRow[] ParsePublishedTraining(JsonObject root, bool isWatched, string path) =>
        [.. (root["published"]?.AsArray() ?? []).Select(p => p!.AsObject()).Where(p => p["training"] is not null).Select(row =>
        {
            (string label, string source) = ParseSource(row, "the recipe", path);
            JsonObject training = row["training"] as JsonObject ?? throw new OptionException($"\"training\" of the published row '{label}' in '{path}' is no object; give figures, for example {{ \"validation loss\": 0.1 }}");
            return !isWatched
                ? throw new OptionException($"published row '{label}' in '{path}' has figures of training, and nothing is watched while it trains; give the recipe \"curves\", or leave \"training\" out")
                : new PublishedRow(label, source, training.ToDictionary(f => f.Key, f => ParseFigure(f.Value, f.Key, label, path)), (string?)row["note"]);
        })];

    private static (string Label, string Source) ParseSource(JsonObject row, string what, string path)
    {
        CheckKeys(row, path, "label", "source", "note", "metrics", "training");
        string label = (string?)row["label"] is { Length: > 0 } given
            ? given : throw new OptionException($"a published row of {what} in '{path}' has no \"label\"; give it one");
        return ((string?)row["source"] is { Length: > 0 } from
            ? (label, from) : throw new OptionException($"published row '{label}' in '{path}' has no \"source\"; say where its figures stand"));
    }

    // A number beyond the range of a double is read as infinity.
    private static double ParseFigure(JsonNode? value, string key, string label, string path) => value?.GetValueKind() == JsonValueKind.Number && double.IsFinite((double)value)
        ? (double)value : throw new OptionException($"published row '{label}' in '{path}' has {value?.ToJsonString() ?? "null"} for '{key}'; give a number");

    private static PublishedRow ParsePublishedRow(JsonObject row, IReadOnlyList<MetricSpecification> metrics, string what, string path)
    {
        (string label, string source) = ParseSource(row, what, path);
        var figures = new Dictionary<string, double>();
        foreach ((string key, JsonNode? value) in row["metrics"] as JsonObject ?? [])
        {
            string name;
            try
            {
                name = MetricCatalog.Parse(key).Name;
            }
            catch (OptionException e)
            {
                throw new OptionException($"published row '{label}' in '{path}': {e.Message}");
            }

            if (!metrics.Any(m => m.Name == name))
            {
                throw new OptionException(
                    $"published row '{label}' in '{path}' has a figure for '{key}', which {what} does not measure; add it to \"metrics\" or leave it out. "
                    + $"Measured: {string.Join(", ", metrics.Select(m => m.Name))}");
            }

            figures[name] = ParseFigure(value, key, label, path);
        }

        return figures.Count > 0
            ? new PublishedRow(label, source, figures, (string?)row["note"])
            : throw new OptionException($"published row '{label}' in '{path}' has no \"metrics\"; give figures, for example {{ \"{metrics[0].Name}\": 0.1 }}");
    }

    // A promise is about what is measured, and a table with one name twice says nothing.
    private static void CheckLabels(Recipe recipe, string path)
    {
        PublishedRow[] published = [.. recipe.Specification.Published, .. recipe.Specification.Also.SelectMany(a => a.Published)];
        string? both = published.FirstOrDefault(p => recipe.Specification.Models.Any(m => m.Label == p.Label))?.Label;
        if (both is not null)
        {
            throw new OptionException($"recipe '{path}' calls a published row and a model '{both}'; name one of them otherwise");
        }

        string? promised = recipe.Promises.FirstOrDefault(p => published.Any(r => r.Label == p.Label))?.Label;
        if (promised is not null)
        {
            throw new OptionException($"recipe '{path}' promises the published row '{promised}'; promise a row that is measured");
        }
    }

    private static Promise ParsePromise(JsonObject promise, string path)
    {
        CheckKeys(promise, path, "label", "metric", "low", "high");
        return new Promise(
            (string)promise["label"]!, (string)promise["metric"]!,
            (double?)promise["low"] ?? double.NegativeInfinity, (double?)promise["high"] ?? double.PositiveInfinity);
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Pairs(JsonObject options) => [.. options.Select(o => new KeyValuePair<string, string>(
        o.Key, o.Value is JsonValue value ? value.GetValueKind() switch
        {
            JsonValueKind.String => (string)value!,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => value.ToJsonString(),
        }
        : throw new OptionException($"option '{o.Key}' is not a single value")))];

    private static void CheckKeys(JsonObject node, string path, params string[] known)
    {
        string? unknown = node.Select(p => p.Key).FirstOrDefault(k => !known.Contains(k));
        if (unknown is not null)
        {
            throw NearMatches.Error($"key in recipe '{path}'", unknown, known);
        }
    }

    private string Find(string path)
    {
        // zip!entry names an entry inside an archive; only the archive is looked up.
        int bang = path.IndexOf(".zip!", StringComparison.OrdinalIgnoreCase);
        string file = bang < 0 ? path : path[..(bang + 4)], entry = bang < 0 ? string.Empty : path[(bang + 4)..];
        string[] folders =
        [
            Folder,
            Environment.GetEnvironmentVariable("SEGUE_DATA") ?? string.Empty,
            Path.Combine(Folder, "..", "..", "shared", "data"),
            Directory.GetCurrentDirectory(),
        ];
        string? found = folders.Where(f => f.Length > 0).Select(f => Path.GetFullPath(Path.Combine(f, file))).FirstOrDefault(f => File.Exists(f) || Directory.Exists(f));
        return found is null
            ? throw new DatasetException($"recipe '{Name}' needs '{file}', which is not beside the recipe, in SEGUE_DATA, in ../shared/data or here; set SEGUE_DATA to the folder that holds it")
            : found + entry;
    }
}

/// <summary>A figure a recipe says it reaches.</summary>
/// <param name="Label">Row.</param>
/// <param name="Metric">Column.</param>
/// <param name="Low">Lowest accepted value.</param>
/// <param name="High">Highest accepted value.</param>
public sealed record Promise(string Label, string Metric, double Low, double High)
{
    /// <summary>The window in words, for example <c>≥ 0.282</c> or <c>0.020 … 0.026</c>.</summary>
    public string Window => (double.IsFinite(Low), double.IsFinite(High)) switch
    {
        (true, true) => string.Create(CultureInfo.InvariantCulture, $"{Low} … {High}"),
        (true, false) => string.Create(CultureInfo.InvariantCulture, $"≥ {Low}"),
        (false, true) => string.Create(CultureInfo.InvariantCulture, $"≤ {High}"),
        _ => "any",
    };
}

/// <summary>A promise beside what was measured.</summary>
/// <param name="Promise">The promise.</param>
/// <param name="Value">What was measured; NaN where the row or figure is missing.</param>
/// <param name="IsKept">True where the value lies in the window.</param>
public sealed record PromiseResult(Promise Promise, double Value, bool IsKept);
