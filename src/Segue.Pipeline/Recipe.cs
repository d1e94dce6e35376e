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
///   "promises": [{ "label": "ALS 128", "metric": "recall@20", "low": 0.282, "high": 1 }, { "label": "ALS 128", "than": "popularity", "metric": "recall@20", "low": 0.2 }],
///   "seed": 42, "keep_seen": false, "sampled_negatives": 0, "test_users": 0, "on_validation": false, "baselines": true, "early_stopping": "ndcg@20:every=1,patience=5"
/// }
/// </code>
/// "curves" are measured on the validation part while the named rows train (all rows without "models"), with their training losses beside them; "early_stopping"
/// measures there too, and keeps every model's best epoch. "offsets" ask the rankings of revealed sessions for the song 1, 2, … "up_to" ahead. "pairs" tests two rows against each other. "also"
/// judges the same trained models in other ways. "published" (of the recipe, or of an entry of "also") are rows of others, shown beside the measured
/// ones and never tested, promised or the best. "test_users" asks only so many users (or sessions), drawn at random; "on_validation" judges on the validation part. Instead of "format" and "paths", "dataset" may have "folder" (an imported dataset) or "synthetic" (options of the synthetic
/// world); "promises" are windows of figures or, with "than", of differences of two rows, in the table, in a table of "also", or of "training"; "missed" says why one is known not to
/// be reached. "join_features" lists tables of audio features to join, and "only_with_features": true keeps the items that got any. Relative paths are looked up beside the recipe, in the folder named by SEGUE_DATA, in <c>../shared/data</c> above the
/// recipe's repository, then in the current folder.
/// </remarks>
public sealed record Recipe
{
    private const int LongestFile = 8_000_000;

    /// <summary>What is run.</summary>
    public required ExperimentSpecification Specification { get; init; }

    /// <summary>Figures the recipe says it reaches.</summary>
    public IReadOnlyList<Promise> Promises { get; init; } = [];

    /// <summary>Name of the recipe: its file name without ending.</summary>
    public required string Name { get; init; }

    private DatasetSource Source { get; init; } = new();

    private string Folder { get; init; } = ".";

    /// <summary>Reads and checks a recipe; data is not touched yet.</summary>
    /// <exception cref="OptionException">Not JSON, a wrong value, an unknown key or name, a row or metric that does not exist; the message names the file and the key.</exception>
    public static Recipe Read(string path)
    {
        RecipeNode root = RecipeNode.Parse(path, ReadText(path)).Object(
            "title", "dataset", "split", "metrics", "models", "sweeps", "curves", "offsets", "pairs", "also", "published", "promises", "seed", "keep_seen", "sampled_negatives",
            "test_users", "on_validation", "baselines", "early_stopping", "note");
        _ = root["note"].OptionalText();
        RecipeNode dataset = root["dataset"].Object("name", "folder", "format", "paths", "level", "map", "synthetic", "k_core", "weights", "join_features", "only_with_features");
        MetricSpecification[] metrics = MetricsOf(root);
        var specification = new ExperimentSpecification
        {
            Title = root["title"].OptionalText(),
            KCore = dataset["k_core"].Whole(0, int.MaxValue, 0),
            Weights = dataset["weights"].IsGiven ? dataset["weights"].Parsed("the name of a transformation", ExperimentSpecification.ParseWeights) : null,
            Split = ParseSplit(root["split"]),
            Models = [.. root["models"].Items().Select(ParseModel)],
            Metrics = metrics,
            Sweeps = [.. root["sweeps"].Items().Select(ParseSweep)],
            Curves = [.. root["curves"].Items().Select(ParseCurve)],
            Offsets = [.. root["offsets"].Items().Select(ParseOffsets)],
            Pairs = [.. root["pairs"].Items().Select(ParsePair)],
            Also = [.. root["also"].Items().Select(ParseProtocol)],
            KeepSeen = root["keep_seen"].Flag(),
            SampledNegatives = root["sampled_negatives"].Whole(0, int.MaxValue, 0),
            TestUsers = root["test_users"].Whole(0, int.MaxValue, 0),
            OnValidation = root["on_validation"].Flag(),
            EarlyStopping = root["early_stopping"].IsGiven
                ? root["early_stopping"].Parsed("a metric, for example \"ndcg@20:every=1,patience=5\"", EarlyStoppingSpecification.Parse) : null,
            AddBaselines = root["baselines"].Flag(absent: true),
            Seed = root["seed"].Seed(42),
        };
        specification = specification with
        {
            Published = ParsePublished(root, metrics, "the recipe"),
            PublishedTraining = ParsePublishedTraining(root, specification.Curves.Count > 0),
        };
        IReadOnlyList<ModelSpecification> rows = root.Located(() =>
        {
            Experiment.Check(specification);
            return Experiment.PossibleRows(specification);
        });
        var recipe = new Recipe
        {
            Name = Path.GetFileNameWithoutExtension(path),
            Source = ParseSource(dataset),
            Folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".",
            Specification = specification,
            Promises = [.. root["promises"].Items().Select(p => Promise.Parse(p, specification, rows))],
        };
        CheckLabels(recipe, root);
        return recipe;
    }

