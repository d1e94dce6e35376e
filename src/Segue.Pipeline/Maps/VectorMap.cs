using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Numerics.Sampling;

namespace Segue.Pipeline.Maps;

/// <summary>Names given to points: one index a point, −1 for none.</summary>
/// <param name="Names">The names.</param>
/// <param name="Of">Index in <paramref name="Names"/> by point, −1 where unknown.</param>
public sealed record MapNames(IReadOnlyList<string> Names, IReadOnlyList<int> Of);

/// <summary>The points as they lay during training.</summary>
/// <param name="Epoch">After this epoch.</param>
/// <param name="Places">Points × dimensions, comparable with those of the trained model.</param>
public sealed record MapFrame(int Epoch, DenseMatrix Places);

/// <summary>How far the directions of a map follow popularity.</summary>
/// <param name="Correlations">Pearson correlation of every coordinate with ln interactions; 0 for one that does not vary.</param>
/// <param name="Share">Share of the variance of ln interactions that the coordinates tell together: Σ r², for they are not correlated with one another.</param>
public sealed record MapPopularity(IReadOnlyList<double> Correlations, double Share);

/// <summary>The items or users of a trained model as points in two or three dimensions, with all that a page needs to show them.</summary>
public sealed record VectorMap
{
    private const int TrustNeighbors = 15, TrustSample = 2000;

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>The model's options that differ from their defaults, as text.</summary>
    public required string ModelOptions { get; init; }

    /// <summary>Name of the data it was trained on.</summary>
    public required string Dataset { get; init; }

    /// <summary>What an item is: <c>track</c>, <c>artist</c> or <c>album</c>.</summary>
    public required string Level { get; init; }

    /// <summary>How the map was made; <see cref="MapOptions.Color"/> is settled.</summary>
    public required MapOptions Options { get; init; }

    /// <summary>Seed of everything random.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Length of the model's vectors.</summary>
    public required int VectorSize { get; init; }

    /// <summary>How many points there were to show before <see cref="MapOptions.Limit"/>.</summary>
    public required int Available { get; init; }

    /// <summary>Points left out because the model has no vector for them (a coordinate that is not finite, or all are 0).</summary>
    public required int WithoutVector { get; init; }

    /// <summary>Index of every point among the items or users of the training data.</summary>
    public required IReadOnlyList<int> Index { get; init; }

    /// <summary>Places, points × dimensions.</summary>
    public required DenseMatrix Places { get; init; }

    /// <summary>
    /// The same points after the epochs that were kept in training, earliest first; empty where none were, and for users. PCA shows them along
    /// the directions of the trained model; UMAP starts from the places of the epoch after.
    /// </summary>
    public required IReadOnlyList<MapFrame> Frames { get; init; }

    /// <summary>Share of the variance that each dimension shows; empty where the method has no such thing.</summary>
    public required IReadOnlyList<double> VarianceShares { get; init; }

    /// <summary>How far the principal components follow popularity; null for other methods, and where all points have as many interactions.</summary>
    public required MapPopularity? Popularity { get; init; }

    /// <summary>
    /// <see cref="Segue.Numerics.Reduction.Trustworthiness"/> of the places for 15 neighbours, over 2,000 points at most; null where there are 30 points or fewer.
    /// </summary>
    public required double? Trustworthiness { get; init; }

    /// <summary>Name of every point: an item's title; of a user the profile column <c>name</c>, or the id.</summary>
    public required IReadOnlyList<string> Titles { get; init; }

    /// <summary>Artist of every point, or null where none is known or items are artists.</summary>
    public required MapNames? Artists { get; init; }

    /// <summary>Most frequent tag of every point, or null where there are no tags.</summary>
    public required MapNames? Genres { get; init; }

    /// <summary>Number of interactions of every point.</summary>
    public required IReadOnlyList<int> Interactions { get; init; }

