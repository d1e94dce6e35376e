using System.Globalization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Neural.Autodiff;
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
    /// <exception cref="ModelFitException">A loss is not finite, a checkpoint does not fit, or a step is larger than the machine.</exception>
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

                        return context.GoesOn(epoch, snapshot);
                    },
                },
                step);
        }
        catch (TrainingException e)
        {
            throw new ModelFitException($"model '{model}': {e.Message}", e);
        }
        catch (MatrixRoomException e)
        {
            throw new ModelFitException(string.Create(
                CultureInfo.InvariantCulture,
                $"model '{model}': {e.Message}; lower batch_size below {Math.Min(settings.BatchSize, examples)} or the sizes of vectors and layers"), e);
        }
    }

    /// <summary>Makes sure, before anything is allocated, that a matrix fits one array and the machine's memory.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="option">The option to lower, as users write it.</param>
    /// <param name="value">What it is.</param>
    /// <param name="what">What the matrix holds, for example <c>hidden values</c>.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="copies">How many of them are held at once.</param>
    /// <exception cref="ModelFitException">It does not.</exception>
    public static void RequireRoom(string model, string option, int value, string what, long rows, long columns, int copies = 1)
    {
        // Rows and columns are counts of 31 bits, copies are few: nothing overflows.
        string cause = string.Create(
            CultureInfo.InvariantCulture, $"option '{option}' is {value}, which makes {rows}{(columns == 1 ? "" : $" × {columns}")} {what} on this data");
        if (rows * columns > Array.MaxLength - 16)
        {
            throw new ModelFitException($"model '{model}': {cause}; one array holds {Array.MaxLength - 16}; lower {option}");
        }

        MemoryRoom.Require($"model '{model}'", $"{cause}, which need", (double)rows * columns * sizeof(float) * copies, _ => $"lower {option}");
    }
}