    /// <summary>Opens, imports or makes the data the recipe names.</summary>
    /// <exception cref="SegueException">The data is absent or cannot be imported.</exception>
    public Dataset OpenDataset(IProgress<ImportProgress>? progress = null, CancellationToken cancellation = default)
    {
        Dataset dataset;
        if (Source.Folder is { } folder)
        {
            dataset = DatasetStore.Open(Find(folder));
        }
        else if (Source.Synthetic is { } synthetic)
        {
            dataset = SyntheticWorld.Generate(synthetic, new FitContext { Seed = Specification.Seed }).Dataset;
        }
        else
        {
            dataset = FormatCatalog.Import(Source.Format!, [.. Source.Paths.Select(Find)], new ImportOptions
            {
                Name = Source.Name ?? Name,
                Level = Source.Level,
                Map = Source.Map,
                Progress = progress,
                Cancellation = cancellation,
            }).Dataset;
        }

        if (Source.Features is { Count: > 0 } features)
        {
            dataset = FormatCatalog.Import("audio-features", [.. features.Select(Find)], new ImportOptions
            {
                JoinTo = dataset,
                Progress = progress,
                Cancellation = cancellation,
            }).Dataset;
        }

        if (Source.OnlyWithFeatures)
        {
            dataset = FeatureFilter.OnlyKnown(dataset);
        }

        const string Timed = "recent-popularity";
        if (!dataset.HasTime && Promises.Any(p => p.Label == Timed || p.Than == Timed) && Specification.Models.All(m => m.Label != Timed))
        {
            throw new OptionException($"recipe '{Name}' promises the row '{Timed}', which is only added to data with times; '{dataset.Name}' has none: leave the promise out");
        }

        return Source.Name is { } name ? dataset with { Name = name } : dataset;
    }

    /// <summary>Compares a report with the promises, one line each.</summary>
    public IReadOnlyList<PromiseResult> Check(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return [.. Promises.Select(promise => promise.Check(report))];
    }