    /// <summary>K-means group of every point.</summary>
    public required IReadOnlyList<int> Clusters { get; init; }

    /// <summary>What is typical of every group, for example two tags or artists.</summary>
    public required IReadOnlyList<string> ClusterNames { get; init; }

    /// <summary>Artists asked to be marked.</summary>
    public required IReadOnlyList<string> Highlight { get; init; }

    /// <summary>By point, a bit for every artist of <see cref="Highlight"/> that it is by, or that a user has heard.</summary>
    public required IReadOnlyList<int> Highlighted { get; init; }

    /// <summary>Makes a map of a trained model.</summary>
    /// <param name="model">A model whose scores are dot products.</param>
    /// <param name="options">What to show.</param>
    /// <param name="highlight">Names of at most two artists to mark, any case.</param>
    /// <param name="context">Seed, threads, progress and cancellation.</param>
    /// <exception cref="SegueException">The model has no vectors, the data lacks what a colour needs, an artist is unknown, or there are under three points.</exception>
    public static VectorMap Of(TrainedModel model, MapOptions options, IReadOnlyList<string> highlight, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(highlight);
        ArgumentNullException.ThrowIfNull(context);
        OptionsText.Validate(options, "map");
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        Dataset train = model.Train;
        if (model.Recommender is not IVectorRecommender recommender)
        {
            string how = ModelCatalog.WithVectors.Contains(model.Model) ? $" as it was trained, with {OptionsText.ChangedText(model.Options)}" : string.Empty;
            throw new SegueException($"model '{model.Model}' has no vectors to draw{how}; models that have: {string.Join(", ", ModelCatalog.WithVectors)}");
        }

        train.CheckIndices();
        bool users = options.Points == MapPoints.Users;
        string[] artistOfItem = [.. Enumerable.Range(0, train.Items.Count).Select(i => train.Level == "artist" ? train.DisplayName(i) : train.Catalog.ArtistOf(i))];
        bool hasArtists = artistOfItem.Any(a => a.Length > 0);
        bool hasTags = train.Tags.Count > 0;
        MapColor color = Settle(options, train, hasTags, hasArtists, users);
        string[] wanted = [.. highlight.Select(name => FindArtist(name, artistOfItem))];
        if (wanted.Length > 2)
        {
            throw new OptionException($"--highlight names {wanted.Length} artists; give one or two");
        }

        int[] count = Count(train, users);
        DenseMatrix all = Vectors(recommender, train, users, context);
        (int[] index, int withoutVector) = Choose(all, count, options, context);
        if (index.Length < 3)
        {
            throw new SegueException($"the model has vectors for {index.Length} {(users ? "users" : "items")}; a map needs at least 3");
        }

        DenseMatrix vectors = Rows(all, index, options.Metric);
        (DenseMatrix places, double[] shares, PrincipalComponents? components) = Place(vectors, options, context);
        MapFrame[] frames = users ? [] : PlaceEpochs(model.Epochs, index, places, components, options, context);
        int[] clusters = KMeans.Assign(vectors, Math.Min(options.Clusters, index.Length), context.CreateRng("map/clusters"), context.Threads);
        double? trust = 2 * TrustNeighbors >= index.Length ? null
            : Numerics.Reduction.Trustworthiness.Of(vectors, places, TrustNeighbors, TrustSample, context.CreateRng("map/trustworthiness"), context.Threads);
        MapNames? genres = hasTags ? CommonestTags(train) : null;
        MapNames? artists = hasArtists && (users || train.Level != "artist") ? Named(artistOfItem) : null;
        artists = artists is null ? null : Take(users ? MostFrequent(train, artists) : artists, index);
        genres = genres is null ? null : Take(users ? MostFrequent(train, genres) : genres, index);
        string[] titles = [.. index.Select(i => users ? UserName(train, i) : Title(train, i))];
        int[] interactions = [.. index.Select(i => count[i])];
        return new VectorMap
        {
            Model = model.Model,
            ModelOptions = OptionsText.ChangedText(model.Options),
            Dataset = train.Name,
            Level = train.Level,
            Options = options with { Color = color },
            Seed = context.Seed,
            VectorSize = all.Columns,
            Available = all.Rows,
            WithoutVector = withoutVector,
            Index = index,
            Places = places,
            Frames = frames,
            VarianceShares = shares,
            Popularity = options.Method == MapMethod.Pca ? PopularityOf(places, [.. index.Select(i => count[i])]) : null,
            Trustworthiness = trust,
            Titles = titles,
            Artists = artists,
            Genres = genres,
            Interactions = interactions,
            Clusters = clusters,
            ClusterNames = Maps.ClusterNames.Of(clusters, clusters.Max() + 1, interactions, genres ?? artists, titles),
            Highlight = wanted,
            Highlighted = Highlights(train, artistOfItem, wanted, index, users),
        };
    }

