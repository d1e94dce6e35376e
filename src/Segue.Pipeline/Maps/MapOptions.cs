using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;

namespace Segue.Pipeline.Maps;

/// <summary>How many dimensions become two or three.</summary>
public enum MapMethod
{
    /// <summary>Principal components: the directions of largest variance.</summary>
    Pca,

    /// <summary>Uniform manifold approximation and projection: near points stay near.</summary>
    Umap,
}

/// <summary>What a point of a map is.</summary>
public enum MapPoints
{
    /// <summary>An item.</summary>
    Items,

    /// <summary>A listener or a playlist.</summary>
    Users,
}

/// <summary>What the points' colours mean at first.</summary>
public enum MapColor
{
    /// <summary>The genre where tags are known, else the cluster.</summary>
    Auto,

    /// <summary>The most frequent tag; of a user, that of most of the items.</summary>
    Genre,

    /// <summary>The artist; of a user, the most frequent one.</summary>
    Artist,

    /// <summary>Number of interactions, on a logarithmic scale.</summary>
    Popularity,

    /// <summary>Group found by k-means in the space of the model's vectors.</summary>
    Cluster,
}

/// <summary>Which points are shown where there are more than the limit.</summary>
public enum MapPick
{
    /// <summary>Those with most interactions.</summary>
    MostHeard,

    /// <summary>Any, each as likely: what a figure of all of them would show, popular and not.</summary>
    Random,
}

/// <summary>What is measured between vectors.</summary>
public enum MapMetric
{
    /// <summary>Angles: vectors are scaled to length 1, so that popular items, whose vectors are longer, do not lie apart.</summary>
    Cosine,

    /// <summary>Differences of the vectors as they are.</summary>
    Euclidean,
}

/// <summary>Options of <see cref="VectorMap"/>.</summary>
public sealed record MapOptions : Options
{
    /// <summary>How vectors become places.</summary>
    [Description("how vectors become places: near points stay near (umap), or the directions of largest variance (pca)")]
    public MapMethod Method { get; init; } = MapMethod.Umap;

    /// <summary>2 for a flat map, 3 for one that turns.</summary>
    [Range(2, 3)]
    [Description("2 for a flat map, 3 for one that turns")]
    public int Dimensions { get; init; } = 2;

    /// <summary>What a point is.</summary>
    [Description("what a point is: an item, or a listener or playlist")]
    public MapPoints Points { get; init; } = MapPoints.Items;

    /// <summary>What the colours mean at first; the page can change it.</summary>
    [Description("what the colours mean at first; the page can change it")]
    public MapColor Color { get; init; } = MapColor.Auto;

    /// <summary>What is measured between vectors.</summary>
    [Description("what is measured between vectors: angles (cosine) or differences (euclidean)")]
    public MapMetric Metric { get; init; } = MapMetric.Cosine;

    /// <summary>At most so many points.</summary>
    [Range(2, 100_000)]
    [Description("at most so many points")]
    public int Limit { get; init; } = 20_000;

    /// <summary>Which points, where there are more.</summary>
    [Description("which points where there are more: those with most interactions, or any, drawn by the seed")]
    public MapPick Pick { get; init; } = MapPick.MostHeard;

    /// <summary>UMAP: neighbours that make a point's surroundings.</summary>
    [Range(2, 500)]
    [Description("umap: neighbours that make a point's surroundings; few show small groups, many the whole")]
    public int Neighbors { get; init; } = 15;

    /// <summary>UMAP: how near points may lie.</summary>
    [Range(0.0, 2.9)]
    [Description("umap: how near points may lie; small packs groups tightly")]
    public double MinimumDistance { get; init; } = 0.1;

    /// <summary>UMAP: passes; 0 for 500, or 200 above 10,000 points.</summary>
    [Range(0, 100_000)]
    [Description("umap: passes over the graph of neighbours; 0 for 500, or 200 above 10,000 points")]
    public int Epochs { get; init; }

    /// <summary>Groups of k-means.</summary>
    [Range(2, 100)]
    [Description("number of groups of k-means")]
    public int Clusters { get; init; } = 12;
}
