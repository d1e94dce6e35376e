using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models;
using Segue.Numerics;
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
public sealed partial record TrainedModel
{
    private const string ArraysName = "model.safetensors";
    private const string TrainName = "train";
    private const string EpochsName = "epochs.safetensors";
    private const string EpochPrefix = "epoch-";
    private static readonly ManifestFolder Folder = new(
        "model.json", "segue-model", 1, "a trained model", "make one with: segue train DATASET --model NAME --out {0}", "train the model again", FileName());

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

    /// <summary>Throws where <see cref="Save"/> would refuse <paramref name="path"/>, so that it is known before any training.</summary>
    /// <exception cref="DatasetException">The folder holds something else or cannot be written.</exception>
    public static void CheckTarget(string path) => Folder.CheckTarget(path);

    /// <summary>Writes the folder as a whole or not at all; an older model there answers until the new one is complete.</summary>
    /// <returns>What runs that were killed had left there, and is removed now; mostly empty.</returns>
    /// <exception cref="DatasetException">The folder holds something else or cannot be written, or the model is not one of the catalog: it could not be opened again.</exception>
    public IReadOnlyList<string> Save(string path) => Folder.Write(CanOpen(path), folder =>
    {
        DatasetStore.Save(Train.WithoutSamples(), Path.Combine(folder, TrainName));
        var arrays = new ArtifactWriter();
        Recommender.Save(arrays);
        arrays.Write(Path.Combine(folder, ArraysName));
        if (Epochs.Count > 0)
        {
            var epochs = new ArtifactWriter();
            foreach (EpochVectors kept in Epochs)
            {
                epochs.Add(EpochPrefix + kept.Epoch.ToString(CultureInfo.InvariantCulture), kept.ItemVectors);
            }

            epochs.Write(Path.Combine(folder, EpochsName));
        }

        var options = new JsonObject();
        foreach ((string key, object value) in OptionsText.ToPairs(Options))
        {
            options[key] = OptionsText.Format(value);
        }

        return new JsonObject
        {
            ["format"] = Folder.Format,
            ["version"] = 1,
            ["model"] = Model,
            ["options"] = options,
            ["seed"] = Seed,
            ["users"] = Train.Users.Count,
            ["items"] = Train.Items.Count,
            ["interactions"] = Train.Count,
        };
    });

    /// <summary>Opens a folder written by <see cref="Save"/>: one version of it, whole, even while another is being published.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="withEpochs">Read <see cref="Epochs"/> too, where the folder has any; only maps need them.</param>
    /// <remarks>
    /// Lengths of all files and checksums of the manifests and of the arrays are compared with what was read. Stops where the
    /// <see cref="CancellationScope"/> is cancelled.
    /// </remarks>
    /// <exception cref="SegueException">A part is missing, damaged, or from another version; the message names it.</exception>
    public static TrainedModel Open(string path, bool withEpochs = false) => Folder.Read(path, opened => Read(opened, withEpochs));

    // The folder names the model; Open makes it from the catalog, by that name.
    private string CanOpen(string path) => ModelCatalog.All.Any(m => m.Name == Model && m.OptionsType == Options.GetType())
        ? path
        : throw new DatasetException(
            $"'{path}' is not written: model '{Model}' with {Options.GetType().Name} is not in the catalog of models, so {nameof(Open)} could not read it again; "
            + "save a model under its name in the catalog, or write its arrays with ArtifactWriter");

    private static TrainedModel Read(OpenedFolder opened, bool withEpochs)
    {
        string name;
        ulong seed;
        IModel model;
        try
        {
            JsonObject manifest = opened.Manifest;
            name = (string?)manifest["model"] ?? throw new FormatException("it names no model");
            seed = (ulong)manifest["seed"]!;
            model = ModelCatalog.Create(name, [.. manifest["options"]!.AsObject().Select(o => new KeyValuePair<string, string>(o.Key, (string)o.Value!))]);
        }
        catch (Exception e) when (e is OptionException or InvalidOperationException or FormatException or NullReferenceException or ArgumentException)
        {
            throw new DatasetException($"'{opened.ManifestPath}' is not a manifest this version can read ({e.Message}); {Folder.Again}", e);
        }

        opened.CheckLengths();
        string trainManifest = $"{TrainName}/{DatasetStore.ManifestName}";
        if (!opened.Files.TryGetValue(trainManifest, out (long Bytes, string Sha256) entry))
        {
            throw new DatasetException($"'{opened.ManifestPath}' lists no {trainManifest}; {Folder.Again}");
        }

        Dataset train = DatasetStore.Open(opened.PathOf(TrainName), entry.Sha256);
        ArtifactReader arrays = ArtifactReader.Open(opened.PathOf(ArraysName), bytes => opened.CheckBytes(ArraysName, bytes));
        IRecommender recommender = Load(model, arrays, train, opened);
        return new TrainedModel
        {
            Epochs = withEpochs && opened.Files.ContainsKey(EpochsName) ? ReadEpochs(opened, (recommender as IVectorRecommender)?.ItemVectors) : [],
            Model = name,
            Options = model.Options,
            Seed = seed,
            Recommender = recommender,
            Train = train,
        };
    }

    private static IRecommender Load(IModel model, ArtifactReader arrays, Dataset train, OpenedFolder opened)
    {
        try
        {
            return model.Load(arrays, train);
        }
        catch (SegueException e) when (!e.Message.Contains(opened.Path, StringComparison.Ordinal))
        {
            throw new DatasetException($"'{opened.Path}' cannot be opened: {e.Message}", e);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IndexOutOfRangeException or OverflowException or NullReferenceException
            or KeyNotFoundException or FormatException or NotSupportedException)
        {
            // The models check what they load; this is the net under them, for arrays whose checksum somebody has made right.
            throw new DatasetException($"'{opened.PathOf(ArraysName)}' does not fit the model and data of '{opened.Path}' ({e.Message}); {Folder.Again}", e);
        }
    }

    private static EpochVectors[] ReadEpochs(OpenedFolder opened, DenseMatrix? last)
    {
        string file = opened.PathOf(EpochsName);
        ArtifactReader arrays = ArtifactReader.Open(file, bytes => opened.CheckBytes(EpochsName, bytes));
        var epochs = new List<EpochVectors>();
        foreach (string name in arrays.Names)
        {
            if (!name.StartsWith(EpochPrefix, StringComparison.Ordinal)
                || !int.TryParse(name.AsSpan(EpochPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int epoch))
            {
                throw new DatasetException($"'{file}' holds the array '{name}', which is not one of an epoch; {Folder.Again}");
            }

            DenseMatrix vectors = arrays.Dense(name, ArrayValues.UnknownRows);
            if (last is null || vectors.Rows != last.Rows || vectors.Columns != last.Columns)
            {
                throw new DatasetException(
                    $"array '{name}' in '{file}' has {vectors.Rows} × {vectors.Columns} values, the model's own vectors {last?.Rows ?? 0} × {last?.Columns ?? 0}; {Folder.Again}");
            }

            epochs.Add(new EpochVectors(epoch, vectors));
        }

        return [.. epochs.OrderBy(e => e.Epoch)];
    }

    [GeneratedRegex(@"^(train/)?[a-z][A-Za-z0-9_%-]*(\.lines)?\.(npy|txt|json|safetensors)\z")]
    private static partial Regex FileName();
}