    private static MapColor Settle(MapOptions options, Dataset train, bool hasTags, bool hasArtists, bool users) => options.Color switch
    {
        MapColor.Auto => hasTags ? MapColor.Genre : MapColor.Cluster,
        MapColor.Genre when !hasTags => throw new DatasetException(
            $"'{train.Name}' has no tags, so there is no genre to colour by; use --color artist, popularity or cluster, or import data with tags (hetrec-lastfm)"),
        MapColor.Artist when !hasArtists => throw new DatasetException(
            $"'{train.Name}' has no artists to colour by; use --color popularity or cluster, or import with an artist column"),
        MapColor.Artist when train.Level == "artist" && !users => throw new OptionException(
            "every item is an artist of its own here; use --color genre, popularity or cluster, or mark some with --highlight"),
        _ => options.Color,
    };

    private static string FindArtist(string name, string[] artistOfItem)
    {
        string? found = artistOfItem.FirstOrDefault(a => string.Equals(a, name, StringComparison.OrdinalIgnoreCase) && a.Length > 0);
        if (found is null)
        {
            IReadOnlyList<string> near = NearMatches.Find(name, artistOfItem.Where(a => a.Length > 0).Distinct());
            string hint = near.Count == 0 ? string.Empty : $"; did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?";
            throw new OptionException($"no item of the training data is by the artist '{name}'{hint}");
        }

        return found;
    }

    private static int[] Count(Dataset train, bool users)
    {
        var count = new int[users ? train.Users.Count : train.Items.Count];
        foreach (int i in users ? train.UserIndex.Span : train.ItemIndex.Span)
        {
            count[i]++;
        }

        return count;
    }

    private static DenseMatrix Vectors(IVectorRecommender recommender, Dataset train, bool users, FitContext context)
    {
        if (!users)
        {
            return recommender.ItemVectors;
        }

        var vectors = new DenseMatrix(train.Users.Count, recommender.ItemVectors.Columns);
        for (int u = 0; u < vectors.Rows; u++)
        {
            CancellationScope.Check();
            if (!recommender.TryGetUserVector(Query.ForUser(u), vectors.Row(u)))
            {
                vectors.Row(u).Fill(float.NaN);
            }
        }

        return vectors;
    }

    private static (int[] Index, int WithoutVector) Choose(DenseMatrix vectors, int[] count, MapOptions options, FitContext context)
    {
        int[] known = [.. Enumerable.Range(0, vectors.Rows).Where(i =>
        {
            float norm = TensorPrimitives.Norm<float>(vectors.Row(i));
            return float.IsFinite(norm) && norm > 0;
        })];
        if (options.Pick == MapPick.Random)
        {
            // An item's place among the drawn does not depend on how many are wanted: a larger map holds the smaller one.
            Rng rng = context.CreateRng("map/pick");
            double[] draw = [.. known.Select(_ => rng.NextDouble())];
            int[] drawn = (int[])known.Clone();
            Array.Sort(draw, drawn);
            return ([.. drawn.Take(options.Limit).Order()], vectors.Rows - known.Length);
        }

        int[] index = [.. known.OrderByDescending(i => count[i]).ThenBy(i => i).Take(options.Limit).Order()];
        return (index, vectors.Rows - known.Length);
    }

