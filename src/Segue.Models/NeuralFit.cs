using Segue.Core;
using Segue.Core.Contracts;
using Segue.Neural.Optimizers;
using Segue.Neural.Training;

namespace Segue.Models;

/// <summary>Runs the training loop for a model: the context's seed, threads, progress and hooks in, errors of models out.</summary>
internal static class NeuralFit
{
    /// <summary>Trains; see <see cref="TrainingLoop.Run"/>.</summary>
    /// <param name="model">Name of the model, for messages and generators.</param>
    /// <param name="context">Of the fit.</param>
    /// <param name="examples">Number of examples.</param>
    /// <param name="optimizer">Holds the parameters.</param>
    /// <param name="settings">Epochs, batch size and what else the model sets; generator, threads and hooks are set here.</param>
    /// <param name="step">Adds the losses of a batch.</param>
    /// <param name="snapshot">The recommender as it is now.</param>
    /// <exception cref="ModelFitException">A loss is not finite or a checkpoint does not fit.</exception>
    public static void Run(
        string model, FitContext context, int examples, Optimizer optimizer, TrainingSettings settings, Action<TrainingStep> step,
        Func<IRecommender> snapshot)
    {
        context.Report("epoch", 0, settings.Epochs);
        try
        {
            TrainingLoop.Run(
                examples,
                optimizer,
                settings with
                {
                    CreateRng = name => context.CreateRng($"{model}/{name}"),
                    Threads = context.Threads,
                    Cancellation = context.Cancellation,
                    OnProgress = (done, total, note) => context.Report("step", done, total, note),
                    OnEpoch = (epoch, losses) =>
                    {
                        foreach ((string name, double value) in losses)
                        {
                            context.OnLoss?.Invoke(epoch, name, value);
                        }

                        return context.OnEpoch?.Invoke(epoch, snapshot()) != false;
                    },
                },
                step);
        }
        catch (TrainingException e)
        {
            throw new ModelFitException($"model '{model}': {e.Message}", e);
        }
    }
}
