using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models;
using Segue.Numerics.Dense;

namespace Segue.Pipeline;

/// <summary>The item vectors of a model in training.</summary>
/// <param name="Epoch">After this epoch, counted from 1.</param>
/// <param name="ItemVectors">Items × size.</param>
public sealed record EpochVectors(int Epoch, DenseMatrix ItemVectors);

/// <summary>A trained model with all it needs to answer: its options, its learned arrays and the data it was trained on.</summary>
/// <remarks>
/// As a folder: <c>model.json</c> (name, options, versions, checksum), <c>model.safetensors</c> (named arrays) and <c>train/</c>
/// (a dataset folder); where epochs were kept, <c>epochs.safetensors</c> with an array <c>epoch-N</c> for each. No serialized objects.
/// </remarks>
public sealed record TrainedModel
{
    private const string ManifestName = "model.json";
    private const string ArraysName = "model.safetensors";
    private const string TrainName = "train";
    private const string EpochsName = "epochs.safetensors";
    private const string EpochPrefix = "epoch-";
    private const int Version = 1;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Name of the model in the catalog.</summary>
    public required string Model { get; init; }

    /// <summary>The options it was trained with.</summary>
    public required ModelOptions Options { get; init; }

    /// <summary>Seed it was trained with.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The trained model.</summary>
    public required IRecommender Recommender { get; init; }

    /// <summary>The data it was trained on: users, items, names, histories.</summary>
    public required Dataset Train { get; init; }

    /// <summary>Item vectors kept while training, by epoch; empty where none were asked for or opened.</summary>
    public IReadOnlyList<EpochVectors> Epochs { get; init; } = [];

    /// <summary>Trains a model by name.</summary>
    /// <param name="model">Name in the catalog.</param>
    /// <param name="untrained">The model.</param>
    /// <param name="train">The data.</param>
    /// <param name="context">Seed, threads and hooks.</param>
    /// <param name="keepEvery">
    /// Keep the item vectors after every so many epochs (4 bytes · items · size each); 0 for none. Models without vectors or epochs keep none.
    /// </param>
    /// <exception cref="SegueException">Unknown name or option, unfit data, or training failed.</exception>
    public static TrainedModel Fit(string model, IModel untrained, Dataset train, FitContext context, int keepEvery = 0)
    {
        ArgumentNullException.ThrowIfNull(untrained);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfNegative(keepEvery);
        var epochs = new List<EpochVectors>();
        if (keepEvery > 0)
        {
            Func<int, IRecommender, bool>? other = context.OnEpoch;
            Func<int, bool>? watched = context.WatchedEpochs;
            context = context with
            {
                WatchedEpochs = epoch => epoch % keepEvery == 0 || (other is not null && watched?.Invoke(epoch) != false),
                OnEpoch = (epoch, recommender) =>
                {
                    if (epoch % keepEvery == 0 && recommender is IVectorRecommender { ItemVectors: { } vectors })
                    {
                        epochs.Add(new EpochVectors(epoch, new DenseMatrix(vectors.Rows, vectors.Columns, [.. vectors.Values])));
                    }

                    return other?.Invoke(epoch, recommender) != false;
                },
            };
        }

        return new TrainedModel
        {
            Epochs = epochs,
            Model = model,
            Options = untrained.Options,
            Seed = context.Seed,
            Recommender = untrained.Fit(train, context),
            Train = train,
        };
    }