    private static DenseMatrix Rows(DenseMatrix all, int[] index, MapMetric metric)
    {
        var rows = new DenseMatrix(index.Length, all.Columns);
        for (int p = 0; p < index.Length; p++)
        {
            Span<float> source = all.Row(index[p]);
            float norm = TensorPrimitives.Norm<float>(source), scale = metric == MapMetric.Cosine && norm > 0 ? 1 / norm : 1;
            TensorPrimitives.Multiply(source, scale, rows.Row(p));
        }

        return rows;
    }

    private static (DenseMatrix Places, double[] Shares, PrincipalComponents? Components) Place(DenseMatrix vectors, MapOptions options, FitContext context)
    {
        if (options.Method == MapMethod.Umap)
        {
            return (PlaceByUmap(vectors, options, options.Epochs, null, "umap", context), [], null);
        }

        PrincipalComponents components = PrincipalComponents.Of(vectors, options.Dimensions, context.Threads);
        double total = components.TotalVariance;
        return (components.Project(vectors, context.Threads), [.. components.Variance.Select(v => total > 0 ? v / total : 0)], components);
    }

    /// <summary>Two passes in double: coordinates of principal components have mean 0 but for rounding.</summary>
    internal static MapPopularity? PopularityOf(DenseMatrix places, int[] interactions)
    {
        // Every point has an interaction: without one a model has no vector for it, or a vector of nothing that was heard; ln 1 for those that have one all the same.
        double[] plays = [.. interactions.Select(c => Math.Log(Math.Max(1, c)))];
        double mean = plays.Average(), variance = plays.Sum(p => (p - mean) * (p - mean));
        if (!(variance > 0))
        {
            return null;
        }

        double[] correlations = [.. Enumerable.Range(0, places.Columns).Select(d =>
        {
            double[] x = [.. Enumerable.Range(0, places.Rows).Select(i => (double)places.Row(i)[d])];
            double middle = x.Average(), xx = x.Sum(v => (v - middle) * (v - middle)), xy = x.Zip(plays).Sum(p => (p.First - middle) * (p.Second - mean));
            return xx > 0 ? Math.Clamp(xy / Math.Sqrt(xx * variance), -1, 1) : 0;
        })];
        return new MapPopularity(correlations, Math.Min(1, correlations.Sum(r => r * r)));
    }

    private static DenseMatrix PlaceByUmap(DenseMatrix vectors, MapOptions options, int epochs, DenseMatrix? first, string stage, FitContext context)
    {
        var settings = new UmapSettings
        {
            Dimensions = options.Dimensions,
            Neighbors = options.Neighbors,
            MinimumDistance = options.MinimumDistance,
            Epochs = epochs,
        };
        return Umap.Place(
            vectors, settings, context.CreateRng($"map/{stage}"), context.Threads, (done, all) => context.Report(stage, done, all), first, context.Cancellation);
    }

    // From the last to the first: each map starts where the one after it ended, so that points move no farther than they must.
    private static MapFrame[] PlaceEpochs(
        IReadOnlyList<EpochVectors> epochs, int[] index, DenseMatrix places, PrincipalComponents? components, MapOptions options, FitContext context)
    {
        var frames = new MapFrame[epochs.Count];
        for (int e = epochs.Count - 1; e >= 0; e--)
        {
            DenseMatrix vectors = Rows(epochs[e].ItemVectors, index, options.Metric);
            places = components?.Project(vectors, context.Threads)
                ?? PlaceByUmap(vectors, options, Math.Max(50, options.Epochs / 4), places, $"epoch {epochs[e].Epoch}", context);
            frames[e] = new MapFrame(epochs[e].Epoch, places);
        }

        return frames;
    }

