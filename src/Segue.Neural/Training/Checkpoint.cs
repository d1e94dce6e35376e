namespace Segue.Neural.Training;

/// <summary>Where a run stands after an epoch: everything needed to go on as if it had never stopped.</summary>
/// <param name="Epoch">Finished epochs.</param>
/// <param name="Steps">Steps of the optimizer.</param>
/// <param name="LearningRate">Step size of the next epoch.</param>
/// <param name="IsStopped">True where <see cref="TrainingSettings.OnEpoch"/> ended the run: there is no next epoch.</param>
/// <param name="Arrays">Parameters and state of the optimizer, by name.</param>
public sealed record Checkpoint(
    int Epoch, long Steps, double LearningRate, bool IsStopped, IReadOnlyDictionary<string, CheckpointArray> Arrays);

/// <summary>A matrix of a checkpoint.</summary>
/// <param name="Rows">Rows; 1 for the state of an optimizer.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Values">Rows × columns values, row after row.</param>
public sealed record CheckpointArray(int Rows, int Columns, float[] Values);

/// <summary>Keeps the latest checkpoint of one run.</summary>
public interface ICheckpointStore
{
    /// <summary>The latest checkpoint of this run, or null.</summary>
    Checkpoint? Read();

    /// <summary>Replaces the checkpoint; an older one stays until the new one is complete.</summary>
    void Write(Checkpoint checkpoint);
}
