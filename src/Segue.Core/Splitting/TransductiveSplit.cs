using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics.Sampling;

namespace Segue.Core.Splitting;

/// <summary>Options of <see cref="TransductiveSplit"/>.</summary>
public sealed record TransductiveSplitOptions : SplitOptions
{
    /// <summary>Share of train; the three shares are scaled to add up to 1.</summary>
    [Range(0.0, 1e6)]
    [Description("share of train; the three shares are scaled to add up to 1")]
    public double Train { get; init; } = 0.7;

    /// <summary>Share of validation.</summary>
    [Range(0.0, 1e6)]
    [Description("share of validation; 0 for none")]
    public double Validation { get; init; } = 0.15;

    /// <summary>Share of test.</summary>
    [Range(0.0, 1e6)]
    [Description("share of test")]
    public double Test { get; init; } = 0.15;

    /// <summary>Share of train edges that are predicted in training; the others carry messages.</summary>
    [Range(0.0, 1.0)]
    [Description("share of train edges that are predicted in training; the others carry messages")]
    public double Supervision { get; init; } = 0.3;
}

/// <summary>
/// Edges of one graph cut at random; every user and item stays in the graph, and each stage sees all edges of the stages before.
/// </summary>
/// <remarks>
/// <code>
///            a b c d e f g h i j      M train message   S train supervision   V validation   ? test
///   user 1   M M V S M M ? M S M
///   user 2   M S M ? M V M M S M
///
///   stage        sees (messages)   must predict
///   train        M                 S
///   validation   M S               V
///   test         M S V             ?              more than the model trained on: graph models pass messages over all of it, others fold in
/// </code>
/// An edge is a distinct (user, item) pair with all its interactions. <see cref="Split.Train"/> is M and S together, for models
/// that know no messages; <see cref="Split.Message"/> and <see cref="Split.Supervision"/> are M and S. The cut into train,
/// validation and test is that of <see cref="RandomSplit"/>; round(train edges · supervision) train edges are supervision. The
/// source of the protocol gives 70/15/15 and the rules of sight, but not the share of supervision edges; 0.3 is usual.
/// </remarks>
public sealed class TransductiveSplit(TransductiveSplitOptions options) : ISplitter
{
    private const string Name = "transductive";

    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        OptionsText.Validate(options, $"split '{Name}'");
        (double validation, double test) = SplitParts.Shares(Name, options.Train, options.Validation, options.Test);
        PairTable pairs = PairTable.Of(dataset);
        var part = new Part[pairs.Count];
        RandomSplit.Assign(part, new Rng(seed, "split/transductive/parts"), validation, test);
        Supervise(part, new Rng(seed, "split/transductive/supervision"));

        const string Remedy = "raise its share or use more data";
        var parts = new SplitParts(dataset, Name, pairs.ToRows(part));
        Dataset train = parts.NotEmpty(Part.Train | Part.Supervision, "train", Remedy);
        return new Split
        {
            Name = Name,
            Options = options,
            Seed = seed,
            Train = train,
            Message = parts.NotEmpty(Part.Train, "train message edges", "lower supervision or use more data"),
            Supervision = parts.NotEmpty(Part.Supervision, "train supervision edges", "raise supervision or use more data"),
            Validation = validation > 0
                ? new EvaluationSet { Known = train, Relevant = parts.NotEmpty(Part.Validation, "validation", Remedy) }
                : null,
            Test = new EvaluationSet
            {
                Known = validation > 0 ? parts.Of(Part.Train | Part.Supervision | Part.Validation) : train,
                Relevant = parts.NotEmpty(Part.Test, "test", Remedy),
                IsFoldIn = validation > 0,
                IsTransductive = true,
            },
        };
    }

    private void Supervise(Span<Part> part, Rng rng)
    {
        var train = new List<int>(part.Length);
        for (int p = 0; p < part.Length; p++)
        {
            if (part[p] == Part.Train)
            {
                train.Add(p);
            }
        }

        int[] order = SplitParts.Shuffled(train.Count, rng);
        int count = SplitParts.Round(train.Count * options.Supervision);
        for (int i = 0; i < count; i++)
        {
            part[train[order[i]]] = Part.Supervision;
        }
    }
}