    // Playlists have names, in a profile column.
    private static string UserName(Dataset train, int user) =>
        train.Profile.TryGetValue("name", out StringTable? names) && names[user].Length > 0 ? names[user] : train.Users[user];

    private static string Title(Dataset train, int item)
    {
        string title = train.Catalog.Names.Count == 0 ? string.Empty : train.Catalog.Names[item];
        return title.Length > 0 ? title : train.DisplayName(item);
    }

    // The tag given to an item most often; of equals, the one given most often to all, then the first.
    private static MapNames CommonestTags(Dataset train)
    {
        ReadOnlySpan<int> items = train.Tags.ItemIndex.Span, tags = train.Tags.TagIndex.Span;
        var given = new Dictionary<(int Item, int Tag), int>();
        var total = new int[train.Tags.Names.Count];
        for (int n = 0; n < tags.Length; n++)
        {
            CancellationScope.CheckAt(n);
            given[(items[n], tags[n])] = given.GetValueOrDefault((items[n], tags[n])) + 1;
            total[tags[n]]++;
        }

        var best = new int[train.Items.Count];
        Array.Fill(best, -1);
        foreach (((int item, int tag), int times) in given)
        {
            int held = best[item];
            if (held < 0 || (times, total[tag], -tag).CompareTo((given[(item, held)], total[held], -held)) > 0)
            {
                best[item] = tag;
            }
        }

        return new MapNames([.. train.Tags.Names.AsEnumerable()], best);
    }

    private static MapNames Named(string[] names)
    {
        var table = new Dictionary<string, int>();
        int[] of = [.. names.Select(n => n.Length == 0 ? -1 : table.TryGetValue(n, out int known) ? known : table[n] = table.Count)];
        return new MapNames([.. table.Keys], of);
    }

    // Of every user, the name that most of the interactions carry; of equals, the one met first.
    private static MapNames MostFrequent(Dataset train, MapNames items)
    {
        int[] start = train.UserStart();
        var of = new int[train.Users.Count];
        var times = new Dictionary<int, int>();
        for (int u = 0; u < of.Length; u++)
        {
            CancellationScope.CheckAt(u);
            times.Clear();
            of[u] = -1;
            foreach (int item in train.ItemIndex.Span[start[u]..start[u + 1]])
            {
                int name = items.Of[item];
                if (name >= 0)
                {
                    times[name] = times.GetValueOrDefault(name) + 1;
                    of[u] = of[u] < 0 || times[name] > times[of[u]] ? name : of[u];
                }
            }
        }

        return items with { Of = of };
    }

    // Only the names in use, numbered by how many points carry them.
    private static MapNames Take(MapNames names, int[] index)
    {
        int[] old = [.. index.Select(i => names.Of[i])];
        int[] used = [.. old.Where(n => n >= 0).GroupBy(n => n).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Select(g => g.Key)];
        var place = new Dictionary<int, int>();
        foreach (int name in used)
        {
            place[name] = place.Count;
        }

        return new MapNames([.. used.Select(n => Nfc.Of(names.Names[n]))], [.. old.Select(n => n < 0 ? -1 : place[n])]);
    }

    private static int[] Highlights(Dataset train, string[] artistOfItem, string[] wanted, int[] index, bool users)
    {
        int[] bits = [.. artistOfItem.Select(a => wanted.Select((w, n) => string.Equals(a, w, StringComparison.Ordinal) ? 1 << n : 0).Sum())];
        if (!users)
        {
            return [.. index.Select(i => bits[i])];
        }

        int[] ofUser = new int[train.Users.Count];
        for (int n = 0; n < train.Count; n++)
        {
            ofUser[train.UserIndex.Span[n]] |= bits[train.ItemIndex.Span[n]];
        }

        return [.. index.Select(u => ofUser[u])];
    }
}