    /// <summary>Writes the folder as a whole or not at all; an older model there is replaced when the new one is complete.</summary>
    /// <exception cref="DatasetException">The folder holds something else or cannot be written.</exception>
    public void Save(string path) => AtomicFolder.Write(path, ManifestName, folder =>
    {
        DatasetStore.Save(Train, Path.Combine(folder, TrainName));
        var arrays = new ArtifactWriter();
        Recommender.Save(arrays);
        string arraysPath = Path.Combine(folder, ArraysName);
        arrays.Write(arraysPath);
        string epochsPath = Path.Combine(folder, EpochsName);
        if (Epochs.Count > 0)
        {
            var epochs = new ArtifactWriter();
            foreach (EpochVectors kept in Epochs)
            {
                epochs.Add(EpochPrefix + kept.Epoch.ToString(CultureInfo.InvariantCulture), kept.ItemVectors);
            }

            epochs.Write(epochsPath);
        }

        var options = new JsonObject();
        foreach ((string key, object value) in OptionsText.ToPairs(Options))
        {
            options[key] = OptionsText.Format(value);
        }

        var manifest = new JsonObject
        {
            ["format"] = "segue-model",
            ["version"] = Version,
            ["model"] = Model,
            ["options"] = options,
            ["seed"] = Seed,
            ["users"] = Train.Users.Count,
            ["items"] = Train.Items.Count,
            ["interactions"] = Train.Count,
            ["bytes"] = new FileInfo(arraysPath).Length,
            ["sha256"] = Checksum(arraysPath),
        };
        if (Epochs.Count > 0)
        {
            manifest["epochs_sha256"] = Checksum(epochsPath);
        }

        using var stream = new FileStream(Path.Combine(folder, ManifestName), FileMode.CreateNew);
        stream.Write(Encoding.UTF8.GetBytes(manifest.ToJsonString(Indented) + "\n"));
        stream.Flush(flushToDisk: true);
    });

    /// <summary>Opens a folder written by <see cref="Save"/>; sizes and the checksum of the arrays are verified.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="withEpochs">Read <see cref="Epochs"/> too, where the folder has any; only maps need them.</param>
    /// <exception cref="SegueException">A part is missing, damaged, or from another version; the message names it.</exception>
    public static TrainedModel Open(string path, bool withEpochs = false)
    {
        string file = Path.Combine(path, ManifestName);
        if (!File.Exists(file))
        {
            throw new DatasetException($"'{path}' is not a trained model: it has no {ManifestName}; make one with: segue train DATASET --model NAME --out {path}");
        }

        string name;
        ulong seed;
        string? epochsSum;
        List<KeyValuePair<string, string>> options;
        try
        {
            JsonObject manifest = JsonNode.Parse(File.ReadAllBytes(file))!.AsObject();
            if ((string?)manifest["format"] != "segue-model" || (int?)manifest["version"] != Version)
            {
                throw new DatasetException($"'{file}' is {manifest["format"] ?? "of no format"} version {manifest["version"] ?? "none"}; this Segue reads segue-model version {Version}: train the model again");
            }

            name = (string)manifest["model"]!;
            seed = (ulong)manifest["seed"]!;
            epochsSum = (string?)manifest["epochs_sha256"];
            options = [.. manifest["options"]!.AsObject().Select(o => new KeyValuePair<string, string>(o.Key, (string)o.Value!))];
            string arraysPath = Path.Combine(path, ArraysName);
            if (!File.Exists(arraysPath) || Checksum(arraysPath) != (string?)manifest["sha256"])
            {
                throw new DatasetException($"'{arraysPath}' is missing or was changed since it was written (checksum differs); train the model again");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NullReferenceException)
        {
            throw new DatasetException($"'{file}' is not a manifest this version can read ({e.Message}); train the model again", e);
        }

        Dataset train = DatasetStore.Open(Path.Combine(path, TrainName));
        IModel model = ModelCatalog.Create(name, options);
        return new TrainedModel
        {
            Epochs = withEpochs && epochsSum is not null ? ReadEpochs(Path.Combine(path, EpochsName), epochsSum) : [],
            Model = name,
            Options = model.Options,
            Seed = seed,
            Recommender = model.Load(ArtifactReader.Open(Path.Combine(path, ArraysName)), train),
            Train = train,
        };
    }

    private static EpochVectors[] ReadEpochs(string file, string sum)
    {
        if (!File.Exists(file) || Checksum(file) != sum)
        {
            throw new DatasetException($"'{file}' is missing or was changed since it was written (checksum differs); train the model again");
        }

        ArtifactReader arrays = ArtifactReader.Open(file);
        return [.. arrays.Names.Select(n => new EpochVectors(int.Parse(n.AsSpan(EpochPrefix.Length), CultureInfo.InvariantCulture), arrays.Dense(n, ArrayValues.UnknownRows))).OrderBy(e => e.Epoch)];
    }

    private static string Checksum(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
