namespace Segue.Testing;

/// <summary>Progress as a plain call on the reporting thread, for tests that act on it, for example by cancelling.</summary>
/// <param name="report">Called with every report.</param>
public sealed class CallbackProgress<T>(Action<T> report) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => report(value);
}
