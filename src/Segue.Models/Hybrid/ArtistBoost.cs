using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.Hybrid;

/// <summary>Options of <see cref="ArtistBoost"/>.</summary>
public sealed record ArtistBoostOptions : ModelOptions
{
    /// <summary>The model of songs and of artists: a name, or <c>NAME:key=value;key=value</c>.</summary>
    [Description("the model that ranks songs and artists, with its options after a colon and semicolons between them: ipf:period=7d;user_share=0.3")]
    public string Model { get; init; } = "item-knn";

    /// <summary>Power of the artist's part; 0 leaves the songs as they are.</summary>
    [Range(0.0, 10.0)]
    [Description("power of the artist's part; 0 leaves the order of the songs as it is")]
    public double ArtistPower { get; init; } = 1;

    /// <inheritdoc/>
    protected override void CheckWhole(string owner) => Inner(owner);

    /// <summary>Makes the model inside.</summary>
    /// <param name="owner">For messages, for example <c>model 'artist-boost'</c>.</param>
    /// <exception cref="OptionException">It cannot be made.</exception>
    internal IModel Inner(string owner)
    {
        string place = $"option 'model' of {owner} is '{Model}'";
        IModel model = InnerModel.Create(Model, place);
        return model is ArtistBoost ? throw new OptionException($"{place}: artists have no artists; name another model") : model;
    }
}

/// <summary>Any model, weighted by artists: the same model is trained on songs and on artists, and both distributions are multiplied.</summary>
/// <remarks>
/// <para>
/// score(i) ∝ r_songs(i) · r_artists(artist of i)^power, added up to 1. r are the model's scores divided by their sum; where some are below 0, as of a factorization or a
/// logarithm, all are first raised by as much as the lowest lacks. An item whose artist is unknown gets the mean of r_artists, one whose artist has no score
/// gets 0, and where no artist has one the songs' distribution stays as it is. Items the model does not score stay NaN.
/// </para>
/// <para>
/// A model of its own rather than a step after ranking, because its second half must be trained and kept: so it works wherever models do, in comparisons, artifacts and
/// recommendations; it tells of moments, gives reasons and observes other edges where the model inside does. Artists have no features, tags or artists of their own: a model that needs them is refused. The hook after epochs is not called, as there is no half-trained whole. Twice the cost of the model. Source: seed 000, section IX.
/// </para>
/// </remarks>
public sealed class ArtistBoost(ArtistBoostOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'artist-boost'");
        IModel inner = options.Inner("model 'artist-boost'");
        Dataset artists = ByArtist(train);
        context = context with { OnEpoch = null };
        IRecommender songs = inner.Fit(train, context);
        try
        {
            return new ArtistBoostParts(songs, inner.Fit(artists, context with { OnLoss = null, Message = null }), train, options.ArtistPower).Combine();
        }
        catch (DatasetException e)
        {
            throw new DatasetException(
                $"model 'artist-boost': '{options.Model}' cannot be trained on artists, which have plays and no features, tags or artists of their own; name another model or other options of it ({e.Message})", e);
        }
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        IModel inner = options.Inner("model 'artist-boost'");
        return new ArtistBoostParts(
            inner.Load(artifact.Under("songs."), train), inner.Load(artifact.Under("artists."), ByArtist(train)), train, options.ArtistPower).Combine();
    }

    /// <summary>The same interactions with artists for items; those of unknown artists are left out.</summary>
    internal static Dataset ByArtist(Dataset train)
    {
        ReadOnlyMemory<int> artist = train.Catalog.ItemArtist;
        if (artist.IsEmpty)
        {
            throw new DatasetException(
                $"model 'artist-boost' needs artists and dataset '{train.Name}' names none; import the data with artists or use the model inside alone");
        }

        train.CheckIndices();
        int[] rows = [.. Enumerable.Range(0, train.Count).Where(n => artist.Span[train.ItemIndex.Span[n]] >= 0)];
        Dataset known = train.Select(rows);
        return known with
        {
            Name = $"{train.Name} by artist",
            Level = "artist",
            Items = new Vocabulary(Enumerable.Range(0, train.Catalog.Artists.Count).Select(a => FormattableString.Invariant($"artist-{a}"))),
            ItemIndex = Array.ConvertAll(known.ItemIndex.ToArray(), item => artist.Span[item]),
            Catalog = new Catalog { Names = train.Catalog.Artists },
            Tags = TagAssignments.Empty,
        };
    }
}

/// <summary>What an <see cref="ArtistBoostRecommender"/> is made of.</summary>
internal sealed record ArtistBoostParts(IRecommender Songs, IRecommender Artists, Dataset Train, double Power)
{
    /// <summary>A recommender that can do what the model of songs can, and no more.</summary>
    public IRecommender Combine() => (Songs is ITimeAware, Songs is IExplains, Songs is IObserves) switch
    {
        (false, false, false) => new ArtistBoostRecommender(this),
        (false, false, true) => new ArtistBoostO(this),
        (false, true, false) => new ArtistBoostE(this),
        (false, true, true) => new ArtistBoostEO(this),
        (true, false, false) => new ArtistBoostT(this),
        (true, false, true) => new ArtistBoostTO(this),
        (true, true, false) => new ArtistBoostTE(this),
        (true, true, true) => new ArtistBoostTEO(this),
    };
}

