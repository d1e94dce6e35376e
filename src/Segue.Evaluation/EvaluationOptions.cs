using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Evaluation;

/// <summary>How recommenders are judged.</summary>
public sealed record EvaluationOptions
{
    /// <summary>What is measured.</summary>
    public IReadOnlyList<MetricSpecification> Metrics { get; init; } = MetricCatalog.Default;

    /// <summary>
    /// True for repeat listening: what a listener knows is ranked too and counts where it is relevant. False (discovery): it is
    /// masked, and a relevant item that is known is no right answer.
    /// </summary>
    public bool KeepSeen { get; init; }

    /// <summary>
    /// 0 for full ranking. N &gt; 0 ranks each user's relevant items among N unseen others drawn uniformly: only to reproduce
    /// published tables, because it can reverse the order of models. For predictions: N others a relevant pair, as zeros.
    /// </summary>
    public int SampledNegatives { get; init; }

    /// <summary>
    /// 0 for none. N &gt; 0 also measures every <c>next-hr</c> and <c>next-mrr</c> of revealed sessions for the item 1, 2, … N ahead, by the same rankings
    /// (<see cref="EvaluationResult.ByOffset"/>). For <see cref="SessionEvaluator"/> only.
    /// </summary>
    public int UpToOffset { get; init; }

    /// <summary>At most this many threads; no result depends on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Seed of the sampled negatives and of the bootstrap.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Bootstrap samples behind every interval; 0 for no intervals.</summary>
    public int BootstrapSamples { get; init; } = 1000;

    /// <summary>Where <c>novelty</c> and popularity slices count listeners; null for the known part of the evaluated set. Same items as that set.</summary>
    public Dataset? Train { get; init; }

    /// <summary>Receives progress in users; must not throw.</summary>
    public IProgress<FitProgress>? Progress { get; init; }

    /// <summary>Checked between blocks of users.</summary>
    public CancellationToken Cancellation { get; init; }

    internal void Check()
    {
        if (Metrics.Count == 0)
        {
            throw new OptionException("no metric to evaluate; name at least one, for example recall@20");
        }

        if (UpToOffset < 0)
        {
            throw new OptionException($"evaluation of items up to {UpToOffset} ahead; give 0 for none, or at least 1");
        }

        if (Threads < 1 || SampledNegatives < 0 || BootstrapSamples < 0)
        {
            throw new OptionException(
                $"evaluation with {Threads} threads, {SampledNegatives} sampled negatives and {BootstrapSamples} bootstrap samples; "
                + "give at least 1 thread, and 0 or more of the others");
        }
    }
}
