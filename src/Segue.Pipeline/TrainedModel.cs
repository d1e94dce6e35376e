using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models;

namespace Segue.Pipeline;

/// <summary>A trained model with all it needs to answer: its options, its learned arrays and the data it was trained on.</summary>
/// <remarks>
/// As a folder: <c>model.json</c> (name, options, versions, checksum), <c>model.safetensors</c> (named arrays) and <c>train/</c>
/// (a dataset folder). No serialized objects.
/// </remarks>
public sealed record TrainedModel
{
    private const string ManifestName = "model.json";
    private const string ArraysName = "model.safetensors";
    private const string TrainName = "train";
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

    /// <summary>Trains a model by name.</summary>
    /// <exception cref="SegueException">Unknown name or option, unfit data, or training failed.</exception>
    public static TrainedModel Fit(string model, IModel untrained, Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(untrained);
        ArgumentNullException.ThrowIfNull(context);
        return new TrainedModel
        {
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
        using var stream = new FileStream(Path.Combine(folder, ManifestName), FileMode.CreateNew);
        stream.Write(Encoding.UTF8.GetBytes(manifest.ToJsonString(Indented) + "\n"));
        stream.Flush(flushToDisk: true);
    });

    /// <summary>Opens a folder written by <see cref="Save"/>; sizes and the checksum of the arrays are verified.</summary>
    /// <exception cref="SegueException">A part is missing, damaged, or from another version; the message names it.</exception>
    public static TrainedModel Open(string path)
    {
        string file = Path.Combine(path, ManifestName);
        if (!File.Exists(file))
        {
            throw new DatasetException($"'{path}' is not a trained model: it has no {ManifestName}; make one with: segue train DATASET --model NAME --out {path}");
        }

        string name;
        ulong seed;
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
            Model = name,
            Options = model.Options,
            Seed = seed,
            Recommender = model.Load(ArtifactReader.Open(Path.Combine(path, ArraysName)), train),
            Train = train,
        };
    }

    private static string Checksum(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
