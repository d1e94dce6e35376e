using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="SWalk"/>.</summary>
public sealed record SWalkOptions : SessionLinearOptions
{
    /// <summary>p: probability to walk on to what follows, instead of ending among what is heard together.</summary>
    [Range(0.0, 0.99)]
    [Description("probability to walk on to what follows, instead of ending among what is heard together")]
    public double WalkOn { get; init; } = 0.5;

    /// <summary>β: share of the ends that lie among what is heard together, against the item itself.</summary>
    [Range(0.0, 1.0)]
    [Description("share of the ends that lie among what is heard together, against the item itself")]
    public double TogetherShare { get; init; } = 0.9;

    /// <summary>Least probability of being at an item from which a walk is followed further.</summary>
    [Range(1e-12, 0.1)]
    [Description("least probability of being at an item from which a walk is followed further")]
    public double WalkTolerance { get; init; } = 1e-3;
}

/// <summary>A walk over items whose steps follow one linear session model and whose ends follow another.</summary>
/// <remarks>
/// <para>
/// S = rows of max(B_SLIT, 0) divided by their sums, T = β · rows of max(B_SLIS, 0) divided by their sums + (1 − β) I, with the two halves of <see cref="Slist"/> solved alone:
/// B_SLIT for α = 0, B_SLIS for α = 1. M = (1 − p) Σ_k p^k T S^k, the limit of M ← p M S + (1 − p) T; score(j) = Σ_i e^(−plays after i / position_life) M_ij.
/// </para>
/// <para>
/// Every row of M is walked alone: from items with less than <see cref="SWalkOptions.WalkTolerance"/> the walk is not followed; only the largest entries are kept.
/// Time as <see cref="Slist"/> twice + O(items · items reached · neighbors), memory three such matrices. Items no kept entry leads to score NaN. Source: Choi
/// et al., "S-Walk: accurate and scalable session-based recommendation with random walks", WSDM 2022, eqs. 9–12.
/// </para>
/// </remarks>
public sealed class SWalk(SWalkOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 's-walk'");
        var sessions = SessionTable.Of(train, options.GapMinutes);
        int count = train.Items.Count;
        CsrMatrix steps = ToShares(new SessionLeastSquares(options, togetherShare: 0).Weights(sessions, count, context, "transitions"));
        CsrMatrix ends = ToShares(new SessionLeastSquares(options, togetherShare: 1).Weights(sessions, count, context, "ends"));
        CsrMatrix walks = SessionLeastSquares.Rows(count, options.Neighbors, context, "walks", row =>
        {
            RowScratch[] places = [new(count), new(count)];
            return i => Walk(i, steps, ends, places, row);
        });
        return new SessionWeightsRecommender(train.Items, sessions, walks, options.PositionLife);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return SessionWeightsRecommender.Load(artifact, train, options.GapMinutes, options.PositionLife);
    }

    /// <summary>Row i of M: (1 − p) Σ_k p^k T_i S^k.</summary>
    private RowScratch Walk(int i, CsrMatrix steps, CsrMatrix ends, RowScratch[] places, RowScratch row)
    {
        (RowScratch here, RowScratch next) = (places[0], places[1]);
        here.AddRow(ends, i, options.TogetherShare);

        // An item heard with nothing else has no ends among others.
        if (steps.RowLength(i) > 0 || ends.RowLength(i) > 0)
        {
            here.Add(i, 1 - options.TogetherShare);
        }

        double p = options.WalkOn;
        while (here.Touched.Count > 0)
        {
            CancellationScope.Check();
            foreach (int j in here.Touched)
            {
                double probability = here[j];
                bool goesOn = p > 0 && probability >= options.WalkTolerance && steps.RowLength(j) > 0;
                row.Add(j, (1 - p) * probability);
                if (goesOn)
                {
                    next.AddRow(steps, j, p * probability);
                }
            }

            here.Clear();
            (here, next) = (next, here);
        }

        return row;
    }

    /// <summary>Positive entries only, each row divided by its sum.</summary>
    private static CsrMatrix ToShares(CsrMatrix weights)
    {
        var rowStart = new int[weights.Rows + 1];
        var columns = new List<int>(weights.Count);
        var values = new List<float>(weights.Count);
        for (int i = 0; i < weights.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            ReadOnlySpan<float> row = weights.RowValues(i);
            double total = 0;
            foreach (float value in row)
            {
                total += Math.Max(0, value);
            }

            for (int n = 0; n < row.Length; n++)
            {
                if (row[n] > 0)
                {
                    columns.Add(weights.RowColumns(i)[n]);
                    values.Add((float)(row[n] / total));
                }
            }

            rowStart[i + 1] = columns.Count;
        }

        return new CsrMatrix(weights.Rows, weights.Columns, rowStart, [.. columns], [.. values]);
    }
}
