namespace Segue.Neural.Training;

/// <summary>Training cannot go on; the message says where and what to change.</summary>
public sealed class TrainingException(string message) : Exception(message);
