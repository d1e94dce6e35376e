using Segue.Core.Contracts;
using Segue.Numerics.Embedding;

namespace Segue.Models.Walks;

/// <summary>Tells a fit's context of the epochs of a <see cref="SkipGram"/>, as neural models tell of theirs.</summary>
internal static class WatchedEpochs
{
    /// <summary>What looks on; null where nobody listens, so that nothing is worked out in vain.</summary>
    /// <param name="context">Its <see cref="FitContext.OnLoss"/> and <see cref="FitContext.OnEpoch"/> are called.</param>
    /// <param name="epochs">Equal parts of the sentences.</param>
    /// <param name="recommender">Made of the vectors as they are, only where the epoch is watched.</param>
    public static SkipGramWatch? Of(FitContext context, int epochs, Func<SkipGram, IRecommender> recommender) =>
        context.OnLoss is null && context.OnEpoch is null ? null : new SkipGramWatch(epochs, context.OnLoss is not null, (epoch, vectors, loss) =>
        {
            if (!double.IsNaN(loss))
            {
                context.OnLoss?.Invoke(epoch, "loss", loss);
            }

            return context.GoesOn(epoch, () => recommender(vectors));
        });
}
