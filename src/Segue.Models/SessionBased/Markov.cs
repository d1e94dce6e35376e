using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="Markov"/>.</summary>
public sealed record MarkovOptions : ModelOptions
{
    /// <summary>Minutes of pause that end a session, where the data has times.</summary>
    [Range(0.0, 1e7)]
    [Description("minutes of pause that end a session, where the data has times")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;
}

/// <summary>A Markov chain of first order: an item scores how often it came right after the last one.</summary>
/// <remarks>
/// score(j) = |i → j| / Σ_k |i → k| over neighbouring plays of one session, i the last item of the current session; where nothing ever followed it, the
/// latest item that something followed. Everything else scores NaN. Fit O(plays log plays), score O(followers). Source: Shani, Heckerman and Brafman, JMLR
/// 2005, section 3.1, without its smoothing; the step back is ours.
/// </remarks>
public sealed class Markov(MarkovOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'markov'");
        context.Report("transitions", 0, 1);
        var sessions = SessionTable.Of(train, options.GapMinutes);
        CsrMatrix counts = PairSums.Of(train.Items.Count, sums =>
        {
            for (int s = 0; s < sessions.Count; s++)
            {
                CancellationScope.CheckAt(s);
                ReadOnlySpan<int> items = sessions.Items(s);
                for (int p = 1; p < items.Length; p++)
                {
                    sums.Add(items[p - 1], items[p], 1);
                }
            }
        }, context.Threads, remedy: "use fewer sessions");
        for (int i = 0; i < counts.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            Span<float> row = counts.Values.AsSpan(counts.RowStart[i]..counts.RowStart[i + 1]);
            double total = 0;
            foreach (float count in row)
            {
                total += count;
            }

            foreach (ref float count in row)
            {
                count = (float)(count / total);
            }
        }

        return new SessionWeightsRecommender(train.Items, sessions, counts, positionLife: 0);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return SessionWeightsRecommender.Load(artifact, train, options.GapMinutes, positionLife: 0);
    }
}