internal class ArtistBoostRecommender(ArtistBoostParts parts) : ILearnsListeners
{
    private readonly IRecommender _songs = parts.Songs, _artists = parts.Artists;
    private readonly double _power = parts.Power;
    private readonly ReadOnlyMemory<int> _artistOf = parts.Train.Catalog.ItemArtist;

    public Vocabulary Items => _songs.Items;

    public bool LearnsListeners => _songs is ILearnsListeners { LearnsListeners: true };

    /// <summary>Of <see cref="ITimeAware"/>.</summary>
    public long LatestTime => ((ITimeAware)_songs).LatestTime;

    /// <summary>Of <see cref="ITimeAware"/>.</summary>
    public bool AsksWhen(Query query) =>
        (_songs is ITimeAware timed && timed.AsksWhen(query)) || (_power != 0 && _artists is ITimeAware ofArtists && ofArtists.AsksWhen(ToArtists(query)));

    public void Score(Query query, Span<float> scores)
    {
        _songs.Score(query, scores);
        var ofArtist = new float[_artists.Items.Count];
        _artists.Score(ToArtists(query), ofArtist);
        double[] song = Distribution(scores), artist = Distribution(ofArtist);
        bool isAnyKnown = Array.Exists(artist, a => a > 0);
        double sum = 0;
        for (int i = 0; i < song.Length; i++)
        {
            int a = _artistOf.Span[i];
            double factor = !isAnyKnown || _power == 0 ? 1 : Math.Pow(a < 0 ? 1.0 / artist.Length : double.IsNaN(artist[a]) ? 0 : artist[a], _power);
            song[i] *= factor;
            sum += double.IsNaN(song[i]) ? 0 : song[i];
        }

        for (int i = 0; i < song.Length; i++)
        {
            scores[i] = (float)(sum > 0 ? song[i] / sum : song[i]);
        }
    }

    /// <summary>Of <see cref="IExplains"/>: what the model of songs says. The artist moves an item as a whole, not one of its reasons.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count) => ((IExplains)_songs).Explain(query, itemIndex, count);

    /// <summary>Of <see cref="IObserves"/>: both models observe.</summary>
    public IRecommender Observe(Dataset known, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        SameNodes.Check(parts.Train, known);
        return (parts with
        {
            Songs = ((IObserves)_songs).Observe(known, context),
            Artists = ((IObserves)_artists).Observe(ArtistBoost.ByArtist(known), context),
        }).Combine();
    }

    public void Save(ArtifactWriter artifact)
    {
        _songs.Save(artifact.Under("songs."));
        _artists.Save(artifact.Under("artists."));
    }

    private Query ToArtists(Query query)
    {
        if (!query.IsFoldIn)
        {
            return query;
        }

        int[] known = [.. Enumerable.Range(0, query.History.Length).Where(n => _artistOf.Span[query.History.Span[n]] >= 0)];
        return new Query
        {
            History = Array.ConvertAll(known, n => _artistOf.Span[query.History.Span[n]]),
            HistoryWeight = query.HistoryWeight.IsEmpty ? default : Array.ConvertAll(known, n => query.HistoryWeight.Span[n]),
            HistoryTime = query.HistoryTime.IsEmpty ? default : Array.ConvertAll(known, n => query.HistoryTime.Span[n]),
            Moment = query.Moment,
        };
    }

    /// <summary>Scores as shares of their sum; NaN stays.</summary>
    private static double[] Distribution(ReadOnlySpan<float> scores)
    {
        double lowest = 0, sum = 0;
        foreach (float score in scores)
        {
            lowest = float.IsNaN(score) ? lowest : Math.Min(lowest, score);
        }

        var shares = new double[scores.Length];
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = scores[i] - lowest;
            sum += double.IsNaN(shares[i]) ? 0 : shares[i];
        }

        for (int i = 0; i < shares.Length && sum > 0; i++)
        {
            shares[i] /= sum;
        }

        return shares;
    }
}

// T: asks when, E: explains, O: observes. The base has what they need; only those that the model of songs can do are offered.
internal sealed class ArtistBoostO(ArtistBoostParts parts) : ArtistBoostRecommender(parts), IObserves;

internal sealed class ArtistBoostE(ArtistBoostParts parts) : ArtistBoostRecommender(parts), IExplains;

internal sealed class ArtistBoostEO(ArtistBoostParts parts) : ArtistBoostRecommender(parts), IExplains, IObserves;

internal sealed class ArtistBoostT(ArtistBoostParts parts) : ArtistBoostRecommender(parts), ITimeAware;

internal sealed class ArtistBoostTO(ArtistBoostParts parts) : ArtistBoostRecommender(parts), ITimeAware, IObserves;

internal sealed class ArtistBoostTE(ArtistBoostParts parts) : ArtistBoostRecommender(parts), ITimeAware, IExplains;

internal sealed class ArtistBoostTEO(ArtistBoostParts parts) : ArtistBoostRecommender(parts), ITimeAware, IExplains, IObserves;