    private static string ReadText(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0', StringComparison.Ordinal) || !File.Exists(path))
        {
            throw new OptionException(path.Length > 0 && Directory.Exists(path)
                ? $"'{path}' is a folder, not a recipe; name a JSON file in it, see recipes/"
                : $"no recipe at '{path}'; recipes are JSON files, see recipes/");
        }

        try
        {
            // Devices and pipes have no length: what they give is counted.
            using var reader = new StreamReader(path);
            var text = new char[LongestFile + 1];
            int length = reader.ReadBlock(text);
            return length <= LongestFile
                ? new string(text, 0, length) : throw new OptionException($"'{path}' is longer than {LongestFile} characters: it is no recipe; recipes are JSON files, see recipes/");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"recipe '{path}' cannot be read: {e.Message}");
        }
    }

    private static DatasetSource ParseSource(RecipeNode dataset)
    {
        string[] given = [.. new[] { "folder", "synthetic", "format" }.Where(key => dataset[key].IsGiven)];
        if (given.Length != 1)
        {
            throw dataset.Error(given.Length == 0
                ? "names no data; give \"folder\", \"synthetic\", or \"format\" with \"paths\""
                : $"has both \"{given[0]}\" and \"{given[1]}\"; give one of them");
        }

        string[] imported = ["paths", "level", "map"];
        if (given[0] != "format" && Array.Find(imported, key => dataset[key].IsGiven) is { } lost)
        {
            throw dataset[lost].Error($"is only for \"format\", not for \"{given[0]}\"; leave it out");
        }

        var source = new DatasetSource
        {
            Name = dataset["name"].IsGiven ? dataset["name"].Text("a name") : null,
            Features = [.. dataset["join_features"].Items().Select(p => p.FilePath())],
            OnlyWithFeatures = dataset["only_with_features"].Flag(),
        };
        switch (given[0])
        {
            case "folder":
                return source with { Folder = dataset["folder"].FilePath() };
            case "synthetic":
                IReadOnlyList<KeyValuePair<string, string>> pairs = dataset["synthetic"].Options();
                return source with
                {
                    Synthetic = dataset["synthetic"].Located(() => (SyntheticWorldOptions)OptionsText.FromPairs(typeof(SyntheticWorldOptions), pairs, "the synthetic world")),
                };
            default:
                FormatDescription format = dataset["format"].Parsed("the name of a format; segue formats lists them", FormatCatalog.Get);
                string[] paths = [.. dataset["paths"].Items().Select(p => p.FilePath())];
                string? level = dataset["level"].OptionalText();
                if (paths.Length == 0)
                {
                    throw dataset.Error($"has no \"paths\" for format '{format.Name}'; give a list of files");
                }

                if (level is not null && !format.Levels.Contains(level))
                {
                    throw dataset["level"].Error($"is '{VisibleText.Short(level, 60)}'; format '{format.Name}' has {string.Join(", ", format.Levels)}");
                }

                if (format.JoinsDataset)
                {
                    throw dataset["format"].Error($"is '{format.Name}', which joins a table to a dataset; name the listening history here and the table under \"join_features\"");
                }

                if (format.NeedsMap != dataset["map"].IsGiven)
                {
                    throw dataset.Error(format.NeedsMap
                        ? $"has no \"map\"; format '{format.Name}' needs to know its columns, for example \"user=user_id,item=track_id,time=ts\""
                        : $"has a \"map\", and format '{format.Name}' knows its columns; leave it out, or import with the format csv");
                }

                return source with
                {
                    Format = format.Name,
                    Paths = paths,
                    Level = level,
                    Map = format.NeedsMap ? dataset["map"].Parsed("columns, for example \"user=0,item=1\"", ColumnMap.Parse) : null,
                };
        }
    }

    private static ISplitter ParseSplit(RecipeNode node)
    {
        const string Expected = "the name of a split; segue splits lists them";
        if (!node.IsObject)
        {
            return node.Parsed(Expected, text =>
            {
                (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = OptionsText.ParseSpecification(text);
                return SplitCatalog.Create(name, pairs);
            });
        }

        RecipeNode split = node.Object("name", "options");
        IReadOnlyList<KeyValuePair<string, string>> options = split["options"].Options();
        return split["name"].Parsed(Expected, name => SplitCatalog.Create(name, options));
    }

    private static ModelSpecification ParseModel(RecipeNode node)
    {
        const string Expected = "the name of a model; segue models lists them";
        if (!node.IsObject)
        {
            return node.Parsed(Expected, ModelSpecification.Parse);
        }

        RecipeNode model = node.Object("model", "label", "options", "refit");
        bool isRefit = model["refit"].Flag();
        IReadOnlyList<KeyValuePair<string, string>> options = model["options"].Options();
        string? given = model["label"].IsGiven ? model["label"].Text("a name for the row") : null;
        return model["model"].Parsed(Expected, name => ModelSpecification.Create(name, options, given ?? (isRefit ? $"{name}, refit" : null)) with { IsRefit = isRefit });
    }

    private static SweepSpecification ParseSweep(RecipeNode node)
    {
        RecipeNode sweep = node.Object("title", "models", "option", "values", "metric", "note");
        string option = sweep["option"].Text("the name of an option");
        double[] values = [.. sweep["values"].Items().Select(v => v.Number())];
        string[] models = [.. sweep["models"].Items().Select(m => m.Text("the name of a model"))];
        if (values.Length == 0 || models.Length == 0)
        {
            throw sweep.Error(values.Length == 0 ? "has no \"values\"; give a list of numbers" : "has no \"models\"; give a list of names");
        }

        return new SweepSpecification(
            sweep["title"].Text(), models, option, values, sweep["metric"].Parsed("a metric, for example \"ndcg@20\"", MetricCatalog.Parse), sweep["note"].OptionalText());
    }

    private static CurveSpecification ParseCurve(RecipeNode node)
    {
        RecipeNode curve = node.Object("title", "models", "metrics", "every", "note");
        return new CurveSpecification(
            curve["title"].Text(), [.. curve["models"].Items().Select(m => m.Text("the label of a row"))], RankingMetricsOf(curve), curve["every"].Whole(1, int.MaxValue, 1),
            curve["note"].OptionalText());
    }

    private static OffsetSpecification ParseOffsets(RecipeNode node)
    {
        RecipeNode offsets = node.Object("title", "metric", "up_to", "note");
        string title = offsets["title"].Text();
        MetricSpecification metric = offsets["metric"].Parsed("a metric, for example \"next-hr@20\"", MetricCatalog.Parse);
        return metric.Metric.HasOffsets
            ? new OffsetSpecification(title, metric, offsets["up_to"].Whole(1, int.MaxValue, 50), offsets["note"].OptionalText())
            : throw offsets["metric"].Error($"asks for '{metric.Name}' by offset; give next-hr or next-mrr, for example next-hr@20");
    }

    private static PairSpecification ParsePair(RecipeNode node)
    {
        RecipeNode pair = node.Object("first", "second", "metrics", "ahead");
        return new PairSpecification(
            pair["first"].Text("the label of a row"), pair["second"].Text("the label of a row"),
            [.. pair["metrics"].Items().SelectMany(m => m.Parsed("a metric", MetricCatalog.ParseList)).Select(m => m.Name).Distinct()])
        {
            Ahead = [.. pair["ahead"].Items().Select(range => range.Range())],
        };
    }

    private static ProtocolSpecification ParseProtocol(RecipeNode node)
    {
        RecipeNode protocol = node.Object("title", "metrics", "sampled_negatives", "users", "keep_seen", "part", "offsets", "pairs", "published", "note");
        string title = protocol["title"].Text();
        MetricSpecification[] metrics = RankingMetricsOf(protocol);
        OffsetSpecification[] offsets = [.. protocol["offsets"].Items().Select(ParseOffsets)];
        if (metrics.Concat(offsets.Select(o => o.Metric)).DistinctBy(m => m.Metric.Kind == MetricKind.PerStep).Count() > 1)
        {
            throw protocol.Error("mixes metrics of revealed sessions (next-…, rest-…) with others; write an entry for each");
        }

        return new ProtocolSpecification(
            title, metrics, protocol["sampled_negatives"].Whole(0, int.MaxValue, 0), protocol["users"].Whole(0, int.MaxValue, 0), protocol["keep_seen"].Flag(),
            protocol["note"].OptionalText())
        {
            Published = ParsePublished(protocol, metrics, $"'{title}'"),
            Offsets = offsets,
            Pairs = [.. protocol["pairs"].Items().Select(ParsePair)],
            Part = protocol["part"].IsGiven
                ? protocol["part"].Parsed("table, validation or train", part => (JudgedPart)OptionsText.ParseChoice(typeof(JudgedPart), part, $"part of '{title}'")) : JudgedPart.Table,
        };
    }

    private static MetricSpecification[] MetricsOf(RecipeNode node)
    {
        MetricSpecification[] metrics =
            [.. node["metrics"].Items().SelectMany(m => m.Parsed("a metric; segue metrics lists them", MetricCatalog.ParseList)).DistinctBy(m => m.Name)];
        return metrics.Length > 0 ? metrics : throw node.Error("has no \"metrics\"; give a list, for example [\"ndcg@20\"]");
    }

    private static MetricSpecification[] RankingMetricsOf(RecipeNode node)
    {
        MetricSpecification[] metrics = MetricsOf(node);
        return Array.TrueForAll(metrics, m => m.Metric.Kind != MetricKind.Prediction)
            ? metrics : throw node["metrics"].Error("needs metrics of rankings, for example [\"ndcg@20\"]");
    }

    private static PublishedRow[] ParsePublished(RecipeNode table, MetricSpecification[] metrics, string what)
    {
        PublishedRow[] rows =
        [
            .. table["published"].Items().Select(p => p.Object("label", "source", "note", "metrics", "training"))
                .Where(p => !p["training"].IsGiven || p["metrics"].IsGiven).Select(p => ParsePublishedRow(p, metrics, what)),
        ];
        string? twice = rows.GroupBy(r => r.Label).FirstOrDefault(g => g.Count() > 1)?.Key;
        return twice is null ? rows : throw table["published"].Error($"has two published rows called '{twice}'; name one of them otherwise");
    }

    // Names are those by which a model tells its losses: they are known only once it trains.
    private static PublishedRow[] ParsePublishedTraining(RecipeNode root, bool isWatched) =>
    [
        .. root["published"].Items().Where(p => p["training"].IsGiven).Select(row =>
        {
            (string label, string source) = LabelAndSource(row);
            IReadOnlyList<(string Key, RecipeNode Value)> training = row["training"].Members();
            return !isWatched
                ? throw row["training"].Error("has figures of training, and nothing is watched while it trains; give the recipe \"curves\", or leave \"training\" out")
                : training.Count == 0 ? throw row["training"].Error("has no figures; give some, for example { \"validation loss\": 0.1 }")
                : new PublishedRow(label, source, training.ToDictionary(f => f.Key, f => f.Value.Number()), row["note"].OptionalText());
        }),
    ];

    private static (string Label, string Source) LabelAndSource(RecipeNode row) => (row["label"].Text("a name for the row"), row["source"].Text("where its figures are from"));

    private static PublishedRow ParsePublishedRow(RecipeNode row, MetricSpecification[] metrics, string what)
    {
        (string label, string source) = LabelAndSource(row);
        var figures = new Dictionary<string, double>();
        foreach ((string key, RecipeNode value) in row["metrics"].Members())
        {
            string name = value.Located(() => MetricCatalog.Parse(key).Name);
            if (!Array.Exists(metrics, m => m.Name == name))
            {
                throw row["metrics"].Error(
                    $"has a figure for '{key}', which {what} does not measure; add it to \"metrics\" or leave it out. Measured: {string.Join(", ", metrics.Select(m => m.Name))}");
            }

            figures[name] = value.Number();
        }

        return figures.Count > 0
            ? new PublishedRow(label, source, figures, row["note"].OptionalText())
            : throw row.Error($"has no \"metrics\"; give figures, for example {{ \"{metrics[0].Name}\": 0.1 }}");
    }

    // A table with one name twice says nothing.
    private static void CheckLabels(Recipe recipe, RecipeNode root)
    {
        PublishedRow[] published = [.. recipe.Specification.Published, .. recipe.Specification.Also.SelectMany(a => a.Published)];
        string? both = published.FirstOrDefault(p => recipe.Specification.Models.Any(m => m.Label == p.Label))?.Label;
        if (both is not null)
        {
            throw root.Error($"calls a published row and a model '{both}'; name one of them otherwise");
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

    // Where the data comes from: a folder, the synthetic world, or files to import.
    private sealed record DatasetSource
    {
        public string? Name { get; init; }

        public string? Folder { get; init; }

        public SyntheticWorldOptions? Synthetic { get; init; }

        public string? Format { get; init; }

        public IReadOnlyList<string> Paths { get; init; } = [];

        public string? Level { get; init; }

        public ColumnMap? Map { get; init; }

        public IReadOnlyList<string> Features { get; init; } = [];

        public bool OnlyWithFeatures { get; init; }
    }
}
