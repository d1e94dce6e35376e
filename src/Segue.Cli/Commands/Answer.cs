using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Models.Baselines;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary>A list for a listener or a playlist, and who made it: the trained model, or popularity where the model has nothing to go by.</summary>
/// <param name="Recommender">Who made the list.</param>
/// <param name="Model">Its name.</param>
/// <param name="Fallback">Why it is not the trained model, or null.</param>
/// <param name="List">The list; empty where filters leave nothing.</param>
/// <param name="Tie">Places whose order means nothing, or null.</param>
internal sealed record Answer(IRecommender Recommender, string Model, string? Fallback, RankedItem[] List, ListTie? Tie)
{
    /// <summary>Asks the model, and popularity where there is nothing to ask about or the model can score nothing; says so.</summary>
    /// <param name="terminal">Where it is said.</param>
    /// <param name="model">The trained model.</param>
    /// <param name="query">Who asks.</param>
    /// <param name="nothingKnown">What to say where nothing is known of the listener, or null where something is.</param>
    /// <param name="k">Length of the list.</param>
    /// <param name="rank">Makes a list of a given length: one longer than asked for, to see whether a tie is cut.</param>
    /// <param name="scoresCompare">False where every item has a score of another question, because one follows the other.</param>
    public static Answer Of(Terminal terminal, TrainedModel model, Query query, string? nothingKnown, int k, Func<IRecommender, int, RankedItem[]> rank, bool scoresCompare = true)
    {
        // Of a listener without plays a model may know more, a profile for example; an empty history is nobody's.
        bool asksModel = nothingKnown is null || !query.IsFoldIn;
        if (query.Moment >= 0 && !(asksModel && model.Recommender is ITimeAware timed && timed.AsksWhen(query)))
        {
            terminal.Say(model.Recommender is ITimeAware && query.IsFoldIn && query.HistoryTime.Span.IndexOfAnyExcept(-1L) < 0
                ? $"model '{model.Model}' asks how long ago things were heard, and no moment of them is known: --at changes nothing"
                : $"model '{model.Model}' does not ask when: --at changes nothing");
        }

        if (asksModel)
        {
            Answer own = Make(model.Recommender, model.Model, null);
            if (own.List.Length > 0 || CanScore(model.Recommender, query))
            {
                return own;
            }
        }

        string why = nothingKnown ?? $"model '{model.Model}' can score nothing after what was heard{(query.Moment >= 0 ? " until then" : string.Empty)}";
        terminal.Say($"{why}: here is what most listeners like");
        IRecommender popularity = new Popularity(new PopularityOptions()).Fit(model.Train, new FitContext());
        return Make(popularity, "popularity", why);

        Answer Make(IRecommender recommender, string name, string? fallback)
        {
            RankedItem[] list = rank(recommender, scoresCompare && k < int.MaxValue ? k + 1 : k), shown = list[..Math.Min(k, list.Length)];
            ListTie? tie = scoresCompare ? ListTie.Of([.. shown.Select(i => i.Score)], list.Length > k ? list[k].Score : float.NaN) : null;
            return new Answer(recommender, name, fallback, shown, tie);
        }
    }

    /// <summary>Throws where a cap asks for artists and the data has none.</summary>
    /// <exception cref="OptionException">The cap is negative, or there are no artists.</exception>
    public static void CheckArtistCap(int cap, Catalog catalog)
    {
        if (cap < 0)
        {
            throw new OptionException($"--max-per-artist is {cap}; give 0 for no limit, or 1 and more");
        }

        if (cap > 0 && catalog.ItemArtist.Span.IndexOfAnyExcept(-1) < 0)
        {
            throw new OptionException($"--max-per-artist is {cap}, but the data of this model names no artists; leave --max-per-artist out");
        }
    }

    /// <summary>Prints below a list where its order means nothing.</summary>
    public void PrintTie(Terminal terminal)
    {
        if (Tie is not null)
        {
            terminal.Result.WriteLine($"Tied: {Tie.Text}.");
        }
    }

    /// <summary>Says where a list is shorter than was asked for.</summary>
    public void SayWhereShort(Terminal terminal, int asked)
    {
        if (List.Length < asked)
        {
            terminal.Say($"{List.Length} of {asked} items: no more are left, or can be scored");
        }
    }

    private static bool CanScore(IRecommender recommender, Query query)
    {
        var scores = new float[recommender.Items.Count];
        recommender.Score(query, scores);
        return Array.Exists(scores, s => !float.IsNaN(s) && !float.IsNegativeInfinity(s));
    }
}
